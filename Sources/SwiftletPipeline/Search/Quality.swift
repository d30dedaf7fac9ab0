import SwiftletModel
import SwiftletTraining

/// What a search is to keep of a model, in points: all that asks how good a model is asks here.
enum Quality {
  /// Accuracy in percent.
  static func points(of evaluation: Evaluation) -> Double { 100 * evaluation.accuracy }

  /// Of an epoch of training on the validation images; nil where its figures do not tell.
  static func points(of epoch: EpochSummary) -> Double? { 100 * epoch.validationAccuracy }

  /// Of a model saved while it was trained.
  static func points(of result: ShrinkResult) -> Double {
    100 * Double(result.correctCount) / Double(max(result.validationCount, 1))
  }

  /// One standard error of `points` over so many images, that of the least accuracy being within reach.
  static func resolution(points: Double, imageCount: Int) -> Double {
    let n = Double(max(imageCount, 1))
    // As if one image more were wrong, so that a perfect score is not taken for certainty.
    let wrong = min(1, max(0, 1 - points / 100) + 1 / n)
    return 100 * (wrong * (1 - min(wrong, 0.99)) / n).squareRoot()
  }

  /// What the provenance of a model made of `source` records.
  static func accuracies(of source: Model, correct: Int, _ count: Int) -> [Provenance.Accuracy] {
    [.init(.validation, correct: correct, total: count)]
  }
}
