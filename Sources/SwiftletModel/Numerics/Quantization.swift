/// The type of a value's or tensor's elements.
public enum ElementType: UInt8, CaseIterable, Hashable, Sendable {
  case float32 = 0
  case uint8 = 1
  case int8 = 2
  case int32 = 3

  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .uint8, .int8: 1
    }
  }
}

/// What the integers of a value stand for: real = scale * (q - zeroPoint), per tensor.
///
/// u8 activations have a zero point in 0...255, so that real 0 is exact; s32 logits have zero point 0.
public struct Quantization: Hashable, Sendable {
  public var scale: Scale
  public var zeroPoint: Int

  public init(scale: Scale, zeroPoint: Int) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// u8 images as they are: 0...255 stands for 0...1.
  public static var image: Quantization { Quantization(scale: .oneOver255, zeroPoint: 0) }
}

extension Activation {
  /// The u8 range an output of this quantization is clamped to.
  ///
  /// A bound b clamps at zeroPoint + b / scale, rounded half up by integer arithmetic.
  public func clamp(_ quantization: Quantization) -> ClosedRange<UInt8> {
    let zero = UInt8(clamping: quantization.zeroPoint)
    switch self {
    case .none: return 0...255
    case .relu: return zero...255
    case .boundedReLU(let bound):
      let high = quantization.zeroPoint + Int(bound.steps(of: quantization.scale))
      return zero...UInt8(clamping: max(high, Int(zero)))
    }
  }
}

extension Scale {
  /// How many steps of `scale` this number is, rounded half up by integer arithmetic.
  ///
  /// A factor past 2^30 or under 2^-32 has no multiplier; it is then out of reach, or zero.
  package func steps(of scale: Scale) -> Int32 {
    FixedPointMultiplier(input: self, output: scale)?(1) ?? (exponent > scale.exponent ? .max : 0)
  }
}
