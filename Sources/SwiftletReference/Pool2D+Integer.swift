package import SwiftletModel

extension Pool2D {
  /// The definition of integer pooling: one image, plain loops.
  ///
  /// Max selects the largest q. An average whose output keeps the input's quantization divides with one rounding; one
  /// with its own requantizes the sum by scale_in / (scale_out * divisor). See Numerics.md, Pooling.
  package func integer(
    _ x: UnsafePointer<UInt8>, _ plan: WindowPlan, from: Quantization, to: Quantization,
    into y: UnsafeMutablePointer<UInt8>
  ) {
    let channels = plan.input.channels
    plan.forEachPosition { position in
      let mean = Mean(divisor: divisor(plan, position.oy, position.ox), from: from, to: to)
      for channel in 0..<channels {
        var best: UInt8 = 0
        var sum = 0
        plan.forEachTap(of: position) { pixel, _ in
          let q = x[pixel * channels + channel]
          best = max(best, q)
          sum += Int(q) - from.zeroPoint
        }
        switch reduction {
        case .max: y[position.output * channels + channel] = best
        case .average: y[position.output * channels + channel] = mean(sum)
        }
      }
    }
  }

  /// The one rounding of an average: from the sum of q - z to the output's byte.
  private struct Mean {
    let divisor: Int
    let zeroPoint: Int
    /// Nil where the output keeps the input's quantization.
    let multiplier: FixedPointMultiplier?

    init(divisor: Int, from: Quantization, to: Quantization) {
      self.divisor = divisor
      zeroPoint = to.zeroPoint
      multiplier = from == to ? nil : FixedPointMultiplier(input: from.scale, output: to.scale, count: divisor)
      precondition(from == to || multiplier != nil, "validation bounds the multiplier of every divisor")
    }

    func callAsFunction(_ sum: Int) -> UInt8 {
      UInt8(clamping: zeroPoint + (multiplier.map { Int($0(Int32(sum))) } ?? sum.dividedRoundingHalfUp(by: divisor)))
    }
  }
}
