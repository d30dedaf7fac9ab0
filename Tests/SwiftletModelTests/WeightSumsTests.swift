import SwiftletModel
import Testing

/// The passes that take sixteen weights at a time agree with the plain loop.
@Suite struct WeightSumsTests {
  /// Around one and two loads, and around the 2048 weights after which lanes are emptied.
  static let lengths = [0, 1, 15, 16, 17, 31, 32, 33, 255, 2047, 2048, 2049, 4095, 4096, 4113, 10_007]

  @Test(arguments: lengths) func equalThePlainLoop(_ count: Int) {
    var random = SplitMix64(seed: UInt64(count))
    let mixed = (0..<count).map { _ in Int8(truncatingIfNeeded: random.next()) }
    // Extremes fill the lanes to their ends.
    for weights in [mixed, Array(repeating: -128, count: count), Array(repeating: 127, count: count)] {
      let (sum, magnitude) = weightSums(weights.span)
      #expect(sum == weights.reduce(0) { $0 + Int64($1) })
      #expect(magnitude == weights.reduce(0) { $0 + abs(Int64($1)) })
      // A slice need not start on a vector's boundary.
      guard count > 1 else { continue }
      let rest = weightSums(weights.span.extracting(1..<count))
      #expect(rest.sum == sum - Int64(weights[0]) && rest.magnitude == magnitude - abs(Int64(weights[0])))
    }
  }

  @Test func theMinimumIsFoundWhereverItIs() {
    for value in Int8.min...Int8.max {
      let weights = Array(repeating: value, count: 40)
      let isFound = containsMinimum(weights.span)
      #expect(isFound == (value == .min))
    }
    for position in 0..<50 {
      // -127 and 0 differ from -128 in the lowest and in the highest bit.
      var weights = (0..<50).map { Int8($0 % 2 == 0 ? -127 : 0) }
      let isFoundBefore = containsMinimum(weights.span)
      weights[position] = -128
      let isFound = containsMinimum(weights.span)
      #expect(!isFoundBefore && isFound)
    }
  }
}
