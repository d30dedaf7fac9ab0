import SwiftletModel

/// One model that a search made, and what it measured of it.
public struct CompressionCandidate: Hashable, Sendable, Codable {
  /// How it came about.
  public enum Method: Hashable, Sendable, Codable {
    /// Post-training quantization to so many levels on each side of 0.
    case quantized(levels: Int)
    /// Training as the integers that run, by a recipe that 'swiftlet shrink' follows.
    case trained(ShrinkRecipe)
  }

  /// From 1, in the order tried.
  public var number: Int
  public var method: Method
  /// Accuracy, or explained variance, on the validation images in percent, and what is lost of the float model's.
  public var points, drop: Double
  /// What is lost on images of training of the float model's quality on either, the lower one. A network does better on
  /// images it was trained on than on others, so this is little less than what is lost at least, whatever luck the
  /// validation images had in the choice among candidates; they are few and these many.
  public var trainingDrop: Double?
  public var fileBytes: Int
  /// Where training was given up before there was a file: its bytes at the last pruning, as far as known.
  public var estimatedBytes: Int?
  /// Whether more channels are tried since, as all weights of these were too few.
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

  /// Whether all weights together take clearly fewer bytes than were asked for: next to nothing was pruned.
  var isUnpruned: Bool {
    guard let target = recipe?.targetBytes, let knownBytes else { return false }
    return Double(knownBytes) < 0.93 * Double(target)
  }

  /// The bytes it tells something of: those asked for, or those it has where these were enough, or where it was too
  /// narrow for more.
  var size: Int {
    let countsAsItIs = isTooNarrow == true || meetsBudget && isUnpruned
    return (countsAsItIs ? knownBytes : nil) ?? recipe?.targetBytes ?? fileBytes
  }

  public var recipe: ShrinkRecipe? {
    if case .trained(let recipe) = method { recipe } else { nil }
  }

  /// How it was made, in a few words.
  public var methodText: String {
    switch method {
    case .quantized(let levels): return "quantized, \(levels) levels"
    case .trained(let recipe):
      var parts = [recipe.widths.map { "widths " + $0.map(String.init).joined(separator: "-") } ?? "full width"]
      if let target = recipe.targetBytes { parts.append("to \(target) bytes") }
      parts.append("levels " + recipe.quantization.levels.map(String.init).joined(separator: "-"))
      parts.append("\(recipe.floatTraining.epochs)+\(recipe.training.epochs) epochs")
      return parts.joined(separator: ", ")
    }
  }

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
  /// The least that a trained network with a file lost; 0 where there is none.
  var leastLost: Double { filter { $0.recipe != nil && $0.fileBytes > 0 }.map(\.lost).min() ?? 0 }

  /// The candidates that no other beats in quality, bytes and time at once, smallest first.
  ///
  /// Of those whose training was given up only what is within the budget nevertheless counts, as it may be the result.
  /// Times within a tenth of each other count as the same: this machine's clock is no better.
  public var paretoFront: [CompressionCandidate] {
    let finished = filter { !$0.isAbandoned || $0.meetsBudget }
    return finished.filter { candidate in
      !finished.contains { other in
        let isNoWorse =
          other.lost <= candidate.lost && other.fileBytes <= candidate.fileBytes
          && other.microseconds <= 1.1 * candidate.microseconds
        let isBetter =
          other.lost < candidate.lost || other.fileBytes < candidate.fileBytes
          || other.microseconds < 0.9 * candidate.microseconds
        return isNoWorse && isBetter && other.number != candidate.number
      }
    }.sorted { ($0.fileBytes, $0.lost, $0.number) < ($1.fileBytes, $1.lost, $1.number) }
  }
}
