import SwiftletFloat
import SwiftletModel

/// An average pool on integers: one rounding of the sum (Numerics.md, Pooling, rules R1 and R2).
struct SimulatedMean: OperatorSubstitute {
  private let plan: WindowPlan
  /// Per output pixel: what the sum is divided by, and the multiplier that does so under R2.
  private let divisors: [Int32]
  private let multipliers: [FixedPointMultiplier]
  /// The derivative, per output pixel.
  private let factors: [Float]
  private let reach: Reach
  /// Under R1 nothing is clamped unless a divisor is given, so that every gradient passes.
  private let cutsGradient: Bool

  /// Nil where a factor has no multiplier, or a window more cells than a quantized model may have.
  init?(_ pool: Pool2D, _ shape: Shape, from: Quantization, to: Quantization) {
    let (cells, overflow) = pool.window.kernel.height.multipliedReportingOverflow(by: pool.window.kernel.width)
    guard !overflow, cells <= 1 << 22, let plan = try? pool.plan(for: shape) else { return nil }
    self.plan = plan
    reach = Reach(.none, to)
    let pixels = (0..<plan.output.height).flatMap { y in (0..<plan.output.width).map { (y, $0) } }
    let counts = pixels.map { pool.divisor(plan, $0.0, $0.1) }
    divisors = counts.map { Int32(clamping: $0) }
    cutsGradient = from != to || pool.divisorOverride != nil
    if from == to {
      multipliers = []
      factors = counts.map { 1 / Float($0) }
    } else {
      multipliers = counts.compactMap { FixedPointMultiplier(input: from.scale, output: to.scale, count: $0) }
      guard multipliers.count == counts.count else { return nil }
      factors = multipliers.map { Float($0.doubleValue) }
    }
  }

  /// Calls `body` with each sample's output pixels and the input pixels under their windows.
  private func forEachTap(samples: Int, _ body: (_ output: Int, _ pixel: Int, _ input: Int) -> Void) {
    for sample in 0..<samples {
      var pixel = 0
      for oy in 0..<plan.output.height {
        for ox in 0..<plan.output.width {
          let output = (sample * plan.output.height * plan.output.width + pixel) * plan.output.channels
          for ky in plan.rows.taps(oy) {
            for kx in plan.columns.taps(ox) {
              let at = plan.rows.position(oy, ky) * plan.input.width + plan.columns.position(ox, kx)
              body(output, pixel, (sample * plan.input.height * plan.input.width + at) * plan.input.channels)
            }
          }
          pixel += 1
        }
      }
    }
  }

  func forward(_ inputs: [UnsafeBufferPointer<Float>], _ output: UnsafeMutableBufferPointer<Float>) {
    guard let x = inputs[0].baseAddress, let y = output.baseAddress else { return }
    let channels = plan.output.channels
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: output.count) { sums in
      sums.initialize(repeating: 0)
      guard let sums = sums.baseAddress else { return }
      // At most 2^22 cells of at most 255: no sum passes 2^30.
      forEachTap(samples: output.count / plan.output.count) { output, _, input in
        let (sum, x) = (sums + output, x + input)
        for c in 0..<channels { sum[c] &+= Int32(x[c]) }
      }
      let pixels = divisors.count
      for row in 0..<output.count / channels {
        let (sum, y) = (sums + row * channels, y + row * channels)
        let pixel = row % pixels
        if multipliers.isEmpty {
          let divisor = Int64(divisors[pixel])
          for c in 0..<channels {
            y[c] = reach.clamping(Int32(truncatingIfNeeded: Int64(sum[c]).dividedRoundingHalfUp(by: divisor)))
          }
        } else {
          for c in 0..<channels { y[c] = reach.clamping(multipliers[pixel](sum[c])) }
        }
      }
    }
  }

  func backward(
    _ output: UnsafeBufferPointer<Float>, _ outputGradient: UnsafeBufferPointer<Float>,
    addingTo inputGradients: [UnsafeMutableBufferPointer<Float>?]
  ) {
    guard let dx = inputGradients[0]?.baseAddress, let y = output.baseAddress, let dy = outputGradient.baseAddress
    else { return }
    let channels = plan.output.channels
    forEachTap(samples: output.count / plan.output.count) { output, pixel, input in
      let (y, dy, dx) = (y + output, dy + output, dx + input)
      let factor = factors[pixel]
      for c in 0..<channels where !cutsGradient || reach.passes(y[c]) { dx[c] += factor * dy[c] }
    }
  }
}
