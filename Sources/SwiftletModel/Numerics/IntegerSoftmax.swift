/// Probabilities for people, from s32 logits by integer arithmetic alone, the same text on every build.
public enum IntegerSoftmax {
  /// 2^(-1/2^i) in 31-bit fixed point, i = 1...16.
  private static func root(_ i: Int) -> UInt64 {
    switch i {
    case 1: 1_518_500_250
    case 2: 1_805_811_301
    case 3: 1_969_251_188
    case 4: 2_056_437_387
    case 5: 2_101_467_502
    case 6: 2_124_350_982
    case 7: 2_135_885_998
    case 8: 2_141_676_973
    case 9: 2_144_578_345
    case 10: 2_146_030_505
    case 11: 2_146_756_953
    case 12: 2_147_120_270
    case 13: 2_147_301_951
    case 14: 2_147_392_798
    case 15: 2_147_438_222
    default: 2_147_460_935
    }
  }

  /// 2^(-t / 65536) in 31-bit fixed point: the product of the tabled roots, each product rounded half up.
  package static func exp2(minus t: UInt64) -> UInt64 {
    let whole = t >> 16
    guard whole < 40 else { return 0 }
    var result: UInt64 = 1 << 31
    for i in 1...16 where t >> UInt64(16 - i) & 1 == 1 {
      result = (result * root(i) + 1 << 30) >> 31
    }
    return result >> whole
  }

  /// The probability of each logit in ten-thousandths, rounded half up; they may sum to a few units off 10,000.
  ///
  /// `scale` is the logits' scale. Differences to the largest logit are taken in units of log2(e) / 65536.
  public static func tenThousandths(_ logits: [Int32], scale: Scale) -> [Int] {
    guard let largest = logits.max() else { return [] }
    // scale * log2(e) * 2^16; where it leaves the multiplier's range the softmax is one-hot, or uniform.
    let log2e = Scale(mantissa: 1_549_082_005, exponent: 1)!
    let factor = FixedPointMultiplier(
      numerator: UInt64(scale.mantissa) * UInt64(log2e.mantissa), denominator: 1 << 31,
      exponent: scale.exponent + log2e.exponent - 31 + 16)
    let weights = logits.map { logit -> UInt64 in
      let distance = Int64(largest) - Int64(logit)
      if distance == 0 { return 1 << 31 }
      guard let factor else { return scale.exponent > 0 ? 0 : 1 << 31 }
      let clamped = min(distance, Int64(Int32.max))
      let steps = (clamped * Int64(factor.mantissa) + (1 << Int64(factor.shift - 1))) >> Int64(factor.shift)
      return exp2(minus: UInt64(steps))
    }
    let total = weights.reduce(0, +)
    return weights.map { Int((20_000 * $0 + total) / (2 * total)) }
  }
}
