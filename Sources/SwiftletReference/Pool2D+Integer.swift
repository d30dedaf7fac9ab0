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
    let input = plan.input
    let zeroPoint = from.zeroPoint
    for oy in 0..<plan.output.height {
      for ox in 0..<plan.output.width {
        let rows = plan.rows.taps(oy)
        let columns = plan.columns.taps(ox)
        let count = divisor(plan, oy, ox)
        for channel in 0..<input.channels {
          var best: UInt8 = 0
          var sum = 0
          for ky in rows {
            for kx in columns {
              let pixel = plan.rows.position(oy, ky) * input.width + plan.columns.position(ox, kx)
              let q = x[pixel * input.channels + channel]
              best = max(best, q)
              sum += Int(q) - zeroPoint
            }
          }
          let result: UInt8
          switch reduction {
          case .max: result = best
          case .average:
            if from == to {
              result = UInt8(clamping: zeroPoint + sum.dividedRoundingHalfUp(by: count))
            } else if let multiplier = FixedPointMultiplier(input: from.scale, output: to.scale, count: count) {
              result = UInt8(clamping: to.zeroPoint + Int(multiplier(Int32(sum))))
            } else {
              preconditionFailure("validation bounds the multiplier of every divisor")
            }
          }
          y[(oy * plan.output.width + ox) * input.channels + channel] = result
        }
      }
    }
  }
}
