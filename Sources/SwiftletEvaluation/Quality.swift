import SwiftletModel

/// How finely `Evaluation.quality` is known, and what a file tells of it.
package enum Quality {
  /// About one standard error of the drop from `float`.
  package static func resolution(_ float: Evaluation) -> Double {
    // Squared errors of the same images are alike: their differences tell far more than flipped predictions.
    guard float.reconstruction == nil else { return 0.05 }
    let n = Double(max(float.imageCount, 1))
    // As if one image more were wrong, so that a perfect score is not taken for certainty.
    let wrong = min(1, max(0, 1 - float.accuracy) + 1 / n)
    return 100 * (wrong * (1 - min(wrong, 0.99)) / n).squareRoot()
  }

  /// What the provenance of a model made of `source` records.
  package static func accuracies(of source: Model, correct: Int, _ count: Int) -> [Provenance.Accuracy] {
    source.reconstructsInput ? [] : [.init(.validation, correct: correct, total: count)]
  }
}
