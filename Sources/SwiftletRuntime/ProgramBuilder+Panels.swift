import CSwiftletKernels
import SwiftletModel
import SwiftletReference

/// A kernel and how its weights are packed.
private struct PanelKernel {
  let function: KernelTable.Convolution
  let packer: WeightPacker
}

/// The panels of dense kernels: whole vectors of output channels, and what has a kernel of its own.
extension ProgramBuilder {
  func panels(
    _ index: Int, _ steps: [WindowStep], groups: Int, _ tables: LayerTables, isBatched: Bool
  ) throws(PrepareError) -> [Panel] {
    let node = model.nodes[index]
    let folded: FoldedChannels
    do { folded = try model.foldedChannels(ofNode: index) } catch { throw PrepareError(error) }
    let layout = tables.layout
    let wide = PanelKernel(
      function: isBatched && kernels.hasDense ? table.dense.run : table.conv.run,
      packer: packer(index, steps, tables.outputChannels, layout))
    let groupFilters = tables.outputChannels / groups
    let groupInputs = model.values[node.inputs[0]].shape.channels / groups
    let few = few(of: groupFilters, wide.packer)
    let nibbles = isBatched ? nibbles(wide.packer) : nil
    var panels: [Panel] = []
    for group in 0..<groups {
      var first = group * groupFilters
      let end = first + groupFilters
      let wideEnd = end - (few?.count ?? 0)
      while first < end {
        var filters = first..<min(wideEnd, first + layout.lanes * layout.vectors)
        var kernel = wide
        if first == wideEnd, let few {
          (filters, kernel) = (first..<end, few.kernel)
        } else if let nibbles, filters.count > 3 * layout.lanes, wide.packer.fitsFourBits(filters) {
          kernel = nibbles
        }
        var panel = try self.panel(kernel, filters, folded, tables)
        panel.inputOffset = group * groupInputs * layout.packing.inputByteCount
        panels.append(panel)
        first = filters.upperBound
      }
    }
    return panels
  }

  private func panel(
    _ kernel: PanelKernel, _ filters: Range<Int>, _ folded: FoldedChannels, _ tables: LayerTables
  ) throws(PrepareError) -> Panel {
    let packer = kernel.packer
    let layout = packer.layout
    let vectors = (filters.count + layout.lanes - 1) / layout.lanes
    var used = packer.usedSteps(filters: filters)
    if layout.packing == .nibbles, used.count & 1 != 0 {
      used.append(WindowStep(offset: used[0].offset, first: 0, count: 0))
    }
    var arguments = self.arguments(tables)
    arguments.steps = try memory.store(used.map { Int32($0.offset * layout.packing.inputByteCount) })
    arguments.step_count = used.count
    arguments.weights = try packer.pack(used, filters: filters, vectors: vectors, into: memory)
    arguments.vectors = vectors
    arguments.channels = filters.count
    if layout.packing == .bytes, kernels.hasDense {
      let fitting = packer.stepsFittingInt16(used, filters: filters)
      arguments.whole_steps = fitting.whole
      arguments.split_steps = fitting.nibbles
    }
    arguments.requantization = try requantization(
      packer.bias(folded.bias, filters, flips: table.flips_activations), Array(folded.multipliers[filters]),
      width: max(vectors * layout.lanes, kernels.layout.lanes), tables.stage)
    return Panel(
      arguments: arguments, kernel: kernel.function,
      stepWeightCount: vectors * layout.lanes * layout.packing.stepInputs,
      outputOffset: filters.lowerBound * tables.stage.elementByteCount)
  }

  /// The filters past the last whole vector of so many, where reading 64 inputs at a time takes less time than a vector
  /// with as few channels, four inputs at a time.
  private func few(of filterCount: Int, _ wide: WeightPacker) -> (count: Int, kernel: PanelKernel)? {
    let count = filterCount % wide.layout.lanes
    let steps = wide.steps
    guard let function = table.narrow.run, 1...4 ~= count, steps.allSatisfy({ $0.distance == 1 }) else { return nil }
    let layout = PanelLayout(packing: .runs, lanes: count > 2 ? 4 : 2, vectors: 1)
    let runs = WindowGeometry.cut(WindowGeometry.joined(steps), into: layout.packing.stepInputs)
    // Half cycles a pixel, measured (Zen 4).
    let time = count > 2 ? 9 * runs.count + 24 : 5 * runs.count + 20
    guard time < 2 * steps.count + 4 else { return nil }
    let packer = WeightPacker(layout: layout, weights: wide.weights, filterCount: wide.filterCount, steps: runs)
    return (count, PanelKernel(function: function, packer: packer))
  }

  /// The kernel for weights of four bits, where reading a layer's weights takes longer than computing with them: they do
  /// not fit the first-level cache.
  private func nibbles(_ wide: WeightPacker) -> PanelKernel? {
    // The kernel's sums are 16 times as large: 16 * 8 * 255 for each weight stays below 2^31.
    guard let function = table.four_bit.run, wide.weights.count > 1 << 15, wide.filterCount <= 1 << 16 else {
      return nil
    }
    let layout = PanelLayout(packing: .nibbles, lanes: wide.layout.lanes, vectors: wide.layout.vectors)
    let packer = WeightPacker(layout: layout, weights: wide.weights, filterCount: wide.filterCount, steps: wide.steps)
    return PanelKernel(function: function, packer: packer)
  }
}
