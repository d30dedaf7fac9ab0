import CSwiftletKernels
import SwiftletModel

/// A depthwise convolution with one filter per channel; vectors run along the channels.
final class FloatDepthwiseStep: FloatShardedStep, @unchecked Sendable {
  let op: Conv2D
  private let geometry: ConvolutionGeometry
  /// `[tap][channel]`, the transposition of the model's filters.
  private let weights: FloatBuffer
  private let scratch: [Scratch]

  private final class Scratch {
    let patches: AddressScratch
    let padded, paddedGradient, transposed: FloatBuffer

    init(_ geometry: ConvolutionGeometry) {
      patches = AddressScratch(geometry.pixels)
      padded = FloatBuffer(geometry.isPadded ? geometry.paddedCount : 0)
      paddedGradient = FloatBuffer(padded.count)
      transposed = FloatBuffer(geometry.patch * geometry.filters)
    }
  }

  init(_ op: Conv2D, plan: WindowPlan, _ place: FloatStepPlace) {
    self.op = op
    let geometry = ConvolutionGeometry(op, plan)
    self.geometry = geometry
    weights = FloatBuffer(geometry.patch * geometry.filters)
    scratch = (0..<place.context.workers).map { _ in Scratch(geometry) }
    super.init(place)
  }

  override var preparationTasks: Int { 1 }

  override func prepare(_ task: Int) {
    let source = parameters[0].weights
    for c in 0..<geometry.filters {
      for tap in 0..<geometry.patch { weights.pointer[tap * geometry.filters + c] = source[c * geometry.patch + tap] }
    }
  }

  /// The image, or its padded copy, and the patch origins in it.
  private func fillPatches(_ scratch: Scratch, _ n: Int) {
    var base = UnsafePointer(inputs[0].address(n))
    if geometry.isPadded {
      geometry.pad(base, into: scratch.padded.pointer)
      base = UnsafePointer(scratch.padded.pointer)
    }
    for p in 0..<geometry.pixels { scratch.patches.read[p] = base + geometry.origins[p] }
  }

  override func forward(_ shard: Shard) {
    let scratch = scratch[shard.worker]
    let (low, high) = op.activation.bounds
    for n in shard.samples {
      fillPatches(scratch, n)
      context.kernels.table.depthwise(
        scratch.patches.read, geometry.pixels, geometry.segments, geometry.patch, geometry.filters, weights.pointer,
        parameters[1].weights.baseAddress!, low, high, output.address(n))
    }
  }

  override func backward(_ shard: Shard) {
    zeroPartials(shard)
    gateGradient(op.activation, shard)
    let g = geometry
    let scratch = scratch[shard.worker]
    scratch.transposed.all.update(repeating: 0)
    let dBias = partial(1, shard).baseAddress!
    for n in shard.samples {
      let dz = output.gradientAddress(n)
      for p in 0..<g.pixels { context.kernels.table.add(dz + p * g.filters, g.filters, dBias) }
      fillPatches(scratch, n)
      context.kernels.table.depthwise_weight(
        scratch.patches.read, g.pixels, g.segments, g.patch, g.filters, dz, scratch.transposed.pointer)
      if wantsInputGradient[0] { addInputGradient(scratch, n) }
    }
    let dWeights = partial(0, shard)
    for c in 0..<g.filters {
      for tap in 0..<g.patch { dWeights[c * g.patch + tap] = scratch.transposed.pointer[tap * g.filters + c] }
    }
  }

  private func addInputGradient(_ scratch: Scratch, _ n: Int) {
    let g = geometry
    let image = inputs[0].gradientAddress(n)
    if g.isPadded { scratch.paddedGradient.all.update(repeating: 0) }
    let base = g.isPadded ? scratch.paddedGradient.pointer : image
    for p in 0..<g.pixels { scratch.patches.write[p] = base + g.origins[p] }
    context.kernels.table.depthwise_input(
      scratch.patches.write, g.pixels, g.segments, g.patch, g.filters, weights.pointer, output.gradientAddress(n))
    if g.isPadded { g.addUnpadded(scratch.paddedGradient.pointer, to: image, context.kernels.table) }
  }
}
