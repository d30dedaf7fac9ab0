import CSwiftletKernels
import SwiftletModel
import SwiftletReference

/// A kernel and how its weights are packed.
struct PanelKernel {
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
    let narrow = narrowKernel(of: groupFilters, wide.packer)
    let fourBit = isBatched ? fourBitKernel(wide.packer) : nil
    var panels: [Panel] = []
    for group in 0..<groups {
      var first = group * groupFilters
      let end = first + groupFilters
      let wideEnd = end - (narrow?.count ?? 0)
      while first < end {
        var filters = first..<min(wideEnd, first + layout.lanes * layout.vectors)
        var kernel = wide
        if first == wideEnd, let narrow {
          (filters, kernel) = (first..<end, narrow.kernel)
        } else if let fourBit, filters.count > 3 * layout.lanes, wide.packer.fitsFourBits(filters) {
          kernel = fourBit
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
}
