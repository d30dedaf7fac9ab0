import SwiftletModel
import Testing

@Suite struct ScaleTests {
  @Test func oneOver255IsTheNearestScale() {
    #expect(Scale(1.0 / 255) == .oneOver255)
    #expect(Scale(1) == .one)
  }

  @Test func mantissaIsNormalizedOrRefused() {
    #expect(Scale(mantissa: (1 << 30) - 1, exponent: 0) == nil)
    #expect(Scale(mantissa: 1 << 31, exponent: 0) == nil)
    #expect(Scale(mantissa: 1 << 30, exponent: 64) == nil)
    #expect(Scale(0) == nil)
    #expect(Scale(-1) == nil)
    #expect(Scale(.nan) == nil)
    #expect(Scale(.infinity) == nil)
    // 1 - 2^-40 rounds up to the next power of two.
    #expect(Scale(1 - 0x1p-40) == .one)
  }

  @Test(arguments: -124...124) func halfPowersRoundTrip(_ k: Int) throws {
    let scale = try #require(Scale(halfPower: k))
    #expect(scale.halfPower == k)
    let square = scale.doubleValue * scale.doubleValue
    let exact = Double(sign: .plus, exponent: k, significand: 1)
    #expect(abs(square / exact - 1) < 0x1p-29)
  }
}

@Suite struct FixedPointMultiplierTests {
  @Test func roundsHalfUpNegativesIncluded() throws {
    let half = try #require(FixedPointMultiplier(numerator: 1, denominator: 2))
    #expect(half.mantissa == 1 << 30 && half.shift == 31)
    #expect([-5, -4, -3, -2, -1, 0, 1, 2, 3].map { half($0) } == [-2, -2, -1, -1, 0, 0, 1, 1, 2])
  }

  @Test func workedExampleOfTheNumericsDocument() throws {
    let tenth = try #require(Scale(0.1))
    let hundredth = try #require(Scale(0.01))
    let m = try #require(FixedPointMultiplier(input: .oneOver255, weight: hundredth, output: tenth))
    #expect(m.mantissa == 1_724_724_122 && m.shift == 42)
    #expect(m(2550) == 1)
    #expect(m(1276) == 1)
    #expect(m(1275) == 0)
    #expect(m(-1276) == -1)
  }

  @Test func mantissaRoundingCarriesIntoTheShift() throws {
    // (2^32 - 1) / 2^32 rounds up to 1.
    let m = try #require(FixedPointMultiplier(numerator: (1 << 32) - 1, denominator: 1 << 32))
    #expect(m.mantissa == 1 << 30 && m.shift == 30)
  }

  @Test func rangeIsOneToSixtyTwo() {
    #expect(FixedPointMultiplier(numerator: 1, denominator: 1, exponent: 29)?.shift == 1)
    #expect(FixedPointMultiplier(numerator: 1, denominator: 1, exponent: 30) == nil)
    #expect(FixedPointMultiplier(numerator: 1, denominator: 1, exponent: -32)?.shift == 62)
    #expect(FixedPointMultiplier(numerator: 1, denominator: 1, exponent: -33) == nil)
    #expect(FixedPointMultiplier(numerator: 0, denominator: 1) == nil)
  }

  @Test func saturatesToThirtyTwoBits() throws {
    let m = try #require(FixedPointMultiplier(numerator: 4, denominator: 1))
    #expect(m(.max) == .max)
    #expect(m(.min) == .min)
  }

  /// The stated shortcut for shifts of 33 and more equals the definition; at 32 it does not.
  @Test func highWordFormIsIdenticalFromShift33() throws {
    var random = SplitMix64(seed: 1)
    for shift in 33...62 {
      for _ in 0..<200 {
        let mantissa = Int64(1 << 30) + Int64(random.next() >> 34)
        let accumulator = Int64(Int32(truncatingIfNeeded: random.next()))
        let definition = (accumulator * mantissa + (1 << Int64(shift - 1))) >> Int64(shift)
        let high = (accumulator * mantissa) >> 32
        #expect(definition == (high + (1 << Int64(shift - 33))) >> Int64(shift - 32))
      }
    }
  }

  @Test func additionSumsBeforeRounding() throws {
    let half = try #require(Scale(0.5))
    let quarter = try #require(Scale(0.25))
    let m = try #require(AdditionMultipliers(left: half, right: quarter, output: .one))
    // 0.5 * 1 + 0.25 * 2 = 1 exactly; rounding each term alone would give 1 + 1.
    #expect(m(1, 2) == 1)
    #expect(m(1, -2) == 0)
    #expect(m(-3, 0) == -1)
  }

  @Test func divisionRoundsHalfUp() {
    #expect((-7).dividedRoundingHalfUp(by: 2) == -3)
    #expect(7.dividedRoundingHalfUp(by: 2) == 4)
    #expect((-8).dividedRoundingHalfUp(by: 3) == -3)
    #expect((-1).dividedRoundingHalfUp(by: 2) == 0)
    #expect(10.dividedRoundingHalfUp(by: 4) == 3)
  }
}

@Suite struct ClampTests {
  @Test func boundedReLUClampsAtTheBound() throws {
    let six = try #require(Scale(6))
    let tenth = Quantization(scale: try #require(Scale(0.1)), zeroPoint: 10)
    #expect(Activation.boundedReLU(six).clamp(tenth) == 10...70)
    #expect(Activation.relu.clamp(tenth) == 10...255)
    #expect(Activation.none.clamp(tenth) == 0...255)
    let tiny = Quantization(scale: try #require(Scale(halfPower: -120)), zeroPoint: 3)
    #expect(Activation.boundedReLU(six).clamp(tiny) == 3...255)
  }
}

@Suite struct IntegerSoftmaxTests {
  @Test func equalsRealSoftmaxToTheLastDecimal() throws {
    // e^0, e^-1, e^-2, normalized: 0.66524, 0.24473, 0.09003.
    let scale = try #require(Scale(1.0 / 1024))
    #expect(IntegerSoftmax.tenThousandths([2048, 1024, 0], scale: scale) == [6652, 2447, 900])
    #expect(IntegerSoftmax.tenThousandths([5, 5], scale: scale) == [5000, 5000])
    #expect(IntegerSoftmax.tenThousandths([], scale: scale).isEmpty)
  }

  @Test func extremeLogitsDoNotOverflow() throws {
    let scale = try #require(Scale(1e-3))
    #expect(IntegerSoftmax.tenThousandths([.max, .min], scale: scale) == [10_000, 0])
    let huge = try #require(Scale(halfPower: 100))
    #expect(IntegerSoftmax.tenThousandths([1, 0], scale: huge) == [10_000, 0])
    let small = try #require(Scale(halfPower: -120))
    #expect(IntegerSoftmax.tenThousandths([1, 0], scale: small) == [5000, 5000])
  }
}

@Suite struct SelfTestPrimitives {
  @Test func splitMixMatchesThePublishedSequence() {
    var generator = SplitMix64(seed: 1_234_567)
    #expect(generator.next() == 6_457_827_717_110_365_317)
    #expect(generator.next() == 3_203_168_211_198_807_973)
  }

  @Test func hashMatchesPublishedFNVVectors() {
    var hash = OutputHash()
    #expect(hash.value == 0xcbf2_9ce4_8422_2325)
    for byte in "foobar".utf8 { hash.add(byte) }
    #expect(hash.value == 0x8594_4171_f739_67e8)
  }

  @Test func goldenInputKeepsTheUpperHalfOfEachByte() {
    var raw = SplitMix64(seed: 9)
    let word = raw.next()
    var golden = GoldenInput(seed: 9)
    for i in 0..<8 {
      let byte = UInt8(truncatingIfNeeded: word >> UInt64(8 * i))
      #expect(golden.nextByte() == (byte >= 128 ? byte : 0))
    }
  }
}
