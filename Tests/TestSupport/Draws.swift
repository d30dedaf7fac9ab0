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
}
