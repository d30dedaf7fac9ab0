import SwiftletModel

/// What a search is to keep of a model, in points: all that asks how good a model is asks here.
enum Quality {
  /// Accuracy in percent.
  static func points(of evaluation: Evaluation) -> Double { evaluation.quality }

  /// Of a model saved while it was trained.
  static func points(of result: ShrinkResult) -> Double { result.quality }

  /// About one standard error of the drop from `float`.
  static func resolution(_ float: Evaluation) -> Double {
    // Squared errors of the same images are alike: their differences tell far more than flipped predictions.
    guard float.reconstruction == nil else { return 0.05 }
    let points = points(of: float)
    let n = Double(max(float.imageCount, 1))
    // As if one image more were wrong, so that a perfect score is not taken for certainty.
    let wrong = min(1, max(0, 1 - points / 100) + 1 / n)
    return 100 * (wrong * (1 - min(wrong, 0.99)) / n).squareRoot()
  }

  /// What the provenance of a model made of `source` records.
  static func accuracies(of source: Model, correct: Int, _ count: Int) -> [Provenance.Accuracy] {
    source.reconstructsInput ? [] : [.init(.validation, correct: correct, total: count)]
  }
}
