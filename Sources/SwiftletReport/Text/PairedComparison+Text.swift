import Foundation
import SwiftletEvaluation

extension PairedComparison {
  /// The comparison as a sentence without its stop.
  public var text: String {
    let flips =
      errorIncrease == nil
      ? "the second loses \(rightToWrong) and wins \(wrongToRight) (\(wrongToOtherWrong) wrong in another way)"
      : "the second explains less of the variance"
    let figures = [drop, interval.lowerBound, interval.upperBound].map { String(format: "%.2f", $0) }
    return "of \(imageCount.grouped) images \(flips): a drop of \(figures[0]) points, 95% interval "
      + "\(figures[1]) to \(figures[2])"
  }
}
