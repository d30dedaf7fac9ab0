import CSwiftletKernels
import SwiftletModel
import SwiftletReference

/// A convolution or dense layer to be computed, with its activation and max pool where those follow: what every way of
/// computing it wants to know.
final class ConvolutionLayer {
  let builder: ProgramBuilder
  let group: FusedNodes
  let conv: Conv2D
  let input: Shape
  let stage: OutputStage
  let isDepthwise: Bool
  /// A depthwise convolution of several filters per channel reads a copy in which each channel stands that many times.
  let repeats: Int
  let geometry: WindowGeometry
  let pool: WindowPlan?
  /// The nonzero blocks, where the dense kernels take longer than those alone.
  let blocks: SparseBlocks?

  /// The node that gives the layer its operator.
  var index: Int { group.nodes[0] }
  /// Outputs of an image, and the pixels whose largest accumulator each of them takes.
  let windowCount, windowPixels: Int
  /// One window per image: the images of a chunk become the pixels of one call.
  let isBatched: Bool

  init(_ builder: ProgramBuilder, _ group: FusedNodes, _ conv: Conv2D, input: Shape) throws(PrepareError) {
    self.builder = builder
    self.group = group
    self.conv = conv
    self.input = input
    stage = builder.outputStage(group)
    // A copy too large to address goes without.
    let multiplier = conv.filters / input.channels
    let fits = multiplier == 1 || multiplier <= (1 << 26) / input.count
    isDepthwise = conv.isDepthwise(on: input) && !stage.storesInt32 && fits
    repeats = isDepthwise ? multiplier : 1
    let plan: WindowPlan
    do {
      plan = try repeats == 1 ? conv.plan(for: input) : conv.plan(for: input).repeatingChannels(repeats)
      if let index = group.pool, case .pool2D(let operation) = builder.model.nodes[index].op {
        pool = try operation.plan(for: plan.output)
      } else {
        pool = nil
      }
    } catch { throw PrepareError(.graph(.shape(error))) }
    geometry = WindowGeometry(plan)
    let output = pool?.output ?? plan.output
    windowCount = output.height * output.width
    windowPixels = pool.map(WindowGeometry.pixelsPerWindow) ?? 1
    isBatched = windowCount == 1 && windowPixels == 1 && !geometry.isPadded && repeats == 1
    blocks =
      isDepthwise
      ? nil
      : builder.sparseBlocks(
        group.nodes[0], geometry.steps(groups: conv.groups, of: 4), groups: conv.groups, conv.filters)
  }
}

// MARK: What ways build their steps of

extension ConvolutionLayer {
  /// The copy of an image that a kernel of such inputs reads; nil where it reads the image as it lies.
  func padding(inputByteCount: Int) throws(PrepareError) -> PaddedCopy? {
    let output = geometry.plan.output
    guard let paddedByteCount = geometry.paddedByteCount, output.height * output.width <= 1 << 26 else {
      throw builder.memory.error(geometry.paddedByteCount ?? .max)
    }
    guard geometry.isPadded || repeats > 1 || inputByteCount > 1 else { return nil }
    let channels = geometry.plan.input.channels
    let zeroPoint = builder.quantization(builder.model.nodes[index].inputs[0]).zeroPoint
    return PaddedCopy(
      buffer: builder.addScratch(byteCount: paddedByteCount * inputByteCount), height: input.height,
      rowByteCount: input.width * input.channels, top: geometry.top,
      leftByteCount: geometry.left * channels, bottom: geometry.bottom, rightByteCount: geometry.right * channels,
      repeats: repeats, fill: UInt8(truncatingIfNeeded: zeroPoint),
      widen: inputByteCount > 1 ? builder.table.widen.run : nil)
  }

  /// What the panels share: `cellByteCount` is the bytes of one input as the kernel reads it.
  func tables(_ layout: PanelLayout, cellByteCount: Int) throws(PrepareError) -> LayerTables {
    let pixels: [Int32]
    if isBatched {
      pixels = builder.imageOffsets(input.count)
    } else {
      let cells = geometry.pixels(pooledBy: pool).offsets
      pixels = cellByteCount == 1 ? cells : cells.map { $0 * Int32(cellByteCount) }
    }
    return LayerTables(
      layout: layout, pixels: try builder.memory.store(pixels), windowCount: windowCount, windowPixels: windowPixels,
      outputChannels: conv.filters, stage: stage)
  }

  /// The step of panels whose weights are packed.
  func step(
    _ panels: [Panel], _ microkernel: Microkernel, padding: PaddedCopy?, interleaved: InterleavedImage? = nil
  ) throws(PrepareError) -> Step {
    let input = builder.model.nodes[index].inputs[0]
    let cost = builder.cost(panels, microkernel)
    let step = ConvolutionStep(
      kernels: builder.kernels.functions, panels: try builder.memory.store(panels), panelCount: panels.count,
      microkernel: microkernel, input: builder.buffer(input), output: builder.buffer(group.output),
      inputStride: builder.byteCount(input), outputStride: builder.byteCount(group.output), padding: padding,
      interleaved: interleaved, isBatched: isBatched,
      splitsChannels: isBatched || cost.weightCount > builder.byteCount(input) && panels.count >= 8)
    return try builder.memory.step(
      step, ConvolutionStep.functions(nanoseconds: cost.nanoseconds, isBatched: isBatched))
  }
}
