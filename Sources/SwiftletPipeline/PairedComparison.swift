/// Two models' predictions on the same images.
public struct PairedComparison: Hashable, Sendable, Codable {
  public var imageCount: Int
  /// Images the first model got right and the second wrong, and the reverse.
  public var rightToWrong, wrongToRight: Int
  /// Images both got wrong, each in its own way.
  public var wrongToOtherWrong: Int

  /// Compares predictions of the same images.
  public init(_ first: Evaluation, _ second: Evaluation, labels: [UInt8]) {
    precondition(first.imageCount == labels.count && second.imageCount == labels.count, "the images are the same")
    imageCount = labels.count
    rightToWrong = 0
    wrongToRight = 0
    wrongToOtherWrong = 0
    for (label, (a, b)) in zip(labels, zip(first.predictions, second.predictions)) where a != b {
      if a == Int(label) {
        rightToWrong += 1
      } else if b == Int(label) {
        wrongToRight += 1
      } else {
        wrongToOtherWrong += 1
      }
    }
  }

  init(imageCount: Int, rightToWrong: Int, wrongToRight: Int, wrongToOtherWrong: Int = 0) {
    self.imageCount = imageCount
    self.rightToWrong = rightToWrong
    self.wrongToRight = wrongToRight
    self.wrongToOtherWrong = wrongToOtherWrong
  }

  public var flipCount: Int { rightToWrong + wrongToRight + wrongToOtherWrong }

  /// How much less often the second model is right, in percentage points.
  public var drop: Double { 100 * Double(rightToWrong - wrongToRight) / Double(imageCount) }

  /// The 95% interval of `drop` for matched pairs, in percentage points: Wald's with half a count added to each of the
  /// four cells (Agresti and Min 2005), so that no flips at all do not pass for certainty.
  public var interval: ClosedRange<Double> {
    let n = Double(imageCount) + 2
    let lost = Double(rightToWrong) + 0.5
    let won = Double(wrongToRight) + 0.5
    let difference = (lost - won) / n
    let deviation = (lost + won - (lost - won) * (lost - won) / n).squareRoot() / n
    return 100 * (difference - 1.96 * deviation)...100 * (difference + 1.96 * deviation)
  }
}
