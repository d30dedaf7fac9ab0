import CSwiftletKernels
import SwiftletModel

/// Any convolution as indirect matrix products: patches are read where they lie, without im2col.
final class FloatConvolutionStep: FloatShardedStep, @unchecked Sendable {
  let op: Conv2D
  private let geometry: ConvolutionGeometry
  /// Per group: forward panels `[patch][filters]`, and per segment backward panels `[filters][run]`.
  private let forwardPanels: [PackedPanels]
  private let backwardPanels: [[PackedPanels]]
  private let bias: [FloatBuffer]
  private let scratch: [Scratch]
  private let samplesPerPass: Int

  private final class Scratch {
    let patches, gradients: AddressScratch
    let padded, paddedGradient, transposed: FloatBuffer

    init(_ geometry: ConvolutionGeometry, samples: Int) {
      patches = AddressScratch(samples * geometry.pixels)
      gradients = AddressScratch(samples * geometry.pixels)
      padded = FloatBuffer(geometry.isPadded ? samples * geometry.paddedCount : 0)
      paddedGradient = FloatBuffer(padded.count)
      transposed = FloatBuffer(geometry.run < 16 ? geometry.patch * geometry.filters : 0)
    }
  }

  init(_ op: Conv2D, plan: WindowPlan, _ place: FloatStepPlace) {
    self.op = op
    let geometry = ConvolutionGeometry(op, plan)
    self.geometry = geometry
    let groups = 0..<op.groups
    forwardPanels = groups.map { _ in PackedPanels(rows: geometry.patch, columns: geometry.filtersPerGroup) }
    backwardPanels = groups.map { _ in
      place.wantsInputGradient[0]
        ? geometry.segments.map { _ in PackedPanels(rows: geometry.filtersPerGroup, columns: geometry.run) } : []
    }
    bias = groups.map { _ in paddedBias(geometry.filtersPerGroup) }
    let samples = max(1, min(place.context.shardSize, 1 << 15 / geometry.pixels))
    samplesPerPass = samples
    scratch = (0..<place.context.workers).map { _ in Scratch(geometry, samples: samples) }
    super.init(place)
  }

  override var preparationTasks: Int { geometry.groups }

  override func prepare(_ group: Int) {
    let g = geometry
    let firstFilter = group * g.filtersPerGroup
    let weights = parameters[0].weights.baseAddress! + firstFilter * g.patch
    for panel in forwardPanels[group].panels {
      forwardPanels[group].packTransposed(panel, weights, stride: g.patch, context.kernels.table)
    }
    for (segment, panels) in backwardPanels[group].enumerated() {
      for panel in panels.panels { panels.packColumns(panel, weights + segment * g.run, stride: g.patch) }
    }
    bias[group].pointer.update(from: parameters[1].weights.baseAddress! + firstFilter, count: g.filtersPerGroup)
  }

  override func forward(_ shard: Shard) {
    let scratch = scratch[shard.worker]
    let (low, high) = op.activation.bounds
    forEachPass(shard) { samples in
      fillPatches(scratch, samples)
      let pixels = geometry.pixels
      for (i, n) in samples.enumerated() {
        let y = output.address(n)
        for p in 0..<pixels { scratch.patches.write[i * pixels + p] = y + p * geometry.filters }
      }
      for group in 0..<geometry.groups {
        let panels = forwardPanels[group]
        let segments = geometry.segments.map { $0 + Int32(group * geometry.depth) }
        for panel in panels.panels {
          context.kernels.table.igemm(
            scratch.patches.read, samples.count * pixels, segments, segments.count, geometry.run,
            panels.address(panel), panel.width, bias[group].pointer + panel.first, low, high, scratch.patches.write,
            group * geometry.filtersPerGroup + panel.first, panel.columns, 0)
        }
      }
    }
  }

  override func backward(_ shard: Shard) {
    zeroPartials(shard)
    gateGradient(op.activation, shard)
    let scratch = scratch[shard.worker]
    let dBias = partial(1, shard).baseAddress!
    if geometry.run < 16 { scratch.transposed.all.update(repeating: 0) }
    forEachPass(shard) { samples in
      fillPatches(scratch, samples)
      let count = samples.count * geometry.pixels
      let dz = output.gradientAddress(samples.lowerBound)
      for p in 0..<count { context.kernels.table.add(dz + p * geometry.filters, geometry.filters, dBias) }
      for group in 0..<geometry.groups {
        let first = dz + group * geometry.filtersPerGroup
        for p in 0..<count { scratch.gradients.read[p] = UnsafePointer(first + p * geometry.filters) }
        addWeightGradient(shard, scratch, group, count: count)
      }
      if wantsInputGradient[0] { addInputGradient(scratch, samples) }
    }
    if geometry.run < 16 { addTransposed(scratch, to: partial(0, shard).baseAddress!) }
  }

  private func forEachPass(_ shard: Shard, _ body: (Range<Int>) -> Void) {
    for first in stride(from: shard.samples.lowerBound, to: shard.samples.upperBound, by: samplesPerPass) {
      body(first..<min(first + samplesPerPass, shard.samples.upperBound))
    }
  }

  /// Lists the patch origins of `samples`, padded copies made first where the window needs padding.
  private func fillPatches(_ scratch: Scratch, _ samples: Range<Int>) {
    for (i, n) in samples.enumerated() {
      var base = UnsafePointer(inputs[0].address(n))
      if geometry.isPadded {
        let padded = scratch.padded.pointer + i * geometry.paddedCount
        geometry.pad(base, into: padded)
        base = UnsafePointer(padded)
      }
      let target = scratch.patches.read + i * geometry.pixels
      for p in 0..<geometry.pixels { target[p] = base + geometry.origins[p] }
    }
  }

  /// With long segments the kernel's vectors run along them; with short ones along the filters.
  private func addWeightGradient(_ shard: Shard, _ scratch: Scratch, _ group: Int, count: Int) {
    let g = geometry
    let weights = partial(0, shard).baseAddress! + group * g.filtersPerGroup * g.patch
    let transposed = scratch.transposed.pointer + group * g.filtersPerGroup * g.patch
    for (index, segment) in g.segments.enumerated() {
      let offset = Int(segment) + group * g.depth
      if g.run >= 16 {
        context.kernels.table.outer(
          scratch.gradients.read, 0, g.filtersPerGroup, scratch.patches.read, offset, g.run, count,
          weights + index * g.run, g.patch)
      } else {
        context.kernels.table.outer(
          scratch.patches.read, offset, g.run, scratch.gradients.read, 0, g.filtersPerGroup, count,
          transposed + index * g.run * g.filtersPerGroup, g.filtersPerGroup)
      }
    }
  }

  private func addTransposed(_ scratch: Scratch, to weights: UnsafeMutablePointer<Float>) {
    let g = geometry
    for filter in 0..<g.filters {
      let (group, c) = filter.quotientAndRemainder(dividingBy: g.filtersPerGroup)
      let source = scratch.transposed.pointer + group * g.filtersPerGroup * g.patch + c
      for k in 0..<g.patch { weights[filter * g.patch + k] += source[k * g.filtersPerGroup] }
    }
  }

  private func addInputGradient(_ scratch: Scratch, _ samples: Range<Int>) {
    let g = geometry
    if g.isPadded { scratch.paddedGradient.all.update(repeating: 0) }
    for (i, n) in samples.enumerated() {
      let base = g.isPadded ? scratch.paddedGradient.pointer + i * g.paddedCount : inputs[0].gradientAddress(n)
      for p in 0..<g.pixels { scratch.patches.write[i * g.pixels + p] = base + g.origins[p] }
    }
    let count = samples.count * g.pixels
    let dz = output.gradientAddress(samples.lowerBound)
    var start: Int32 = 0
    for group in 0..<g.groups {
      for p in 0..<count {
        scratch.gradients.read[p] = UnsafePointer(dz + p * g.filters + group * g.filtersPerGroup)
      }
      for (segment, panels) in zip(g.segments, backwardPanels[group]) {
        for panel in panels.panels {
          context.kernels.table.igemm(
            scratch.gradients.read, count, &start, 1, panels.rows, panels.address(panel), panel.width, nil, -.infinity,
            .infinity, scratch.patches.write, Int(segment) + group * g.depth + panel.first, panel.columns, 1)
        }
      }
    }
    guard g.isPadded else { return }
    for (i, n) in samples.enumerated() {
      g.addUnpadded(
        scratch.paddedGradient.pointer + i * g.paddedCount, to: inputs[0].gradientAddress(n), context.kernels.table)
    }
  }
}
