import SwiftletModel

/// Reproducible numbers for the tests.
package struct Draws {
  package var generator: SplitMix64
  package init(_ seed: UInt64) { generator = SplitMix64(seed: seed) }

  /// Uniform in -1 ..< 1.
  package mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in generator.nextUnit() * 2 - 1 } }

  /// Distinct integers in random order, so that a nudge below one half never changes which is largest.
  package mutating func distinct(_ count: Int) -> [Float] {
    (0..<count).map { Float($0) - Float(count / 2) + 0.25 }.shuffled(using: &generator)
  }

  /// Integers of at most this magnitude.
  package mutating func integers(_ count: Int, within bound: Int) -> [Float] {
    (0..<count).map { _ in Float(Int.random(in: -bound...bound, using: &generator)) }
  }
}

/// The slope of `value` along each element of `x`, from a step up and a step down.
///
/// The quotient is taken of numbers that floats gave: `step` must be large enough that their rounding does not matter.
package func centralDifferences(at x: [Float], step: Float, of value: ([Float]) -> Double) -> [Float] {
  x.indices.map { index in
    var nudged = x
    nudged[index] = x[index] + step
    let above = value(nudged)
    nudged[index] = x[index] - step
    return Float((above - value(nudged)) / Double(2 * step))
  }
}
