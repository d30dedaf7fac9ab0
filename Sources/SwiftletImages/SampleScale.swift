/// Maps samples of 0...maximum onto bytes: floor(sample * 255 / maximum + 0.5), the linear rescaling of the PNG
/// specification (third edition, section 13.12).
struct SampleScale {
  private let maximum, reciprocal: UInt64

  /// `maximum` is 1 to 65535.
  init(maximum: Int) {
    precondition((1...0xFFFF).contains(maximum), "Samples have 1 to 16 bits.")
    self.maximum = UInt64(maximum)
    reciprocal = (1 << 42) / (2 * self.maximum) + 1
  }

  /// The quotient (510 * sample + maximum) / (2 * maximum), without a division: the product of the largest dividend,
  /// 511 * 65535, and the largest divisor, 131070, is below 2^42, and so the reciprocal's error never shows.
  @inline(__always) func callAsFunction(_ sample: Int) -> UInt8 {
    let product = (UInt64(truncatingIfNeeded: sample) &* 510 &+ maximum) &* reciprocal
    return UInt8(truncatingIfNeeded: product &>> 42)
  }
}
