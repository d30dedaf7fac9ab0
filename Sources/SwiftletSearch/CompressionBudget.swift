/// What a compressed model may cost; all that is given must hold.
public struct CompressionBudget: Hashable, Sendable, Codable {
  /// The most quality to lose on the validation images, in percentage points.
  public var maxDrop: Double?
  /// The most bytes the file may have.
  public var targetBytes: Int?
  /// The most microseconds a call with one image may take: the median on one thread of this machine.
  public var targetMicroseconds: Double?

  /// Points: a hair's breadth for the sums that a drop comes from.
  private static let roundingMargin = 1e-9
  /// Points that may be lost where no limit is given, and the least limit that a distance is counted from.
  private static let usualDrop = 0.1

  /// Without any limit, a drop of 0.1 points.
  public init(maxDrop: Double? = nil, targetBytes: Int? = nil, targetMicroseconds: Double? = nil) {
    let isEmpty = maxDrop == nil && targetBytes == nil && targetMicroseconds == nil
    self.maxDrop = isEmpty ? Self.usualDrop : maxDrop
    self.targetBytes = targetBytes
    self.targetMicroseconds = targetMicroseconds
  }

  /// A limit and how far a candidate is beyond it.
  public enum Shortfall: Hashable, Sendable, Codable {
    case drop(Double, most: Double)
    /// See `CompressionCandidate.trainingDrop`.
    case trainingDrop(Double, most: Double)
    case bytes(Int, most: Int)
    case microseconds(Double, most: Double)
  }

  /// Standard errors by which a loss must be above another to be clearly so.
  private static let clearStandardErrors = 2.0

  /// Whether clearly as much may be lost again as the float model gets wrong. Networks that small lack the weights for
  /// all that they could be taught: they learn from labels alone, and from weaker distortions.
  ///
  /// - Parameters:
  ///   - resolution: One standard error of the quality, in points.
  ///   - lost: Points that networks of the size asked for lose, where no limit is given.
  package func skipsDistillation(floatPoints: Double, resolution: Double, lost: Double = 0) -> Bool {
    (maxDrop ?? lost) > 100 - floatPoints + Self.clearStandardErrors * resolution
  }

  /// Whether the smallest file is looked for; otherwise, where a size or a time is given, the best quality.
  public var seeksSmallest: Bool { targetBytes == nil && targetMicroseconds == nil }

  /// What keeps a model of these figures out of the budget; nothing where it is within.
  public func shortfalls(
    drop: Double, trainingDrop: Double? = nil, fileBytes: Int, microseconds: Double
  ) -> [Shortfall] {
    var result: [Shortfall] = []
    // No number is no quality.
    if let maxDrop {
      if let trainingDrop, !(trainingDrop <= max(drop, maxDrop + Self.roundingMargin)) {
        result.append(.trainingDrop(trainingDrop, most: maxDrop))
      } else if !(drop <= maxDrop + Self.roundingMargin) {
        result.append(.drop(drop, most: maxDrop))
      }
    }
    if let targetBytes, fileBytes > targetBytes { result.append(.bytes(fileBytes, most: targetBytes)) }
    if let targetMicroseconds, microseconds > targetMicroseconds {
      result.append(.microseconds(microseconds, most: targetMicroseconds))
    }
    return result
  }

  public func shortfalls(of candidate: CompressionCandidate) -> [Shortfall] {
    shortfalls(
      drop: candidate.drop, trainingDrop: candidate.trainingDrop, fileBytes: candidate.fileBytes,
      microseconds: candidate.microseconds)
  }

  /// How far a candidate is from the budget, 0 within: the sum over the limits of the share beyond them.
  func distance(of candidate: CompressionCandidate) -> Double {
    shortfalls(of: candidate).reduce(0) { sum, shortfall in
      switch shortfall {
      case .drop(let drop, let most), .trainingDrop(let drop, let most): sum + (drop - most) / max(most, Self.usualDrop)
      case .bytes(let count, let most): sum + Double(count) / Double(max(most, 1)) - 1
      case .microseconds(let time, let most): sum + time / max(most, 1e-9) - 1
      }
    }
  }
}

extension CompressionBudget {
  /// The limits in one line.
  public var text: String {
    var parts: [String] = []
    if let maxDrop { parts.append("at most \(maxDrop) points lost") }
    if let targetBytes { parts.append("at most \(targetBytes) bytes") }
    if let targetMicroseconds { parts.append("at most \(targetMicroseconds) microseconds a call") }
    return parts.joined(separator: ", ")
  }
}

extension CompressionBudget.Shortfall: CustomStringConvertible {
  public var description: String {
    switch self {
    case .drop(let drop, let most): "it loses \(drop.rounded(places: 3)) points of \(most.rounded(places: 3))"
    case .trainingDrop(let drop, let most):
      "it loses \(drop.rounded(places: 3)) points of \(most.rounded(places: 3)) on images it was trained on"
    case .bytes(let count, let most): "it has \(count) bytes of \(most)"
    case .microseconds(let time, let most):
      "it takes \(time.rounded(places: 2)) microseconds of \(most.rounded(places: 2))"
    }
  }
}
