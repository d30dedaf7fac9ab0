/// A histogram of the values of one activation, in memory that does not grow with their number.
///
/// `2 * binsPerSide` bins lie about 0, each `width` wide: bin i holds i * width ..< (i + 1) * width. A value beyond the
/// last bin doubles the width: bins 2j and 2j + 1 become bin j, so counts stay exact and edges stay multiples of the
/// width. The width is the smallest power of two that fits all values seen, whatever their order or batches.
public struct RangeHistogram: Hashable, Sendable {
  public static let binsPerSide = 2048

  /// How many values each bin holds, the lowest bin first; zeros count too.
  public private(set) var counts: [Int]
  /// The extent of a bin; 0 until a value other than 0 was seen.
  public private(set) var width: Double = 0
  /// The least and the greatest value, exactly.
  public private(set) var minimum = Float.infinity
  public private(set) var maximum = -Float.infinity
  /// How many values were exactly 0: no quantization has an error there.
  public private(set) var zeroCount = 0
  public private(set) var count = 0

  public init() { counts = Array(repeating: 0, count: 2 * RangeHistogram.binsPerSide) }

  /// Adds values. Linear in their number; allocates nothing.
  ///
  /// - Returns: false, with the histogram unchanged, where one is NaN or infinite.
  public mutating func add(_ values: UnsafeBufferPointer<Float>) -> Bool {
    var low = Float.infinity
    var high = -Float.infinity
    // 0 * x is NaN for NaN and infinity alone.
    var poison: Float = 0
    for value in values {
      poison += 0 * value
      low = Swift.min(low, value)
      high = Swift.max(high, value)
    }
    guard poison == 0 else { return false }
    guard !values.isEmpty else { return true }
    minimum = Swift.min(minimum, low)
    maximum = Swift.max(maximum, high)
    count += values.count
    grow(to: Swift.max(abs(low), abs(high)))
    guard width > 0 else {
      zeroCount += values.count
      counts[RangeHistogram.binsPerSide] += values.count
      return true
    }
    let inverse = 1 / width
    var zeros = 0
    counts.withUnsafeMutableBufferPointer { counts in
      for value in values {
        zeros &+= value == 0 ? 1 : 0
        let bin = Int((Double(value) * inverse).rounded(.down)) &+ RangeHistogram.binsPerSide
        counts[bin] &+= 1
      }
    }
    zeroCount += zeros
    return true
  }

  /// As above, for an array.
  public mutating func add(_ values: [Float]) -> Bool { values.withUnsafeBufferPointer { add($0) } }

  /// Widens the bins until `magnitude` lies strictly inside.
  private mutating func grow(to magnitude: Float) {
    guard magnitude > 0 else { return }
    let reach = Double(magnitude)
    let bins = Double(RangeHistogram.binsPerSide)
    if width == 0 {
      // Only zeros so far: they stay in the bin that begins at 0 whatever the width.
      let least = reach / bins
      width = Double(sign: .plus, exponent: least.exponent, significand: 1)
    }
    while width * bins <= reach { merge() }
  }

  private mutating func merge() {
    let half = RangeHistogram.binsPerSide / 2
    var merged = [Int](repeating: 0, count: counts.count)
    for bin in 0..<RangeHistogram.binsPerSide { merged[half + bin] = counts[2 * bin] + counts[2 * bin + 1] }
    counts = merged
    width *= 2
  }

  /// The lower edge of a bin.
  func edge(_ bin: Int) -> Double { Double(bin - RangeHistogram.binsPerSide) * width }
}
