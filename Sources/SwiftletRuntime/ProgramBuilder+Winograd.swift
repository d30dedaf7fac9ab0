import CSwiftletKernels
import SwiftletModel
import SwiftletReference

extension ProgramBuilder {
  /// The step of a convolution that a Winograd transform computes faster, exactly; nil for all others.
  func winogradStep(
    _ group: FusedNodes, _ conv: Conv2D, _ plan: WindowPlan, pooledBy pool: WindowPlan?
  ) throws(PrepareError) -> (step: Step, kernel: KernelName)? {
    guard let kernels = kernels.winograd else { return nil }
    let node = model.nodes[group.nodes[0]]
    let weights = node.parameters[0].int8s ?? []
    guard
      let winograd = WinogradPlan.best(
        plan, conv, pooledBy: pool, weights: weights, kernels, transformsFor: runsOnce ? maxBatch : nil),
      // Transformed weights take several times the file's bytes.
      memory.byteCount + conv.groups * winograd.weightCount * 2 <= memory.limit / 2
    else { return nil }

    let input = plan.input
    let (top, left) = (plan.rows.padBefore, plan.columns.padBefore)
    let bottom = max(0, winograd.rows.inputs - top - input.height)
    let right = max(0, winograd.columns.inputs - left - input.width)
    let rowByteCount = (left + input.width + right) * input.channels
    let (byteCount, overflow) = rowByteCount.multipliedReportingOverflow(by: top + input.height + bottom)
    // A padded copy holds one image.
    let isPadded = top + left + bottom + right > 0
    let tileBlock = winograd.tileBlock(images: isPadded ? 1 : maxBatch)
    let scratchByteCount = winograd.scratchByteCount(tileBlock: tileBlock)
    // What no session could hold; the direct kernel takes less.
    guard !overflow, byteCount <= memory.limit / 2,
      scratchByteCount <= memory.limit / 2
    else { return nil }
    var padding: PaddedCopy?
    if isPadded {
      padding = PaddedCopy(
        buffer: addScratch(byteCount: byteCount), height: input.height, rowByteCount: input.width * input.channels,
        top: top, leftByteCount: left * input.channels, bottom: bottom, rightByteCount: right * input.channels,
        fill: UInt8(truncatingIfNeeded: quantization(node.inputs[0]).zeroPoint))
    }
    let stage = outputStage(group)
    let output = model.values[group.output].shape
    var arguments = swl_winograd_args()
    arguments.images = 1
    arguments.x_image = self.byteCount(node.inputs[0])
    arguments.x_row = rowByteCount
    arguments.x_pixel = input.channels
    arguments.inputs = winograd.groupInputs
    arguments.pairs = winograd.pairs
    arguments.tile_rows = winograd.rows.tiles
    arguments.tile_columns = winograd.columns.tiles
    arguments.ends_short_rows = winograd.rows.endsShort
    arguments.ends_short_columns = winograd.columns.endsShort
    arguments.rows = output.height
    arguments.columns = output.width
    arguments.pools = winograd.isPooled
    arguments.keeps_order = winograd.keepsOrder
    arguments.y_image = self.byteCount(group.output)
    arguments.y_pixel = conv.filters * stage.elementByteCount
    arguments.y_row = output.width * arguments.y_pixel
    arguments.outputs = winograd.groupOutputs
    arguments.stores_s32 = stage.storesInt32
    arguments.tile_block = tileBlock
    let groups = try winogradGroups(group.nodes[0], conv, winograd, stage, arguments)
    let step = WinogradStep(
      kernels: self.kernels.functions, size: winograd.size, groups: try memory.store(groups), groupCount: groups.count,
      input: buffer(node.inputs[0]),
      output: buffer(group.output), scratch: addScratch(byteCount: scratchByteCount),
      inputStride: self.byteCount(node.inputs[0]), outputStride: self.byteCount(group.output), padding: padding)
    let functions = WinogradStep.functions(nanoseconds: winograd.nanoseconds(groups: conv.groups))
    return (
      try memory.step(step, functions),
      KernelName(winograd.size == 2 ? table.winograd2x2.name : table.winograd4x4.name)
    )
  }

  private func winogradGroups(
    _ index: Int, _ conv: Conv2D, _ plan: WinogradPlan, _ stage: OutputStage, _ shared: swl_winograd_args
  ) throws(PrepareError) -> [WinogradGroup] {
    let weights = model.nodes[index].parameters[0].int8s ?? []
    let folded: FoldedChannels
    do { folded = try model.foldedChannels(ofNode: index) } catch { throw PrepareError(error) }
    let groupWeights = weights.count / conv.groups
    let width = (plan.groupOutputs + plan.kernels.panel - 1) / plan.kernels.panel * plan.kernels.panel
    var groups: [WinogradGroup] = []
    for group in 0..<conv.groups {
      var arguments = shared
      let packed = try memory.allocate(Int16.self, count: plan.weightCount)
      weights.withUnsafeBufferPointer { weights in
        guard let start = weights.baseAddress else { return }
        plan.transform(start + group * groupWeights, into: packed)
      }
      arguments.weights = UnsafePointer(packed)
      let filters = group * plan.groupOutputs..<(group + 1) * plan.groupOutputs
      arguments.requantization = try requantization(
        Array(folded.bias[filters]), Array(folded.multipliers[filters]), width: width, stage)
      groups.append(
        WinogradGroup(
          arguments: arguments, inputOffset: group * plan.groupInputs,
          outputOffset: filters.lowerBound * stage.elementByteCount))
    }
    return groups
  }
}
