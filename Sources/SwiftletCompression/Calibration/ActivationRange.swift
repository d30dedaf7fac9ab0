/// The reals an activation's integers span; 0 is always among them.
public struct ActivationRange: Hashable, Sendable {
  public private(set) var low, high: Double

  /// The least range around 0 and both ends.
  public init(low: Double, high: Double) {
    self.low = min(low, 0)
    self.high = max(high, 0)
  }

  func union(_ other: ActivationRange) -> ActivationRange {
    ActivationRange(low: min(low, other.low), high: max(high, other.high))
  }

  var width: Double { high - low }
}

/// How a range is chosen from what calibration saw.
public enum RangeMethod: Hashable, Sendable {
  /// From the least to the greatest value.
  case minMax
  /// Leaves out (100 - p) percent of the values at either end; p in 50 ... 100.
  case percentile(Double)
  /// The range with the least expected squared error of 8-bit quantization, clipping and rounding together.
  case mse
  /// The range whose levels keep the distribution best: the least Kullback-Leibler divergence.
  case divergence
}

extension RangeHistogram {
  /// The range `method` chooses; 0...0 where nothing but zeros was seen.
  public func range(_ method: RangeMethod) -> ActivationRange {
    guard count > 0, width > 0 else { return ActivationRange(low: 0, high: 0) }
    let whole = ActivationRange(low: Double(minimum), high: Double(maximum))
    switch method {
    case .minMax: return whole
    case .percentile(let percent):
      precondition((50...100).contains(percent), "a percentile lies in 50 ... 100")
      let outside = Double(count) * (100 - percent) / 100
      return ActivationRange(
        low: max(whole.low, quantile(outside)), high: min(whole.high, quantile(Double(count) - outside)))
    case .mse: return leastErrorRange(whole)
    case .divergence: return leastDivergenceRange(whole)
    }
  }

  /// The value below which `rank` of the values lie, taking them as spread evenly over their bin.
  func quantile(_ rank: Double) -> Double {
    var below = 0.0
    for (bin, count) in counts.enumerated() where count > 0 {
      let next = below + Double(count)
      if next >= rank { return edge(bin) + width * max(0, rank - below) / Double(count) }
      below = next
    }
    return Double(maximum)
  }

  /// The expected squared error of one value when 256 levels span `range`.
  ///
  /// Inside, rounding errs by step^2 / 12 (0 for exact zeros); outside, clipping by the distance of the bin's middle.
  public func meanSquaredError(of range: ActivationRange) -> Double {
    guard count > 0 else { return 0 }
    let step = range.width / 255
    let rounding = step * step / 12
    var sum = 0.0
    for (bin, count) in counts.enumerated() where count > 0 {
      let middle = edge(bin) + width / 2
      let outside = middle < range.low ? range.low - middle : middle > range.high ? middle - range.high : 0
      sum += Double(count) * (outside == 0 ? rounding : outside * outside)
    }
    return max(0, sum - Double(zeroCount) * rounding) / Double(count)
  }

  /// Shrinks each end in turn over a grid, twice; one-sided ranges have one end to search.
  private func leastErrorRange(_ whole: ActivationRange) -> ActivationRange {
    let steps = 100
    var best = whole
    var least = meanSquaredError(of: whole)
    for _ in 0..<2 {
      for end in 0..<2 where (end == 0 ? whole.high : whole.low) != 0 {
        for step in 1...steps {
          let share = Double(step) / Double(steps)
          let candidate =
            end == 0
            ? ActivationRange(low: best.low, high: whole.high * share)
            : ActivationRange(low: whole.low * share, high: best.high)
          let error = meanSquaredError(of: candidate)
          if error < least {
            least = error
            best = candidate
          }
        }
      }
    }
    return best
  }
}
