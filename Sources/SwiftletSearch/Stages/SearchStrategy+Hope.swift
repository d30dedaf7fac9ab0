/// When a training under way is given up.
extension SearchStrategy {
  private enum Hope {
    /// The share of a training until which nothing is given up.
    static let certainUntil = 0.7
    /// The share that is left then.
    static let lastShare = 0.3
    /// The share of the float model's errors that the epochs after that, at falling rates, still win back.
    static let errorsWonBack = 0.1
    /// Standard errors that short training and the choice of images may account for.
    static let standardErrors = 3.0
  }

  /// Points that short training and the choice of images may account for.
  var slack: Double { Hope.standardErrors * resolution + (budget.maxDrop ?? 0) }

  /// Whether training is to go on, late in its course, with this drop as its best so far.
  package func isWorthwhile(drop: Double, progress: Double, best: CompressionCandidate?) -> Bool {
    guard progress > Hope.certainUntil else { return true }
    let hope = Hope.errorsWonBack * (100 - floatPoints) * min(1, (1 - progress) / Hope.lastShare)
    let slack = slack + hope
    if let most = budget.maxDrop, drop > most + slack { return false }
    if !budget.seeksSmallest, let best, best.meetsBudget { return drop <= best.lost + slack }
    return true
  }
}
