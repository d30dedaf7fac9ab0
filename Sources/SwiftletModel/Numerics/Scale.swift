/// A positive real number stored as integers: `mantissa * 2^(exponent - 31)`.
///
/// The mantissa is normalized to 2^30 ..< 2^31, so a scale has one representation, files store it exactly, and no
/// floating point takes part in loading a model.
public struct Scale: Hashable, Sendable {
  public let mantissa: UInt32
  public let exponent: Int

  public static var exponents: ClosedRange<Int> { -63...63 }

  /// A scale from its stored parts, or nil where they are not normalized or the exponent is outside `exponents`.
  public init?(mantissa: UInt32, exponent: Int) {
    guard (1 << 30..<1 << 31).contains(mantissa), Scale.exponents.contains(exponent) else { return nil }
    self.mantissa = mantissa
    self.exponent = exponent
  }

  private init(normalized mantissa: UInt32, exponent: Int) {
    self.mantissa = mantissa
    self.exponent = exponent
  }

  /// 2^(k/2) for k in -124...124, the compact form of quantization-aware files.
  ///
  /// For odd k the mantissa is 2^30 * sqrt(2) rounded, 1518500250.
  public init?(halfPower k: Int) {
    let floorHalf = k >> 1
    self.init(mantissa: k & 1 == 0 ? 1 << 30 : 1_518_500_250, exponent: floorHalf + 1)
  }

  /// k where this scale is 2^(k/2), else nil.
  public var halfPower: Int? {
    switch mantissa {
    case 1 << 30: 2 * (exponent - 1)
    case 1_518_500_250: 2 * (exponent - 1) + 1
    default: nil
    }
  }

  /// The nearest scale to a positive finite number, or nil where it is none or out of range.
  public init?(_ value: Double) {
    guard value > 0, value.isFinite, value.isNormal else { return nil }
    // value = 1.f * 2^e; the 53-bit significand is rounded to 31 bits, half up.
    let significand = (value.significandBitPattern | 1 << 52)
    var mantissa = (significand + 1 << 21) >> 22
    var exponent = Int(value.exponent) + 1
    if mantissa == 1 << 31 {
      mantissa = 1 << 30
      exponent += 1
    }
    self.init(mantissa: UInt32(mantissa), exponent: exponent)
  }

  /// The scale of u8 images that stand for reals 0...1.
  public static var oneOver255: Scale { Scale(normalized: 1_077_952_576, exponent: -7) }
  public static var one: Scale { Scale(normalized: 1 << 30, exponent: 1) }

  public var doubleValue: Double {
    // exponent - 31 lies far inside the normal range of Double, so this is exact.
    Double(mantissa) * Double(sign: .plus, exponent: exponent - 31, significand: 1)
  }
}
