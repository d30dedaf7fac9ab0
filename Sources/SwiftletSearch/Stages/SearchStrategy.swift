import Foundation
import SwiftletTraining

/// What a search does next, from what it found so far and nothing else, so that a search that was stopped goes on as it
/// would have.
///
/// For the smallest file, the size is halved or so after each network that keeps its quality, by less the more of the
/// budget that took, until one fails; then between the smallest good one and the largest bad one. Early candidates train
/// shortly, later ones ever longer, so what failed narrowly is tried again with more training. For the best quality at a
/// size, several widths compete in short trainings and the best trains longest.
package struct SearchStrategy: Sendable {
  /// A network to be trained.
  package struct Plan: Hashable, Sendable, Codable {
    /// The file's bytes; nil prunes nothing.
    package var targetBytes: Int?
    /// Parameters left after channels are cut, for each byte of the target.
    package var spread: Double
    /// Seconds or epochs.
    package var share: Double
    /// How strongly training images are distorted, for the strength that was asked for.
    package var distortion = 1.0
    package var seed: UInt64
  }

  package let budget: CompressionBudget
  /// Candidates to train at most.
  package let rounds: Int
  /// Seconds or epochs for all.
  package let total: Double
  let parameterCount: Int
  /// What the file has with no weights at all.
  let leastBytes: Int
  /// One standard error of the quality on the validation images, in points.
  let resolution: Double
  /// The float model's quality in percent.
  let floatPoints: Double
  /// Whether shares are epochs, not seconds.
  let countsEpochs: Bool
  /// The distortions that were asked for.
  let augmentation: Augmentation?
  let seed: UInt64

  package init(
    budget: CompressionBudget, rounds: Int, total: Double, parameterCount: Int, leastBytes: Int, resolution: Double,
    floatPoints: Double = 99, countsEpochs: Bool = true, augmentation: Augmentation? = nil, seed: UInt64 = 0
  ) {
    self.budget = budget
    self.rounds = rounds
    self.total = total
    self.parameterCount = parameterCount
    self.leastBytes = leastBytes
    self.resolution = resolution
    self.floatPoints = floatPoints
    self.countsEpochs = countsEpochs
    self.augmentation = augmentation
    self.seed = seed
  }

  /// A network pruned to an eighth of its weights spends some 6 bits on each: 12 parameters a byte.
  private static let usualSpread = 12.0
  private static let spreads = [12.0, 7, 20, 9, 15]

  /// How many candidates an effort of so many epochs allows: few, as short trainings tell little of a size. 3 for 300
  /// epochs, 10 for 3,000: with more time each trains longer as well.
  ///
  /// - Parameter trained: How many there were before. Then what is left may be for one alone.
  package static func rounds(epochs: Double, after trained: Int) -> Int {
    let most = 20.0
    return max(Int(min(max(epochs, 0).squareRoot() / 5, most)), trained == 0 ? 3 : 1)
  }

  package func next(after candidates: [CompressionCandidate], spent: Double) -> Plan? {
    let trained = candidates.filter { $0.recipe != nil }
    guard trained.count < rounds, spent < 0.96 * total else { return nil }
    // The last candidate trains twice as long as the first, of many four times: the first ones only find the range.
    let ratio = pow(2, 1 + min(max(Double(rounds - 3) / 8, 0), 1))
    let weights = (0..<rounds).map { pow(ratio, Double($0) / Double(max(rounds - 1, 1))) }
    let share = (total - spent) * weights[trained.count] / weights[trained.count...].reduce(0, +)
    var plan = Plan(targetBytes: nil, spread: Self.usualSpread, share: share, seed: seed)
    if budget.seeksSmallest {
      guard let bytes = nextBytes(candidates, trained, share: share) else { return nil }
      plan.targetBytes = bytes
      // The same size again: with other luck, and other distortions.
      let tries = trained.count { $0.size == bytes }
      plan.seed &+= UInt64(tries)
      plan.distortion = distortion(after: trained, tries: tries)
      return plan
    }
    guard let target = budget.targetBytes else {
      plan.seed &+= UInt64(trained.count)
      return plan
    }
    plan.targetBytes = target
    // A file that came out too large asks for a lower aim.
    for candidate in trained where candidate.fileBytes > target {
      let aim = Double(candidate.recipe?.targetBytes ?? target) * Double(target) / Double(candidate.fileBytes)
      plan.targetBytes = min(plan.targetBytes ?? target, max(leastBytes, Int(0.99 * aim)))
    }
    let tried = min(Self.spreads.count, max(1, rounds - 2))
    plan.distortion = strengths()[0]
    if trained.count < tried {
      plan.spread = Self.spreads[trained.count]
    } else if let best = trained.filter({ $0.fileBytes > 0 }).min(by: { budget.prefers($0, to: $1) }) {
      let first = trained[..<tried].firstIndex { $0.recipe?.widths == best.recipe?.widths } ?? 0
      plan.spread = Self.spreads[first]
      plan.seed &+= UInt64(trained.count - tried)
      // The likeliest for the last, which trains longest.
      plan.distortion = strengths(lost: trained.leastLost)[(rounds - 1 - trained.count) % 2]
    }
    return plan
  }

  /// Strengths of distortion, for the one asked for, the likeliest first: a network that is to lose little can learn
  /// more than that, one that may lose much is too small for it. Taught by three float models, the seed CNN in 4.5 KB has
  /// 99.47% of the validation images right with 1, 99.67% with 1.5, 99.58% with 2 and 99.44% with 2.75.
  private func strengths(lost: Double = 0) -> [Double] {
    let isTiny = budget.allowsTiny(floatPoints: floatPoints, resolution: resolution, lost: lost)
    return isTiny ? [1, 0.7, 1.5] : [1.5, 2, 1]
  }

  /// The strength that served the smallest good candidate, and at the same size again the others in turn.
  private func distortion(after trained: [CompressionCandidate], tries: Int) -> Double {
    guard let augmentation else { return 1 }
    var strengths = strengths()
    let good = trained.filter(\.meetsBudget).min { $0.fileBytes < $1.fileBytes }
    if let used = good?.recipe?.training.augmentation,
      let index = strengths.firstIndex(where: { augmentation.scaled(by: $0) == used })
    {
      strengths.insert(strengths.remove(at: index), at: 0)
    }
    return strengths[tries % strengths.count]
  }

  private func nextBytes(
    _ candidates: [CompressionCandidate], _ trained: [CompressionCandidate], share: Double
  ) -> Int? {
    let ceiling = candidates.filter { $0.meetsBudget && $0.recipe == nil }.map(\.fileBytes).min() ?? .max
    let good = trained.filter(\.meetsBudget).map(\.size).min()
    let bad = trained.filter { !$0.meetsBudget && $0.size < good ?? .max }.max { $0.size < $1.size }
    let bytes: Int
    switch (good, bad) {
    case (nil, nil):
      // Redundancy grows with the network.
      bytes = min(leastBytes + Int(pow(Double(parameterCount), 0.75)), (leastBytes + min(ceiling, 1 << 40)) / 2)
    case (nil, let bad?):
      let size = Double(bad.size)
      let growth = growth(after: bad, trained)
      // Training longer does more than a few bytes more.
      if bad.lost <= (budget.maxDrop ?? 0) + resolution, isWorthAnother(bad, trained, share, most: 2) {
        bytes = bad.size
      } else if let times = [growth, min(growth, 2)].first(where: { size * $0 < Double(ceiling) }) {
        bytes = Int(size * times)
      } else {
        let middle = (size * Double(ceiling)).squareRoot()
        bytes = middle > 1.05 * size ? Int(middle) : bad.size
      }
    case (let good?, nil):
      let drops = trained.filter { $0.meetsBudget && $0.size == good }.map(\.lost)
      let used = (drops.min() ?? 0) / max(budget.maxDrop ?? 0, 1e-9)
      // While the longest trainings are still to come, a good network may become much smaller.
      let isEarly = rounds - trained.count >= 6
      bytes = Int(Double(good) * (used <= 0.25 ? 0.5 : used <= 0.6 || isEarly ? 0.6 : 0.75))
    case (let good?, let bad?):
      let middle = (Double(good) * Double(bad.size)).squareRoot()
      bytes = Double(good) > 1.08 * Double(bad.size) ? Int(middle) : bad.size
    }
    let limited = max(bytes, leastBytes + 1)
    // A size again only once there is none between.
    guard limited < good ?? .max else { return nil }
    if let bad, limited == bad.size, !isWorthAnother(bad, trained, share, most: 3) { return nil }
    return limited
  }

  /// Whether another training may well bring a size within the budget: networks of it lost little more, and it was not
  /// tried as often as is sensible, nor twice with nearly so much training as it would get now.
  private func isWorthAnother(
    _ candidate: CompressionCandidate, _ trained: [CompressionCandidate], _ share: Double, most: Int
  ) -> Bool {
    let tries = trained.filter { $0.size == candidate.size }
    return tries.count < most && tries.count { (countsEpochs ? Double($0.epochs) : $0.seconds) >= 0.6 * share } < 2
      && losesLittle(candidate, trained)
  }

  /// How many times the bytes of a candidate that lost too much are asked for next: the less it lost the fewer, as a
  /// training of the same size again loses now more and now less.
  private func growth(after candidate: CompressionCandidate, _ trained: [CompressionCandidate]) -> Double {
    guard let most = budget.maxDrop, most > 0 else { return 2 }
    let lost = leastDrop(at: candidate, trained)
    guard losesLittle(candidate, trained) else { return lost > 8 * most + 2 * resolution ? 4 : 2 }
    return min(max(1 + 0.25 * (lost / most - 0.6), 1.1), 2)
  }

  private func leastDrop(at candidate: CompressionCandidate, _ trained: [CompressionCandidate]) -> Double {
    trained.filter { $0.size == candidate.size }.map(\.lost).min() ?? candidate.lost
  }

  /// Whether networks of this candidate's size lose little more than they may.
  private func losesLittle(_ candidate: CompressionCandidate, _ trained: [CompressionCandidate]) -> Bool {
    let most = budget.maxDrop ?? 0
    return !candidate.isAbandoned && leastDrop(at: candidate, trained) <= max(2 * most, most + 2 * resolution)
  }

  /// Points that short training and the choice of images may account for.
  var slack: Double { 3 * resolution + (budget.maxDrop ?? 0) }

  /// Whether training is to go on, late in its course, with this drop as its best so far.
  package func isWorthwhile(drop: Double, progress: Double, best: CompressionCandidate?) -> Bool {
    guard progress > 0.7 else { return true }
    // The last epochs, at falling rates, still win back a tenth of the errors and more where there are many.
    let hope = 0.1 * (100 - floatPoints) * min(1, (1 - progress) / 0.3)
    let slack = slack + hope
    if let most = budget.maxDrop, drop > most + slack { return false }
    if !budget.seeksSmallest, let best, best.meetsBudget { return drop <= best.lost + slack }
    return true
  }
}
