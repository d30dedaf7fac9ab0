/// Two models on the same images: their predictions, or how much worse one gives its input back.
public struct PairedComparison: Hashable, Sendable, Codable {
  public var imageCount: Int
  /// Images the first model got right and the second wrong, and the reverse.
  public var rightToWrong, wrongToRight: Int
  /// Images both got wrong, each in its own way.
  public var wrongToOtherWrong: Int
  /// Present where the models give back their input: the second's squared error less the first's.
  public var errorIncrease: ErrorIncrease?

  /// Differences of the images' mean squared errors, as percentages of the images' variance.
  public struct ErrorIncrease: Hashable, Sendable, Codable {
    /// The mean over the images, and its standard error.
    public var mean, standardError: Double
  }

  /// Compares what two models of one kind made of the same images.
  public init(_ first: Evaluation, _ second: Evaluation, labels: [UInt8]) {
    precondition(first.imageCount == labels.count && second.imageCount == labels.count, "the images are the same")
    imageCount = labels.count
    rightToWrong = 0
    wrongToRight = 0
    wrongToOtherWrong = 0
    if let a = first.reconstruction, let b = second.reconstruction {
      errorIncrease = ErrorIncrease(a, b)
      return
    }
    precondition(first.reconstruction == nil && second.reconstruction == nil, "both models classify, or neither")
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

  /// The first's `Evaluation.quality` less the second's, in percentage points: how much less often the second model is
  /// right, or how much less of the variance it explains.
  public var drop: Double { errorIncrease?.mean ?? 100 * Double(rightToWrong - wrongToRight) / Double(imageCount) }

  /// The 95% interval of `drop` for matched pairs, in percentage points.
  ///
  /// Of predictions: Wald's with half a count added to each of the four cells (Agresti and Min 2005), so that no flips
  /// at all do not pass for certainty. Of errors: the mean difference and 1.96 standard errors on either side.
  public var interval: ClosedRange<Double> {
    if let errorIncrease {
      let reach = 1.96 * errorIncrease.standardError
      return errorIncrease.mean - reach...errorIncrease.mean + reach
    }
    let n = Double(imageCount) + 2
    let lost = Double(rightToWrong) + 0.5
    let won = Double(wrongToRight) + 0.5
    let difference = (lost - won) / n
    let deviation = (lost + won - (lost - won) * (lost - won) / n).squareRoot() / n
    return 100 * (difference - 1.96 * deviation)...100 * (difference + 1.96 * deviation)
  }
}

extension PairedComparison.ErrorIncrease {
  init(_ first: Evaluation.Reconstruction, _ second: Evaluation.Reconstruction) {
    mean = first.explainedVariance - second.explainedVariance
    let n = Double(first.squaredErrors.count)
    // Images all alike have no variance to compare with, a single one no spread.
    guard first.variance > 0, n > 1 else {
      standardError = 0
      return
    }
    let differences = zip(first.squaredErrors, second.squaredErrors).map { 100 * ($1 - $0) / first.variance }
    let center = differences.reduce(0, +) / n
    let squares = differences.reduce(0) { $0 + ($1 - center) * ($1 - center) }
    standardError = (squares / (n - 1) / n).squareRoot()
  }
}
