import CSwiftletKernels
import SwiftletModel

/// Convolution, activation and 2x2 max pooling in one pass.
///
/// Only pixels that some pool window covers are computed, and backward visits only the windows' winners: each pooled
/// output sends its gradient through one convolution pixel. The activation is monotone and its gradient vanishes where
/// it is flat, so taking the maximum before it changes nothing.
final class FloatPooledConvolutionStep: FloatShardedStep, @unchecked Sendable {
  let op: Conv2D
  private let geometry: ConvolutionGeometry
  private let panels: PackedPanels
  private let winograd: WinogradPanels?
  private let bias: FloatBuffer
  /// Offsets of the windows' first patches, and of a window's four patches from it.
  private let windows: [Int]
  private let pixels: [Int32]
  private let winners: UnsafeMutablePointer<UInt8>
  private let scratch: [Scratch]
  /// Windows whose spread gradients stay in the first-level cache.
  private static let spreadWindows = 64
  /// Filters in whole vectors of eight; one of sixteen at least where vectors have that many.
  private static func spreadColumns(_ geometry: ConvolutionGeometry, _ kernels: FloatKernels) -> Int {
    let lanes = picksWinners(geometry) ? Int(SWL_FLOAT_LANES) : 8
    return max((geometry.filters + lanes - 1) / lanes * lanes, kernels.name == "avx512" ? 16 : 8)
  }
  /// Whether lanes can pick their pixels themselves: one channel, rows of a few taps, windows' pixels side by side.
  private static func picksWinners(_ geometry: ConvolutionGeometry) -> Bool {
    let plan = geometry.plan
    return plan.input.channels == 1 && geometry.run <= 7 && plan.rows.stride == 1 && plan.columns.stride == 1
  }
  /// Floats of input whose patches are combined at a time.
  private static let cachedFloats = 6144

  /// Whether the pair can run fused: whole 2x2 windows side by side over an ungrouped convolution.
  static func canFuse(_ conv: Conv2D, _ pool: Pool2D, convolved: Shape, pooled: WindowPlan) -> Bool {
    let window = pool.window
    return pool.reduction == .max && conv.groups == 1 && conv.window.dilation == Size2D(1)
      && window.kernel == Size2D(2) && window.stride == Size2D(2) && window.dilation == Size2D(1)
      && pooled.rows.padBefore == 0 && pooled.columns.padBefore == 0
      && pooled.output.height * 2 <= convolved.height && pooled.output.width * 2 <= convolved.width
  }

  private final class Scratch {
    let windows: AddressScratch
    let padded, paddedGradient: FloatBuffer
    let factors: FloatBuffer
    let sources: AddressList
    let counts: UnsafeMutablePointer<Int32>
    let spread, transposed: FloatBuffer
    let patches, gradients: AddressList

    init(_ geometry: ConvolutionGeometry, windows count: Int, samples: Int, columns: Int) {
      windows = AddressScratch(samples * count)
      padded = FloatBuffer(geometry.isPadded ? samples * geometry.paddedCount : 0)
      paddedGradient = FloatBuffer(padded.count)
      let isSpread = geometry.run < 16 && !FloatPooledConvolutionStep.picksWinners(geometry)
      let entries = geometry.filters * max(samples * count, 4)
      factors = FloatBuffer(entries)
      sources = .allocate(capacity: entries)
      counts = .allocate(capacity: max(geometry.filters, 4))
      let pixels = 4 * FloatPooledConvolutionStep.spreadWindows
      spread = FloatBuffer(isSpread ? pixels * columns : 0)
      transposed = FloatBuffer(geometry.run < 16 ? (geometry.patch + 1) * columns : 0)
      patches = .allocate(capacity: pixels)
      gradients = .allocate(capacity: pixels)
      if isSpread { for p in 0..<pixels { gradients[p] = UnsafePointer(spread.pointer + p * columns) } }
    }

    deinit {
      sources.deallocate()
      counts.deallocate()
      patches.deallocate()
      gradients.deallocate()
    }
  }

  init(_ op: Conv2D, plan: WindowPlan, pool: WindowPlan, batch: Int, _ place: FloatStepPlace) {
    self.op = op
    let g = ConvolutionGeometry(op, plan)
    geometry = g
    panels = PackedPanels(rows: g.patch, columns: g.filters)
    winograd = WinogradPanels(op, channels: plan.input.channels, panels, workers: place.context.workers)
    bias = paddedBias(g.filters)
    let width = plan.output.width
    let corners = (0..<pool.output.height).flatMap { y in (0..<pool.output.width).map { x in 2 * y * width + 2 * x } }
    windows = corners.map { g.origins[$0] }
    pixels = [0, 1, width, width + 1].map { Int32(g.origins[$0]) }
    let winnerCount = batch * pool.output.count + Int(SWL_FLOAT_LANES)
    winners = .allocate(capacity: winnerCount)
    winners.initialize(repeating: UInt8(SWL_NO_WINNER), count: winnerCount)
    let columns = Self.spreadColumns(g, place.context.kernels)
    let windowCount = windows.count
    scratch = (0..<place.context.workers).map { _ in
      Scratch(g, windows: windowCount, samples: place.context.shardSize, columns: columns)
    }
    super.init(place)
  }

  deinit { winners.deallocate() }

  override var preparationTasks: Int { panels.panels.count }

  override func prepare(_ task: Int) {
    let panel = panels.panels[task]
    panels.packTransposed(panel, parameters[0].weights.baseAddress!, stride: geometry.patch, context.kernels.table)
    (bias.pointer + panel.first).update(
      from: parameters[1].weights.baseAddress! + panel.first, count: panel.columns)
    winograd?.prepare(task, integerLimit: integerLimit, context.kernels.table)
  }

  override func forward(_ shard: Shard) {
    let scratch = scratch[shard.worker]
    fillWindows(scratch, shard)
    let g = geometry
    let bounds = op.activation.bounds
    let first = shard.samples.lowerBound * output.count
    let count = shard.samples.count * windows.count
    let (y, won) = (output.data.pointer + first, shard.isTraining ? winners + first : nil)
    winograd?.convolve(
      scratch.windows.read, count: count, steps: (Int(pixels[1]), Int(pixels[2])), bounds: bounds, bias: bias.pointer,
      into: y, won, filters: g.filters, worker: shard.worker, context.kernels.table)
    for (index, panel) in panels.panels.enumerated() where winograd?.isUsable(index) != true {
      context.kernels.table.convpool(
        scratch.windows.read, count, Int(pixels[1]), Int(pixels[2]), g.segments, g.segments.count, g.run,
        panels.address(panel), panel.width, bias.pointer + panel.first, bounds.low, bounds.high, y + panel.first,
        won.map { $0 + panel.first }, g.filters, panel.columns)
    }
  }

  override func backward(_ shard: Shard) {
    zeroPartials(shard)
    let scratch = scratch[shard.worker]
    fillWindows(scratch, shard)
    if Self.picksWinners(geometry) {
      addPickedWeightGradient(shard, scratch)
    } else if geometry.run < 16 {
      addSpreadWeightGradient(shard, scratch)
    } else {
      addRoutedWeightGradient(shard, scratch)
    }
    if wantsInputGradient[0] { addInputGradient(shard, scratch) }
  }

  private func fillWindows(_ scratch: Scratch, _ shard: Shard) {
    for (i, n) in shard.samples.enumerated() {
      var base = UnsafePointer(inputs[0].address(n))
      if geometry.isPadded {
        let padded = scratch.padded.pointer + i * geometry.paddedCount
        geometry.pad(base, into: padded)
        base = UnsafePointer(padded)
      }
      let target = scratch.windows.read + i * windows.count
      for w in windows.indices { target[w] = base + windows[w] }
    }
  }

  /// Per filter, the weighted sum of the winning patches, over as many samples at a time as the first-level cache holds.
  private func addRoutedWeightGradient(_ shard: Shard, _ scratch: Scratch) {
    let g = geometry
    let most = max(1, Self.cachedFloats / g.paddedCount)
    let weights = partial(0, shard).baseAddress!
    for start in stride(from: 0, to: shard.samples.count, by: most) {
      let capacity = min(most, shard.samples.count - start) * windows.count
      let first = (shard.samples.lowerBound + start) * output.count
      scratch.counts.update(repeating: 0, count: g.filters)
      swl_route_to_filters_f32(
        scratch.windows.read + start * windows.count, capacity, pixels, g.filters, winners + first,
        output.gradient!.pointer + first, capacity, scratch.factors.pointer, scratch.sources, scratch.counts,
        partial(1, shard).baseAddress!)
      for filter in 0..<g.filters {
        context.kernels.table.combine(
          scratch.factors.pointer + filter * capacity, scratch.sources + filter * capacity, Int(scratch.counts[filter]),
          g.segments.count, g.run, g.segmentStride!, weights + filter * g.patch, g.run)
      }
    }
  }

  /// For patches too short to fill vectors: the gradients are spread over the pixels, vectors run along the filters.
  private func addSpreadWeightGradient(_ shard: Shard, _ scratch: Scratch) {
    let g = geometry
    let columns = Self.spreadColumns(g, context.kernels)
    let first = shard.samples.lowerBound * output.count
    let all = shard.samples.count * windows.count
    scratch.transposed.all.update(repeating: 0)
    for start in stride(from: 0, to: all, by: Self.spreadWindows) {
      let count = min(Self.spreadWindows, all - start)
      let at = first + start * g.filters
      context.kernels.table.spread_winners(
        count, g.filters, winners + at, output.gradient!.pointer + at, columns, scratch.spread.pointer,
        partial(1, shard).baseAddress!)
      for w in 0..<count {
        let origin = scratch.windows.read[start + w]!
        for p in 0..<4 { scratch.patches[w * 4 + p] = origin + Int(pixels[p]) }
      }
      for (index, segment) in g.segments.enumerated() {
        context.kernels.table.outer(
          scratch.patches, Int(segment), g.run, scratch.gradients, 0, columns, 4 * count,
          scratch.transposed.pointer + index * g.run * columns, columns)
      }
    }
    takeTransposed(shard, scratch, columns)
  }

  /// Of one channel: vectors run along the filters, and every lane picks the pixels under its own winner.
  private func addPickedWeightGradient(_ shard: Shard, _ scratch: Scratch) {
    let g = geometry
    let columns = Self.spreadColumns(g, context.kernels)
    let first = shard.samples.lowerBound * output.count
    scratch.transposed.all.update(repeating: 0)
    context.kernels.table.winner_filters(
      scratch.windows.read, shard.samples.count * windows.count, Int(pixels[2]), g.segments.count, g.run,
      winners + first, output.gradient!.pointer + first, g.filters, scratch.transposed.pointer, columns)
    partial(1, shard).baseAddress!.update(from: scratch.transposed.pointer + g.patch * columns, count: g.filters)
    takeTransposed(shard, scratch, columns)
  }

  private func takeTransposed(_ shard: Shard, _ scratch: Scratch, _ columns: Int) {
    let weights = partial(0, shard)
    for filter in 0..<geometry.filters {
      for k in 0..<geometry.patch {
        weights[filter * geometry.patch + k] = scratch.transposed.pointer[k * columns + filter]
      }
    }
  }

  /// Per convolution pixel, the weighted sum of the filters that won there.
  private func addInputGradient(_ shard: Shard, _ scratch: Scratch) {
    let g = geometry
    if g.isPadded { scratch.paddedGradient.all.update(repeating: 0) }
    for (i, n) in shard.samples.enumerated() {
      let base = g.isPadded ? scratch.paddedGradient.pointer + i * g.paddedCount : inputs[0].gradientAddress(n)
      for (w, origin) in windows.enumerated() {
        let at = n * output.count + w * g.filters
        swl_route_to_pixels_f32(
          g.filters, winners + at, output.gradient!.pointer + at, parameters[0].weights.baseAddress!, g.patch,
          scratch.factors.pointer, scratch.sources, scratch.counts)
        for p in 0..<4 {
          context.kernels.table.combine(
            scratch.factors.pointer + p * g.filters, scratch.sources + p * g.filters, Int(scratch.counts[p]),
            g.segments.count, g.run, g.run, base + origin + Int(pixels[p]), g.segmentStride!)
        }
      }
      if g.isPadded { g.addUnpadded(base, to: inputs[0].gradientAddress(n), context.kernels.table) }
    }
  }
}
