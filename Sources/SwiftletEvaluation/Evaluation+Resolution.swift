extension Evaluation {
  /// Points that squared errors resolve. Those of the same images are alike: their differences tell far more than flipped
  /// predictions.
  private static let errorResolution = 0.05
  /// The most of an accuracy that counts as wrong, so that even a model that is always wrong has a standard error.
  private static let mostWrong = 0.99

  /// About one standard error of a drop from this quality, in points.
  package var resolution: Double {
    guard reconstruction == nil else { return Self.errorResolution }
    let n = Double(max(imageCount, 1))
    // As if one image more were wrong, so that a perfect score is not taken for certainty.
    let wrong = min(1, max(0, 1 - accuracy) + 1 / n)
    return 100 * (wrong * (1 - min(wrong, Self.mostWrong)) / n).squareRoot()
  }
}
