import SwiftletModel

/// One model that a search made, and what it measured of it.
public struct CompressionCandidate: Hashable, Sendable, Codable {
  /// How it came about.
  public enum Method: Hashable, Sendable, Codable {
    /// Post-training quantization to so many levels on each side of 0.
    case quantized(levels: Int)
    /// Training as the integers that run, by a recipe that 'swiftlet shrink' follows.
    case trained(ShrinkRecipe)

    /// How that is done, in few words.
    var text: String {
      switch self {
      case .quantized(let levels): return "quantized, \(levels) levels"
      case .trained(let recipe):
        var parts = [recipe.widths.map { "widths " + $0.map(String.init).joined(separator: "-") } ?? "full width"]
        if let target = recipe.targetBytes { parts.append("to \(target) bytes") }
        parts.append("levels " + recipe.quantization.levels.map(String.init).joined(separator: "-"))
        parts.append("\(recipe.floatTraining.epochs)+\(recipe.training.epochs) epochs")
        return parts.joined(separator: ", ")
      }
    }
  }

  /// From 1, in the order tried.
  public var number: Int
  public var method: Method
  /// Accuracy, or explained variance, on the validation images in percent, and what is lost of the float model's.
  public var points, drop: Double
  /// Points lost on training images, against the float model's lower score on either kind of image.
  ///
  /// A network does better on images it was trained on than on others, so it loses hardly less than this. Validation
  /// images are few, and the best of many candidates is lucky on them; training images are many.
  public var trainingDrop: Double?
  public var fileBytes: Int
  /// The bytes at the last pruning, where training was given up before there was a file.
  public var estimatedBytes: Int?
  /// Whether all weights of these channels were too few, so that more channels are tried since.
  var isTooNarrow: Bool?
  /// A call with one image on one thread of this machine, the median.
  public var microseconds: Double
  /// Packed weights and activations of one image at run time.
  public var memoryBytes: Int
  public var meetsBudget: Bool
  /// Training was given up because the budget was out of reach or the time over; the figures are of its best epoch.
  public var isAbandoned: Bool
  /// Epochs trained, and the time it took.
  public var epochs: Int
  public var seconds: Double

  package init(
    number: Int, method: Method, points: Double, drop: Double, trainingDrop: Double? = nil, fileBytes: Int,
    microseconds: Double, memoryBytes: Int = 0, isAbandoned: Bool = false, epochs: Int = 0, seconds: Double = 0
  ) {
    self.number = number
    self.method = method
    self.points = points
    self.drop = drop
    self.trainingDrop = trainingDrop
    self.fileBytes = fileBytes
    self.microseconds = microseconds
    self.memoryBytes = memoryBytes
    meetsBudget = false
    self.isAbandoned = isAbandoned
    self.epochs = epochs
    self.seconds = seconds
  }

  /// The larger of both drops: what counts against the budget.
  public var lost: Double { max(drop, trainingDrop ?? drop) }

  /// Its bytes, as far as known.
  private var knownBytes: Int? { fileBytes > 0 ? fileBytes : estimatedBytes }

  /// The share of the bytes asked for below which next to nothing was pruned.
  private static let unprunedShare = 0.93

  /// Whether all weights together take clearly fewer bytes than were asked for: next to nothing was pruned.
  var isUnpruned: Bool {
    guard let target = recipe?.targetBytes, let knownBytes else { return false }
    return Double(knownBytes) < Self.unprunedShare * Double(target)
  }

  /// The size that it is evidence of: the bytes asked for, or those it has where these were enough, or where it was too
  /// narrow for more.
  var size: Int {
    let countsAsItIs = isTooNarrow == true || meetsBudget && isUnpruned
    return (countsAsItIs ? knownBytes : nil) ?? recipe?.targetBytes ?? fileBytes
  }

  public var recipe: ShrinkRecipe? {
    if case .trained(let recipe) = method { recipe } else { nil }
  }

  /// How it was made, in a few words.
  public var methodText: String { method.text }

  /// One line for people.
  var summary: String {
    "candidate \(number) (\(fileBytes) bytes, \(points.rounded(places: 2))%, \(microseconds.rounded(places: 1)) us)"
  }
}

extension CompressionBudget {
  package func meets(_ candidate: CompressionCandidate) -> Bool {
    shortfalls(of: candidate).isEmpty
  }

  /// Whether `a` is to be preferred to `b`: within the budget first, there the smaller file or the better quality;
  /// outside it the nearer to it.
  package func prefers(_ a: CompressionCandidate, to b: CompressionCandidate) -> Bool {
    if a.meetsBudget != b.meetsBudget { return a.meetsBudget }
    guard a.meetsBudget else {
      return distance(of: a) < distance(of: b)
    }
    return seeksSmallest
      ? (a.fileBytes, a.lost, a.number) < (b.fileBytes, b.lost, b.number)
      : (a.lost, a.fileBytes, a.number) < (b.lost, b.fileBytes, b.number)
  }
}

extension [CompressionCandidate] {
  /// Times within these ratios of each other count as the same: this machine's clock is no better.
  private static var sameTime: ClosedRange<Double> { 0.9...1.1 }

  /// The least that a trained network with a file lost; 0 where there is none.
  var leastLost: Double { filter { $0.recipe != nil && $0.fileBytes > 0 }.map(\.lost).min() ?? 0 }

  /// The candidates that no other beats in quality, bytes and time at once, smallest first.
  ///
  /// Of those whose training was given up only what is within the budget nevertheless counts, as it may be the result.
  public var paretoFront: [CompressionCandidate] {
    let finished = filter { !$0.isAbandoned || $0.meetsBudget }
    return finished.filter { candidate in
      !finished.contains { other in
        let isNoWorse =
          other.lost <= candidate.lost && other.fileBytes <= candidate.fileBytes
          && other.microseconds <= Self.sameTime.upperBound * candidate.microseconds
        let isBetter =
          other.lost < candidate.lost || other.fileBytes < candidate.fileBytes
          || other.microseconds < Self.sameTime.lowerBound * candidate.microseconds
        return isNoWorse && isBetter && other.number != candidate.number
      }
    }.sorted { ($0.fileBytes, $0.lost, $0.number) < ($1.fileBytes, $1.lost, $1.number) }
  }
}
