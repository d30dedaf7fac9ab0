import SwiftletModel

/// Which numbers scales may be.
public enum ScaleForm: Hashable, Sendable {
  /// The nearest 31-bit mantissa: the best fit, 5 bytes per channel in a file.
  case exact
  /// The least 2^(k/2) that is enough: up to 1.41 times coarser, about 1 byte per channel in a file.
  case halfPower

  /// The scale for `value` > 0 in this form, or nil where it is out of range.
  public func scale(_ value: Double) -> Scale? {
    switch self {
    case .exact: return Scale(value)
    case .halfPower:
      guard value > 0, value.isFinite, value.isNormal else { return nil }
      // 2^(e/2 * 2) <= value < 2^(e + 1): at most three candidates. The relative slack forgives sqrt(2)'s rounding.
      let first = 2 * Int(value.exponent)
      for k in first...first + 2 {
        if let scale = Scale(halfPower: k), scale.doubleValue >= value * (1 - 1e-9) { return scale }
      }
      return nil
    }
  }
}

/// How weights become integers.
public enum WeightRounding: Hashable, Sendable {
  /// Each to the nearest, half away from zero.
  case nearest
  /// One after the other, the later making up for the errors of the earlier on calibration images: worth it at 4 bits
  /// and fewer. Layers in groups, and of more than 4096 weights a filter, round to the nearest.
  case compensated
}

/// Choices of post-training quantization.
public struct QuantizationOptions: Hashable, Sendable {
  public var ranges: RangeMethod
  public var activationScales, weightScales: ScaleForm
  /// Weights become integers in -weightLevels ... weightLevels; at most 127. Fewer levels make smaller files.
  public var weightLevels: Int
  /// So many different integers at most in a layer's weights, 0 among them, chosen by k-means: a shared codebook (Han,
  /// Mao and Dally 2016, section 3). 2 or more; nil allows all of -weightLevels ... weightLevels.
  public var codebookSize: Int?
  /// Tries smaller weight scales too, down to a quarter, and keeps each channel's with the least squared error: worth
  /// it where levels are few.
  public var searchesWeightScales: Bool
  /// Needs a calibration made with these options.
  public var rounding: WeightRounding
  /// Takes the mean error that rounded weights make on calibration images out of the bias (Nagel et al. 2019, section
  /// 4.2, with measured means). Needs a calibration made with these options.
  public var correctsBias: Bool
  /// Evens out the ranges of weights between layers first: `FoldedModel(_:equalizes:)`.
  public var equalizesLayers: Bool

  public init(
    ranges: RangeMethod = .mse, activationScales: ScaleForm = .exact, weightScales: ScaleForm = .exact,
    weightLevels: Int = 127, codebookSize: Int? = nil, searchesWeightScales: Bool = false,
    rounding: WeightRounding = .nearest,
    correctsBias: Bool = false, equalizesLayers: Bool = false
  ) {
    precondition((1...127).contains(weightLevels), "weight levels lie in 1 ... 127")
    precondition(codebookSize ?? 2 >= 2, "a codebook has 0 and at least one other value")
    self.ranges = ranges
    self.activationScales = activationScales
    self.weightScales = weightScales
    self.weightLevels = weightLevels
    self.codebookSize = codebookSize
    self.searchesWeightScales = searchesWeightScales
    self.rounding = rounding
    self.correctsBias = correctsBias
    self.equalizesLayers = equalizesLayers
  }
}
