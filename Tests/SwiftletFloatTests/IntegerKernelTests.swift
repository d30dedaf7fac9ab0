import CSwiftletKernels
import SwiftletFloat
import SwiftletModel
import TestSupport
import Testing

/// The kernels of quantization-aware training, of every set, against Numerics.md in plain Swift: equal to the bit at
/// lengths around every vector width, and nothing written past the end.
@Suite struct IntegerKernelTests {
  private static let end: Float = 12345

  private func kernels(_ name: String) throws -> FloatKernels {
    try #require(FloatKernels.supported.first { $0.name == name })
  }

  /// `body` on the first `x.count` of an array with one more element, which must stay.
  private func changed(_ x: [Float], _ body: (UnsafeMutableBufferPointer<Float>) -> Void) -> [Float] {
    var copy = x + [Self.end]
    copy.withUnsafeMutableBufferPointer { body(UnsafeMutableBufferPointer(rebasing: $0.dropLast())) }
    #expect(copy.last == Self.end)
    return Array(copy.dropLast())
  }

  /// Multipliers of every shift, near ones among them where the product saturates, and channels of every remainder.
  @Test(arguments: KernelTests.names, [1, 2, 3, 5, 6, 7, 8, 10, 15, 16, 17, 20, 33])
  func requantizationIsTheFixedPointMultipliers(_ name: String, _ channels: Int) throws {
    let kernels = try kernels(name)
    var draws = Draws(UInt64(channels))
    for range in [33...62, 33...40, 20...40, 1...62] {
      let multipliers = (0..<channels).map { _ in
        let shift = range.lowerBound + Int(draws.generator.next() % UInt64(range.count))
        return FixedPointMultiplier(
          numerator: 1 << 30 + draws.generator.next() % (1 << 30), denominator: 1, exponent: -shift)!
      }
      for pixels in [1, 2, 3, 4, 5, 9, 17] {
        let x = draws.integers(pixels * channels, within: 1 << 24 - 1)
        for (low, high, unit) in [(0, 255, 1), (-37, 20, 1), (-Float.infinity, .infinity, 0x1p-9)]
          as [(Float, Float, Float)]
        {
          let actual = changed(x) {
            kernels.requantize(
              $0, channels: channels, mantissas: FloatKernels.perChannel(multipliers.map(\.mantissa)),
              shifts: FloatKernels.perChannel(multipliers.map(\.shift)), low: low, high: high, unit: unit)
          }
          let expected = x.enumerated().map { i, x in
            unit * max(low, min(high, Float(multipliers[i % channels](Int32(x)))))
          }
          #expect(actual == expected)
          let dy = draws.floats(x.count)
          let factors = draws.floats(channels)
          let gradient = changed(dy) { dy in
            actual.withUnsafeBufferPointer {
              kernels.requantizeGradient(
                $0, dy, channels: channels, factors: FloatKernels.perChannel(factors), low: low, high: high)
            }
          }
          #expect(
            gradient == dy.indices.map { actual[$0] > low && actual[$0] < high ? dy[$0] * factors[$0 % channels] : 0 })
        }
      }
    }
  }

  @Test(arguments: KernelTests.names, KernelTests.lengths)
  func gradientsOfRescaledValuesMatch(_ name: String, _ count: Int) throws {
    let kernels = try kernels(name)
    var draws = Draws(UInt64(count))
    let (y, dy, dx) = (draws.integers(count, within: 3), draws.floats(count), draws.floats(count))
    let actual = changed(dx) {
      kernels.gateAdd(y, dy, count: count, factor: 0.25, low: -2, high: 3, to: $0.baseAddress!)
    }
    // A power of two: exact with and without a fused multiply-add.
    #expect(actual == dx.indices.map { dx[$0] + (y[$0] > -2 && y[$0] < 3 ? 0.25 * dy[$0] : 0) })
  }

  @Test(arguments: KernelTests.names, KernelTests.lengths)
  func pixelsBecomeTheirIntegers(_ name: String, _ count: Int) throws {
    let kernels = try kernels(name)
    for first in stride(from: 0, to: 511, by: count) {
      let integers = (first..<min(first + count, 511)).map { Float($0 - 255) }
      let actual = changed(integers.map { $0 * (1 / 255) }) { kernels.pixelsToIntegers($0, inverse: 255) }
      #expect(actual == integers)
    }
  }

  @Test(arguments: KernelTests.names, KernelTests.lengths)
  func weightsRoundToNearestEvenAndTheirGradientsFollow(_ name: String, _ count: Int) throws {
    let kernels = try kernels(name)
    var draws = Draws(UInt64(count))
    for (limit, inverse) in [(1, 4), (7, 16.5), (127, 200)] as [(Float, Float)] {
      var w = draws.floats(count)
      // Halves, which round to even, weights far out, and what no integer is.
      for i in stride(from: 0, to: count, by: 5) { w[i] = (Float(i % 7) - 3.5) / inverse }
      if count > 6 { (w[1], w[3], w[6]) = (1e9, -.infinity, .nan) }
      var sum: Float = 0
      let q = changed([Float](repeating: 0, count: count)) { q in
        w.withUnsafeBufferPointer {
          sum = kernels.roundWeights($0, inverse: inverse, limit: limit, into: q.baseAddress!)
        }
      }
      let expected = w.map { $0.isNaN ? limit : max(-limit, min(limit, ($0 * inverse).rounded(.toNearestOrEven))) }
      #expect(q == expected)
      #expect(sum == expected.reduce(0) { $0 + abs($1) })
      let dw = draws.floats(count)
      let reach = limit + 0.5
      let gradient = changed(dw) {
        kernels.roundGradient(w, $0.baseAddress!, count: count, inverse: inverse, reach: reach)
      }
      let passed = dw.indices.map { i in
        let position = w[i] * inverse
        return abs(position) > reach && dw[i] * position < 0 ? 0 : dw[i] * inverse
      }
      #expect(gradient == passed)
      #expect(limit > 1 || count < 8 || passed.contains(0))
    }
  }

  @Test(arguments: KernelTests.names, KernelTests.lengths)
  func prunedWeightsAreCutAndInformationDecays(_ name: String, _ count: Int) throws {
    let kernels = try kernels(name)
    var draws = Draws(UInt64(count))
    let keep = (0..<count).map { _ in UInt8(draws.generator.next() % 2) }
    let (w, dw, start) = (draws.floats(count), draws.floats(count), draws.floats(count).map(abs))
    #expect(changed(w) { kernels.mask(keep: keep, $0) } == w.indices.map { keep[$0] == 0 ? 0 : w[$0] })
    var information = start
    let gradient = changed(dw) { kernels.fisher(keep: keep, $0, &information, decay: 0.999) }
    #expect(gradient == dw.indices.map { keep[$0] == 0 ? 0 : dw[$0] })
    let decay: Float = 0.999
    #expect(information == start.indices.map { decay * start[$0] + (1 - decay) * gradient[$0] * gradient[$0] })
  }
}
