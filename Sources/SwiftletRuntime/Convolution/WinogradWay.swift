import CSwiftletKernels
import SwiftletModel
import SwiftletReference

extension ConvolutionWay {
  /// A 3x3 convolution that a Winograd transform computes faster, exactly.
  static func winograd(_ layer: ConvolutionLayer) -> ConvolutionWay? {
    guard let fitted = FittedWinograd(layer) else { return nil }
    return ConvolutionWay(cost: fitted.plan.relativeCost) { () throws(PrepareError) in
      let table = layer.builder.table
      return (
        try layer.builder.winogradStep(layer, fitted),
        KernelName(fitted.plan.size == 2 ? table.winograd2x2.name : table.winograd4x4.name)
      )
    }
  }
}

/// A Winograd plan and the memory it takes.
final class FittedWinograd {
  let plan: WinogradPlan
  let top, left, bottom, right: Int
  /// Bytes of the image with its padding, and of one of its rows.
  let byteCount, rowByteCount: Int
  let tileBlock, scratchByteCount: Int

  /// A padded copy holds one image.
  var isPadded: Bool { top + left + bottom + right > 0 }

  /// Nil where no plan takes less time than the plain sum, or where one takes too much memory.
  init?(_ layer: ConvolutionLayer) {
    let builder = layer.builder
    let memory = builder.memory
    let window = layer.geometry.plan
    guard let kernels = builder.kernels.winograd,
      let plan = WinogradPlan.best(
        window, layer.conv, pooledBy: layer.pool,
        weights: builder.model.nodes[layer.index].parameters[0].int8s ?? [], kernels,
        transformsFor: builder.runsOnce ? builder.maxBatch : nil),
      // Transformed weights take several times the file's bytes.
      memory.byteCount + layer.conv.groups * plan.weightCount * 2 <= memory.limit / 2
    else { return nil }
    self.plan = plan
    (top, left) = (window.rows.padBefore, window.columns.padBefore)
    bottom = max(0, plan.rows.inputs - top - window.input.height)
    right = max(0, plan.columns.inputs - left - window.input.width)
    rowByteCount = (left + window.input.width + right) * window.input.channels
    let overflow: Bool
    (byteCount, overflow) = rowByteCount.multipliedReportingOverflow(by: top + window.input.height + bottom)
    tileBlock = plan.tileBlock(images: top + left + bottom + right > 0 ? 1 : builder.maxBatch)
    scratchByteCount = plan.scratchByteCount(tileBlock: tileBlock)
    // What no session could hold; the direct kernel takes less.
    guard !overflow, byteCount <= memory.limit / 2, scratchByteCount <= memory.limit / 2 else { return nil }
  }
}

extension ProgramBuilder {
  fileprivate func winogradStep(
    _ layer: ConvolutionLayer, _ fitted: FittedWinograd
  ) throws(PrepareError) -> Step {
    let input = layer.input
    let source = model.nodes[layer.index].inputs[0]
    var padding: PaddedCopy?
    if fitted.isPadded {
      padding = PaddedCopy(
        buffer: addScratch(byteCount: fitted.byteCount), height: input.height,
        rowByteCount: input.width * input.channels, top: fitted.top, leftByteCount: fitted.left * input.channels,
        bottom: fitted.bottom, rightByteCount: fitted.right * input.channels,
        fill: UInt8(truncatingIfNeeded: quantization(source).zeroPoint))
    }
    let groups = try winogradGroups(layer.index, layer.conv, fitted.plan, layer.stage, arguments(layer, fitted))
    let step = WinogradStep(
      kernels: kernels.functions, size: fitted.plan.size, groups: try memory.store(groups), groupCount: groups.count,
      input: buffer(source), output: buffer(layer.group.output),
      scratch: addScratch(byteCount: fitted.scratchByteCount), inputStride: byteCount(source),
      outputStride: byteCount(layer.group.output), padding: padding)
    return try memory.step(
      step, WinogradStep.functions(nanoseconds: fitted.plan.nanoseconds(groups: layer.conv.groups)))
  }

  /// Everything but what differs between groups.
  private func arguments(_ layer: ConvolutionLayer, _ fitted: FittedWinograd) -> swl_winograd_args {
    let plan = fitted.plan
    let output = model.values[layer.group.output].shape
    var arguments = swl_winograd_args()
    arguments.images = 1
    arguments.x_image = byteCount(model.nodes[layer.index].inputs[0])
    arguments.x_row = fitted.rowByteCount
    arguments.x_pixel = layer.input.channels
    arguments.inputs = plan.groupInputs
    arguments.pairs = plan.pairs
    arguments.tile_rows = plan.rows.tiles
    arguments.tile_columns = plan.columns.tiles
    arguments.ends_short_rows = plan.rows.endsShort
    arguments.ends_short_columns = plan.columns.endsShort
    arguments.rows = output.height
    arguments.columns = output.width
    arguments.pools = plan.isPooled
    arguments.keeps_order = plan.keepsOrder
    arguments.y_image = byteCount(layer.group.output)
    arguments.y_pixel = layer.conv.filters * layer.stage.elementByteCount
    arguments.y_row = output.width * arguments.y_pixel
    arguments.outputs = plan.groupOutputs
    arguments.stores_s32 = layer.stage.storesInt32
    arguments.tile_block = fitted.tileBlock
    return arguments
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
