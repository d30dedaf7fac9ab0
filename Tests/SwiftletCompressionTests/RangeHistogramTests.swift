import SwiftletCompression
import SwiftletModel
import Testing

@Suite struct RangeHistogramTests {
  static func histogram(_ values: [Float]) -> RangeHistogram {
    var histogram = RangeHistogram()
    let isFinite = histogram.add(values)
    #expect(isFinite)
    return histogram
  }

  /// The expectation macro takes no mutating call.
  func add(_ values: [Float], to histogram: inout RangeHistogram) -> Bool { histogram.add(values) }

  /// 2048 bins a side: 1 needs width 2^-10 (2^-11 * 2048 = 1 is not above 1); 5 then needs 2^-8, two doublings.
  @Test func binsDoubleAndMerge() {
    var histogram = Self.histogram([1])
    #expect(histogram.width == 0x1p-10)
    #expect(histogram.counts[2048 + 1024] == 1)
    #expect(add([5, -0.001, 0], to: &histogram))
    #expect(histogram.width == 0x1p-8)
    // 1 / 2^-8 = 256; 5 / 2^-8 = 1280; -0.001 falls into the bin just under 0.
    #expect(histogram.counts[2048 + 256] == 1)
    #expect(histogram.counts[2048 + 1280] == 1)
    #expect(histogram.counts[2047] == 1)
    #expect(histogram.counts[2048] == 1)
    #expect(histogram.counts.reduce(0, +) == 4)
    #expect(histogram.zeroCount == 1 && histogram.count == 4)
    #expect(histogram.minimum == -0.001 && histogram.maximum == 5)
  }

  /// Merging keeps every value in the bin it would have had from the start.
  @Test func orderAndBatchesDoNotMatter() {
    var random = SplitMix64(seed: 7)
    let values = (0..<5000).map { i in Networks.bell(&random) * (i % 100 == 0 ? 40 : 0.3) }
    let whole = Self.histogram(values)
    var pieces = RangeHistogram()
    for value in values.reversed() { #expect(add([value], to: &pieces)) }
    #expect(whole == pieces)
  }

  @Test func memoryDoesNotGrow() {
    var histogram = RangeHistogram()
    for exponent in -40...40 {
      #expect(add([Float(sign: .plus, exponent: exponent, significand: 1.5)], to: &histogram))
    }
    #expect(histogram.counts.count == 4096)
    #expect(histogram.count == 81)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func nonFiniteValuesAreRefusedUnchanged(_ bad: Float) {
    var histogram = Self.histogram([1, 2])
    let before = histogram
    #expect(!add([0.5, bad, 0.25], to: &histogram))
    #expect(histogram == before)
  }

  @Test func rangesIncludeZero() {
    #expect(Self.histogram([2, 3]).range(.minMax) == ActivationRange(low: 0, high: 3))
    #expect(Self.histogram([-2, -3]).range(.minMax) == ActivationRange(low: -3, high: 0))
    #expect(Self.histogram([0, 0]).range(.mse) == ActivationRange(low: 0, high: 0))
    #expect(RangeHistogram().range(.percentile(99)) == ActivationRange(low: 0, high: 0))
  }

  /// 1000 values 0.001 ... 1.000: 1% outside at the top ends at 0.990, within a bin of 2^-10.
  @Test func percentileLeavesOutTheTails() {
    let range = Self.histogram((1...1000).map { Float($0) / 1000 }).range(.percentile(99))
    #expect(abs(range.high - 0.99) < 0x1p-10)
    #expect(range.low == 0)
    let both = Self.histogram((-500...500).map { Float($0) / 1000 }).range(.percentile(90))
    #expect(abs(both.high - 0.4) < 0x1p-9 && abs(both.low + 0.4) < 0x1p-9)
    let all = Self.histogram((1...1000).map { Float($0) / 1000 })
    #expect(all.range(.percentile(100)) == all.range(.minMax))
  }

  /// Four values of 100 and range 0...51 (step 0.2): each clips by 49, give or take half a bin; the zeros err nothing.
  @Test func errorCountsClippingAndRounding() {
    let histogram = Self.histogram([100, 100, 100, 100, 0, 0, 0, 0])
    let clipped = histogram.meanSquaredError(of: ActivationRange(low: 0, high: 51))
    #expect(abs(clipped.squareRoot() - 49 / 2.0.squareRoot()) < histogram.width)
    // Nothing clips in 0...255, step 1: rounding errs by 1/12 for half of the values.
    let rounded = histogram.meanSquaredError(of: ActivationRange(low: 0, high: 255))
    #expect(abs(rounded - 0.5 / 12) < 1e-12)
  }

  /// A lone outlier among many small values is clipped by MSE, kept by min-max; brute force agrees.
  @Test func leastErrorClipsOutliers() {
    var values = (0..<20_000).map { Float($0) / 20_000 }
    values.append(8)
    let histogram = Self.histogram(values)
    let best = histogram.range(.mse)
    #expect(histogram.range(.minMax).high == 8)
    #expect(best.high < 8)
    let least = (1...800).map {
      histogram.meanSquaredError(of: ActivationRange(low: 0, high: Double($0) / 100))
    }.min()!
    #expect(histogram.meanSquaredError(of: best) <= least * 1.01)
  }
}
