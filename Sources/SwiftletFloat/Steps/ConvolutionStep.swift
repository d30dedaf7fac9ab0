import CSwiftletKernels
import SwiftletModel

/// A convolution as indirect matrix products over patches, with a following 2x2 max pool fused where there is one.
///
/// With a pool only the winners' byte is kept, not the convolution's output; backward spreads the pooled gradient over
/// the winning pixels.
final class ConvolutionStep: ShardedStep, @unchecked Sendable {
  let op: Conv2D
  let geometry: ConvolutionGeometry
  /// The fused pool's output extent, where there is one.
  let pooled: Shape?

  private let forwardPanels: [PackedPanels]
  /// Per group and segment, where the input's gradient is wanted.
  private var backwardPanels: [PackedPanels] = []
  private let bias: [FloatBuffer]
  private let scratch: [Scratch]
  private let winners: UnsafeMutablePointer<UInt8>?
  /// The origins of the pixels that are computed, in the order of their gradients.
  private let origins: [Int]

  private final class Scratch: @unchecked Sendable {
    let patches, gradients: AddressList
    let outputs: MutableAddressList
    let padded, paddedGradient, spread: FloatBuffer

    init(pixels: Int, padded: Int, spread: Int) {
      patches = .allocate(capacity: pixels)
      gradients = .allocate(capacity: pixels)
      outputs = .allocate(capacity: pixels)
      self.padded = FloatBuffer(padded)
      paddedGradient = FloatBuffer(padded)
      self.spread = FloatBuffer(spread)
    }

    deinit {
      patches.deallocate()
      gradients.deallocate()
      outputs.deallocate()
    }
  }

  /// Whether a pool that follows a convolution can be fused into it.
  static func canFuse(_ op: Conv2D, _ plan: WindowPlan, _ pool: Pool2D, _ poolPlan: WindowPlan) -> Bool {
    pool.reduction == .max && op.groups == 1 && pool.window.kernel == Size2D(2) && pool.window.stride == Size2D(2)
      && pool.window.dilation == Size2D(1) && poolPlan.rows.padBefore == 0 && poolPlan.columns.padBefore == 0
      && 2 * poolPlan.output.height <= plan.output.height && 2 * poolPlan.output.width <= plan.output.width
  }

  init(_ op: Conv2D, plan: WindowPlan, pooled: Shape?, batch: Int, _ place: StepPlace) {
    self.op = op
    self.pooled = pooled
    let geometry = ConvolutionGeometry(op, plan)
    self.geometry = geometry
    forwardPanels = (0..<op.groups).map { _ in
      PackedPanels(rows: geometry.patch, columns: geometry.filtersPerGroup)
    }
    bias = (0..<op.groups).map { _ in paddedBias(geometry.filtersPerGroup) }
    if let pooled {
      origins = (0..<pooled.height).flatMap { y in
        (0..<pooled.width).flatMap { x in
          [(0, 0), (0, 1), (1, 0), (1, 1)].map { dy, dx in
            geometry.origins[(2 * y + dy) * plan.output.width + 2 * x + dx]
          }
        }
      }
      winners = .allocate(capacity: max(pooled.count * batch, 1))
    } else {
      origins = geometry.origins
      winners = nil
    }
    let (pixels, padded) = (origins.count, geometry.isPadded ? geometry.paddedCount : 0)
    let spread = pooled == nil ? 0 : origins.count * op.filters
    scratch = (0..<place.context.workers).map { _ in Scratch(pixels: pixels, padded: padded, spread: spread) }
    super.init(place)
    if wantsInputGradient[0] {
      backwardPanels = (0..<op.groups * geometry.segments.count).map { _ in
        PackedPanels(rows: geometry.filtersPerGroup, columns: geometry.run)
      }
    }
  }

  deinit { winners?.deallocate() }

  override var preparationTasks: Int { op.groups }

  override func prepare(_ task: Int) {
    let (patch, filters) = (geometry.patch, geometry.filtersPerGroup)
    let weights = parameters[0].weights.baseAddress! + task * filters * patch
    for panel in forwardPanels[task].panels {
      forwardPanels[task].packTransposed(panel, weights, stride: patch, context.kernels.table)
    }
    bias[task].pointer.update(from: parameters[1].weights.baseAddress! + task * filters, count: filters)
    guard !backwardPanels.isEmpty else { return }
    for segment in geometry.segments.indices {
      let panels = backwardPanels[task * geometry.segments.count + segment]
      for panel in panels.panels { panels.packColumns(panel, weights + segment * geometry.run, stride: patch) }
    }
  }

  /// The image, padded where it must be.
  private func image(_ n: Int, _ scratch: Scratch) -> UnsafePointer<Float> {
    guard geometry.isPadded else { return UnsafePointer(inputs[0].address(n)) }
    geometry.pad(inputs[0].address(n), into: scratch.padded.pointer)
    return UnsafePointer(scratch.padded.pointer)
  }

  override func forward(_ shard: Shard) {
    let scratch = scratch[shard.worker]
    let (low, high) = op.activation.bounds
    for n in shard.samples {
      let image = image(n, scratch)
      if let pooled {
        forwardPooled(n, image, pooled, scratch, low, high)
        continue
      }
      for (i, origin) in origins.enumerated() {
        scratch.patches[i] = image + origin
        scratch.outputs[i] = output.address(n) + i * op.filters
      }
      for group in 0..<op.groups {
        let segments = geometry.segments.map { $0 + Int32(group * geometry.depth) }
        for panel in forwardPanels[group].panels {
          context.kernels.table.igemm(
            scratch.patches, origins.count, segments, segments.count, geometry.run, forwardPanels[group].address(panel),
            panel.width, bias[group].pointer + panel.first, low, high, scratch.outputs,
            group * geometry.filtersPerGroup + panel.first, panel.columns, 0)
        }
      }
    }
  }

  private func forwardPooled(
    _ n: Int, _ image: UnsafePointer<Float>, _ pooled: Shape, _ scratch: Scratch, _ low: Float, _ high: Float
  ) {
    let windows = pooled.height * pooled.width
    for i in 0..<windows { scratch.patches[i] = image + origins[4 * i] }
    let winner = winners! + n * pooled.count
    for panel in forwardPanels[0].panels {
      context.kernels.table.convpool(
        scratch.patches, windows, origins[1] - origins[0], origins[2] - origins[0], geometry.segments,
        geometry.segments.count, geometry.run, forwardPanels[0].address(panel), panel.width,
        bias[0].pointer + panel.first, low, high, output.address(n) + panel.first, winner + panel.first, op.filters,
        panel.columns)
    }
  }

  override func backward(_ shard: Shard) {
    if pooled == nil { gateGradient(op.activation, shard) }
    zeroPartials(shard)
    let scratch = scratch[shard.worker]
    let biasGradient = partial(1, shard).baseAddress!
    for n in shard.samples {
      let image = image(n, scratch)
      let gradient = pixelGradients(n, scratch)
      for (i, origin) in origins.enumerated() {
        let pixel = gradient + i * op.filters
        scratch.patches[i] = image + origin
        scratch.gradients[i] = pixel
        context.kernels.table.add(pixel, op.filters, biasGradient)
      }
      addWeightGradient(shard, scratch)
      if wantsInputGradient[0] { addInputGradient(n, gradient, scratch) }
    }
  }

  /// The gradient of each computed pixel, `[pixels][filters]`.
  private func pixelGradients(_ n: Int, _ scratch: Scratch) -> UnsafePointer<Float> {
    guard let pooled else { return UnsafePointer(output.gradientAddress(n)) }
    let winner = winners! + n * pooled.count
    for window in 0..<pooled.height * pooled.width {
      swl_spread_winners_f32(
        op.filters, winner + window * op.filters, output.gradientAddress(n) + window * op.filters, op.filters,
        scratch.spread.pointer + 4 * window * op.filters)
    }
    return UnsafePointer(scratch.spread.pointer)
  }

  private func addWeightGradient(_ shard: Shard, _ scratch: Scratch) {
    let weightGradient = partial(0, shard).baseAddress!
    let (patch, filters) = (geometry.patch, geometry.filtersPerGroup)
    for group in 0..<op.groups {
      for (segment, offset) in geometry.segments.enumerated() {
        context.kernels.table.outer(
          scratch.gradients, filters, scratch.patches, geometry.run, Int(offset) + group * geometry.depth,
          origins.count, weightGradient + group * filters * patch + segment * geometry.run, patch)
      }
      guard group + 1 < op.groups else { continue }
      for i in origins.indices { scratch.gradients[i]! += filters }
    }
  }

  private func addInputGradient(_ n: Int, _ gradient: UnsafePointer<Float>, _ scratch: Scratch) {
    let target = geometry.isPadded ? scratch.paddedGradient.pointer : inputs[0].gradientAddress(n)
    if geometry.isPadded { target.update(repeating: 0, count: geometry.paddedCount) }
    for (i, origin) in origins.enumerated() {
      scratch.gradients[i] = gradient + i * op.filters
      scratch.outputs[i] = target + origin
    }
    for group in 0..<op.groups {
      var start = Int32(group * geometry.filtersPerGroup)
      for (segment, offset) in geometry.segments.enumerated() {
        let panels = backwardPanels[group * geometry.segments.count + segment]
        for panel in panels.panels {
          context.kernels.table.igemm(
            scratch.gradients, origins.count, &start, 1, geometry.filtersPerGroup, panels.address(panel), panel.width,
            nil, -.infinity, .infinity, scratch.outputs, Int(offset) + group * geometry.depth + panel.first,
            panel.columns, 1)
        }
      }
    }
    if geometry.isPadded { geometry.addUnpadded(target, to: inputs[0].gradientAddress(n), context.kernels.table) }
  }
}
