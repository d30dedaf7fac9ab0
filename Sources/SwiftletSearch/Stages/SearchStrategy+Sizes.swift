import Foundation

/// Which size is tried next for the smallest file.
extension SearchStrategy {
  /// The first size of all.
  private enum FirstSize {
    /// Redundancy grows with the network: the bytes of weights are the parameters to this power.
    static let exponent = 0.75
    /// Where quantization alone gave nothing within the budget.
    static let noCeiling = 1 << 40
  }

  /// Below a good size while no smaller one was bad.
  private enum Descent {
    /// Of the budget, used up by the good size, and how much of the size is then asked for next.
    static let littleUsed = 0.25
    static let afterLittle = 0.5
    static let someUsed = 0.6
    static let afterSome = 0.6
    static let afterMuch = 0.75
    /// Trainings to come, so many that the longest are among them: a good network may still become much smaller.
    static let earlyRounds = 6
  }

  /// Above a bad size while none was good: how many times its bytes.
  private enum Ascent {
    /// Where no drop is allowed, and the most where little more than the budget was lost.
    static let usual = 2.0
    /// Where many times the budget was lost, and some standard errors.
    static let steep = 4.0
    static let steepFromBudgets = 8.0
    static let steepFromStandardErrors = 2.0
    /// Where little more was lost: the less, the fewer bytes more.
    static let least = 1.1
    static let perBudget = 0.25
    static let budgetsForNone = 0.6
  }

  /// Sizes nearer to each other than this ratio are not told apart.
  private enum Nearness {
    static let toCeiling = 1.05
    static let betweenGoodAndBad = 1.08
  }

  /// When a size is tried again.
  private enum Retries {
    /// Tries of a size while nothing is good: training longer does more than a few bytes more.
    static let mostBeforeGrowing = 2
    /// And between a good and a bad one.
    static let most = 3
    /// Tries that were nearly as long as the next would be.
    static let mostAsLong = 2
    static let asLong = 0.6
    /// What is little more than the budget: so many budgets, or so many standard errors beyond one.
    static let budgets = 2.0
    static let standardErrors = 2.0
  }

  /// The bytes to ask for next; nil where no size is promising.
  func nextBytes(
    _ candidates: [CompressionCandidate], _ trained: [CompressionCandidate], share: Double
  ) -> Int? {
    let ceiling = candidates.filter { $0.meetsBudget && $0.recipe == nil }.map(\.fileBytes).min() ?? .max
    let good = trained.filter(\.meetsBudget).map(\.size).min()
    let bad = trained.filter { !$0.meetsBudget && $0.size < good ?? .max }.max { $0.size < $1.size }
    let bytes =
      switch (good, bad) {
      case (nil, nil): firstBytes(below: ceiling)
      case (nil, let bad?): bytes(above: bad, below: ceiling, trained, share: share)
      case (let good?, nil): bytes(below: good, trained)
      case (let good?, let bad?): bytes(between: bad.size, and: good)
      }
    let limited = max(bytes, leastBytes + 1)
    // A size again only once there is none between.
    guard limited < good ?? .max else { return nil }
    if let bad, limited == bad.size, !isWorthAnother(bad, trained, share: share, most: Retries.most) { return nil }
    return limited
  }

  private func firstBytes(below ceiling: Int) -> Int {
    min(
      leastBytes + Int(pow(Double(parameterCount), FirstSize.exponent)),
      (leastBytes + min(ceiling, FirstSize.noCeiling)) / 2)
  }

  /// More than the largest bad size, while none was good.
  private func bytes(
    above bad: CompressionCandidate, below ceiling: Int, _ trained: [CompressionCandidate], share: Double
  ) -> Int {
    if bad.lost <= (budget.maxDrop ?? 0) + resolution,
      isWorthAnother(bad, trained, share: share, most: Retries.mostBeforeGrowing)
    {
      return bad.size
    }
    let size = Double(bad.size)
    let growth = growth(after: bad, trained)
    if let times = [growth, min(growth, Ascent.usual)].first(where: { size * $0 < Double(ceiling) }) {
      return Int(size * times)
    }
    let middle = (size * Double(ceiling)).squareRoot()
    return middle > Nearness.toCeiling * size ? Int(middle) : bad.size
  }

  /// Less than the smallest good size, while none was bad: the less of the budget it used up, the less.
  private func bytes(below good: Int, _ trained: [CompressionCandidate]) -> Int {
    let drops = trained.filter { $0.meetsBudget && $0.size == good }.map(\.lost)
    let used = (drops.min() ?? 0) / max(budget.maxDrop ?? 0, 1e-9)
    let isEarly = rounds - trained.count >= Descent.earlyRounds
    let share =
      used <= Descent.littleUsed
      ? Descent.afterLittle : used <= Descent.someUsed || isEarly ? Descent.afterSome : Descent.afterMuch
    return Int(Double(good) * share)
  }

  private func bytes(between bad: Int, and good: Int) -> Int {
    let middle = (Double(good) * Double(bad)).squareRoot()
    return Double(good) > Nearness.betweenGoodAndBad * Double(bad) ? Int(middle) : bad
  }

  /// Whether another training may well bring a size within the budget: networks of it lost little more, and it was not
  /// tried as often as is sensible, nor twice with nearly so much training as it would get now.
  private func isWorthAnother(
    _ candidate: CompressionCandidate, _ trained: [CompressionCandidate], share: Double, most: Int
  ) -> Bool {
    let tries = trained.filter { $0.size == candidate.size }
    let asLong = tries.count { (countsEpochs ? Double($0.epochs) : $0.seconds) >= Retries.asLong * share }
    return tries.count < most && asLong < Retries.mostAsLong && losesLittle(candidate, trained)
  }

  /// How many times the bytes of a candidate that lost too much are asked for next: the less it lost the fewer, as a
  /// training of the same size again loses now more and now less.
  private func growth(after candidate: CompressionCandidate, _ trained: [CompressionCandidate]) -> Double {
    guard let most = budget.maxDrop, most > 0 else { return Ascent.usual }
    let lost = leastDrop(at: candidate, trained)
    guard losesLittle(candidate, trained) else {
      let isSteep = lost > Ascent.steepFromBudgets * most + Ascent.steepFromStandardErrors * resolution
      return isSteep ? Ascent.steep : Ascent.usual
    }
    return min(max(1 + Ascent.perBudget * (lost / most - Ascent.budgetsForNone), Ascent.least), Ascent.usual)
  }

  /// Whether networks of this candidate's size lose little more than they may.
  private func losesLittle(_ candidate: CompressionCandidate, _ trained: [CompressionCandidate]) -> Bool {
    let most = budget.maxDrop ?? 0
    let little = max(Retries.budgets * most, most + Retries.standardErrors * resolution)
    return !candidate.isAbandoned && leastDrop(at: candidate, trained) <= little
  }

  private func leastDrop(at candidate: CompressionCandidate, _ trained: [CompressionCandidate]) -> Double {
    trained.filter { $0.size == candidate.size }.map(\.lost).min() ?? candidate.lost
  }
}
