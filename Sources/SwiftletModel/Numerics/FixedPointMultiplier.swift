/// A positive real factor `mantissa * 2^-shift` and the one rounding of every requantization.
///
/// The mantissa has 31 bits (2^30 ..< 2^31) and the shift is 1...62; see Numerics.md, Requantization.
@frozen public struct FixedPointMultiplier: Hashable, Sendable {
  public let mantissa: Int32
  public let shift: Int32

  public static var shifts: ClosedRange<Int> { 1...62 }

  /// The factor numerator / denominator * 2^exponent, its mantissa rounded half up to 31 bits.
  ///
  /// Integer arithmetic throughout. Nil where the factor needs a shift outside `shifts`, or an operand is zero.
  public init?(numerator: UInt64, denominator: UInt64, exponent: Int = 0) {
    guard numerator > 0, denominator > 0 else { return nil }
    let n = numerator << UInt64(numerator.leadingZeroBitCount)
    let d = denominator << UInt64(denominator.leadingZeroBitCount)
    let binary = exponent - numerator.leadingZeroBitCount + denominator.leadingZeroBitCount
    // n / d lies in 1/2 ..< 2; `bits` brings it to 2^30 ..< 2^31.
    var bits = n >= d ? 30 : 31
    var (quotient, remainder) = d.dividingFullWidth((n >> UInt64(64 - bits), n << UInt64(bits)))
    if remainder >= d - remainder { quotient += 1 }
    if quotient == 1 << 31 {
      quotient = 1 << 30
      bits -= 1
    }
    let shift = bits - binary
    guard FixedPointMultiplier.shifts.contains(shift) else { return nil }
    mantissa = Int32(quotient)
    self.shift = Int32(shift)
  }

  /// input * weight / output, the factor from an accumulator to the output's integers.
  public init?(input: Scale, weight: Scale, output: Scale) {
    self.init(
      numerator: UInt64(input.mantissa) * UInt64(weight.mantissa), denominator: UInt64(output.mantissa),
      exponent: input.exponent + weight.exponent - output.exponent - 31)
  }

  /// input / (output * count), the factor from a sum of `count` integers to their mean in the output's integers.
  public init?(input: Scale, output: Scale, count: Int = 1) {
    guard count >= 1, count <= 1 << 32 else { return nil }
    self.init(
      numerator: UInt64(input.mantissa), denominator: UInt64(output.mantissa) * UInt64(count),
      exponent: input.exponent - output.exponent)
  }

  /// floor((accumulator * mantissa + 2^(shift - 1)) / 2^shift), saturated to 32 bits.
  @inlinable public func callAsFunction(_ accumulator: Int32) -> Int32 {
    let product = Int64(accumulator) * Int64(mantissa)
    return Int32(clamping: (product + (1 &<< Int64(shift &- 1))) &>> Int64(shift))
  }

  /// The factor as a real number, for reports.
  public var doubleValue: Double { Double(mantissa) * Double(sign: .plus, exponent: -Int(shift), significand: 1) }
}

/// The two factors of an addition, brought to one common shift so that the sum is rounded once.
@frozen public struct AdditionMultipliers: Hashable, Sendable {
  public let left, right: Int32
  public let shift: Int32

  /// left / output and right / output at the smaller of the two shifts.
  ///
  /// The mantissa of the smaller factor is shifted right by the difference, rounded half up (0 from 32 on).
  public init?(left: Scale, right: Scale, output: Scale) {
    guard let l = FixedPointMultiplier(input: left, output: output),
      let r = FixedPointMultiplier(input: right, output: output)
    else { return nil }
    let shift = min(l.shift, r.shift)
    self.shift = shift
    self.left = AdditionMultipliers.mantissa(l, at: shift)
    self.right = AdditionMultipliers.mantissa(r, at: shift)
  }

  private static func mantissa(_ factor: FixedPointMultiplier, at shift: Int32) -> Int32 {
    let difference = Int64(factor.shift - shift)
    if difference == 0 { return factor.mantissa }
    if difference >= 32 { return 0 }
    return Int32((Int64(factor.mantissa) + (1 << (difference - 1))) >> difference)
  }

  /// floor((u * left + v * right + 2^(shift - 1)) / 2^shift) for u, v = q - zeroPoint.
  @inlinable public func callAsFunction(_ u: Int32, _ v: Int32) -> Int32 {
    let sum = Int64(u) * Int64(left) + Int64(v) * Int64(right)
    return Int32(clamping: (sum + (1 &<< Int64(shift &- 1))) &>> Int64(shift))
  }
}

extension FixedWidthInteger {
  /// floor((2 * self + divisor) / (2 * divisor)): the quotient rounded half up, negatives included.
  @inlinable public func dividedRoundingHalfUp(by divisor: Self) -> Self {
    let numerator = 2 * self + divisor
    let denominator = 2 * divisor
    let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
