import CSwiftletKernels
import SwiftletModel

/// Up to 16 neighbouring filters of a layer and the steps in which one of them has a nonzero weight: their blocks.
struct SparseGroup {
  let filters: Range<Int>
  let steps: [WindowStep]
  /// The group's first input byte within a pixel.
  let inputOffset: Int
}

/// The nonzero blocks of a layer, and their share of all its blocks.
struct SparseBlocks {
  let groups: [SparseGroup]
  let share: Double
}

extension ProgramBuilder {
  /// Output channels of one block.
  private static var blockWidth: Int { 16 }

  /// The nonzero blocks of a layer, or nil where the dense kernel is at least as fast.
  ///
  /// The dense kernels drop a step in which their whole panel is zero, so they are counted with what is left in panels
  /// of 64 channels. Where a table's panels are wider than a block, a sparse block costs up to a third more than a
  /// dense one (its input bytes serve 16 channels only); where they are not, the dense kernel skips almost the same
  /// steps, and what is left to gain is one call instead of one for each panel.
  func sparseBlocks(
    _ index: Int, _ steps: [WindowStep], groups: Int, _ outputChannels: Int
  ) -> SparseBlocks? {
    let packer = packer(index, steps, outputChannels, kernels.sparseLayout)
    let groupFilters = outputChannels / groups
    let groupInputs = model.values[model.nodes[index].inputs[0]].shape.channels / groups
    var blocks: [(filters: Range<Int>, inputOffset: Int)] = []
    var sparseCount = 0
    var denseCount = 0
    for group in 0..<groups {
      let end = (group + 1) * groupFilters
      for panel in stride(from: group * groupFilters, to: end, by: 4 * Self.blockWidth) {
        let panelEnd = min(panel + 4 * Self.blockWidth, end)
        var panelPresence = [UInt32](repeating: 0, count: steps.count)
        for first in stride(from: panel, to: panelEnd, by: Self.blockWidth) {
          let filters = first..<min(first + Self.blockWidth, end)
          let presence = packer.presence(filters: filters)
          for index in presence.indices { panelPresence[index] |= presence[index] }
          sparseCount += usedCount(presence)
          blocks.append((filters, group * groupInputs))
        }
        denseCount += (panelEnd - panel + Self.blockWidth - 1) / Self.blockWidth * usedCount(panelPresence)
      }
    }
    let hasWidePanels = kernels.layout.lanes * kernels.layout.vectors > Self.blockWidth
    guard sparseCount * 4 <= denseCount * (hasWidePanels ? 3 : 2), denseCount > 0 else { return nil }
    return SparseBlocks(
      groups: blocks.map {
        SparseGroup(filters: $0.filters, steps: packer.usedSteps(filters: $0.filters), inputOffset: $0.inputOffset)
      }, share: Double(sparseCount) / Double(blocks.count * steps.count))
  }

  private func usedCount(_ presence: [UInt32]) -> Int { presence.reduce(0) { $0 + ($1 != 0 ? 1 : 0) } }

  /// The one panel of a block-sparse layer.
  func sparsePanel(
    _ index: Int, _ blocks: [SparseGroup], _ tables: LayerTables
  ) throws(PrepareError) -> (panel: Panel, microkernel: Microkernel) {
    let folded: FoldedChannels
    do { folded = try model.foldedChannels(ofNode: index) } catch { throw PrepareError(error) }
    let packer = packer(index, [], tables.outputChannels, tables.layout)
    let vectors = Self.blockWidth / tables.layout.lanes
    let count = blocks.reduce(0) { $0 + $1.steps.count }
    let weights = try packer.allocate(stepCount: count, vectors: vectors, in: memory)
    var groups: [swl_sparse_group] = []
    var steps: [Int32] = []
    for group in blocks {
      groups.append(
        swl_sparse_group(
          first_channel: Int32(group.filters.lowerBound), channels: Int32(group.filters.count),
          first_block: Int32(steps.count), block_count: Int32(group.steps.count)))
      packer.pack(group.steps, filters: group.filters, vectors: vectors, at: steps.count, of: weights)
      steps += group.steps.map { Int32(group.inputOffset + $0.offset) }
    }
    var arguments = self.arguments(tables)
    arguments.steps = try memory.store(steps)
    arguments.step_count = count
    arguments.weights = UnsafeRawPointer(weights)
    arguments.requantization = try requantization(
      packer.bias(folded.bias, 0..<tables.outputChannels, flips: table.flips_activations), folded.multipliers,
      width: tables.outputChannels + Self.blockWidth - 1, tables.stage)
    return (
      Panel(arguments: arguments, kernel: table.conv.run, stepWeightCount: 4 * Self.blockWidth),
      .sparse(try memory.store(groups), groupCount: groups.count)
    )
  }
}
