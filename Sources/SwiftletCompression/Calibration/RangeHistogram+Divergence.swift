import Foundation

extension RangeHistogram {
  /// The range whose 256 levels keep the distribution best: the least Kullback-Leibler divergence from the clipped
  /// histogram to its quantized form (Migacz 2017, "8-bit inference with TensorRT").
  ///
  /// Both ends shrink together, from the whole range down to 1/16 of it. Exact zeros, which no range distorts, are left
  /// out, as they would drown the rest after a ReLU.
  func leastDivergenceRange(_ whole: ActivationRange) -> ActivationRange {
    var counts = counts.map(Double.init)
    counts[RangeHistogram.binsPerSide] -= Double(zeroCount)
    var best = whole
    var least = Double.infinity
    for step in stride(from: 128, through: 8, by: -1) {
      let share = Double(step) / 128
      let candidate = ActivationRange(low: whole.low * share, high: whole.high * share)
      let divergence = divergence(counts, candidate)
      if divergence < least {
        least = divergence
        best = candidate
      }
    }
    return best
  }

  private func divergence(_ counts: [Double], _ range: ActivationRange) -> Double {
    let levels = 256
    let step = range.width / Double(levels - 1)
    guard step > 0 else { return .infinity }
    var clipped = [Double](repeating: 0, count: counts.count)
    var level = [Int](repeating: 0, count: counts.count)
    let bins = counts.indices.filter { counts[$0] > 0 }
    var total = 0.0
    for bin in bins {
      let middle = edge(bin) + width / 2
      level[bin] = min(levels - 1, max(0, Int(((middle - range.low) / step).rounded())))
      // What lies outside falls into the last bin inside, as clipping does.
      let inside = min(max(middle, range.low), range.high)
      let target = min(max(Int((inside / width).rounded(.down)) + RangeHistogram.binsPerSide, 0), counts.count - 1)
      clipped[target] += counts[bin]
      level[target] = min(levels - 1, max(0, Int(((edge(target) + width / 2 - range.low) / step).rounded())))
      total += counts[bin]
    }
    guard total > 0 else { return 0 }
    // The quantized form: each level's mass, counted before clipping, spread evenly over its occupied bins.
    var mass = [Double](repeating: 0, count: levels)
    var occupied = mass
    var kept = 0.0
    for bin in clipped.indices where clipped[bin] > 0 {
      let middle = edge(bin) + width / 2
      let isInside = middle >= range.low - width && middle <= range.high + width
      mass[level[bin]] += isInside ? counts[bin] : 0
      kept += isInside ? counts[bin] : 0
      occupied[level[bin]] += 1
    }
    guard kept > 0 else { return .infinity }
    var sum = 0.0
    for bin in clipped.indices where clipped[bin] > 0 {
      let p = clipped[bin] / total
      let q = mass[level[bin]] / occupied[level[bin]] / kept
      // A bin that clipping alone fills: all but impossible in the quantized form.
      sum += p * log(p / max(q, 1e-9))
    }
    return sum
  }
}
