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
  package struct Plan: Hashable, Sendable {
    /// The file's bytes; nil prunes nothing.
    package var targetBytes: Int?
    /// Parameters left after channels are cut, for each byte of the target.
    package var parametersPerByte: Double
    /// What the training may take: seconds or epochs.
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

  init(_ subject: SearchSubject, rounds: Int, leastBytes: Int) {
    let options = subject.options
    self.init(
      budget: options.budget, rounds: rounds, total: options.effort.total,
      parameterCount: subject.model.parameterCount, leastBytes: leastBytes, resolution: subject.resolution,
      floatPoints: subject.floatPoints, countsEpochs: options.effort.countsEpochs, augmentation: options.augmentation,
      seed: options.seed)
  }

  /// The share of the effort after which no training begins.
  static let lastStart = 0.96

  /// Trainings.
  enum Rounds {
    /// Fewer find no range.
    static let fewest = 3
    /// Of more each would be too short.
    static let most = 20.0
    /// The root of the epochs for each: 3 for 300 epochs, 10 for 3,000. With more time each trains longer as well.
    static let rootOfEpochs = 5.0
    /// Where a time is the only limit all have the same widths.
    static let mostForTimeAlone = 3
  }

  /// How many times longer than the first candidate the last one trains, as the first ones only find the range.
  private enum Lengthening {
    /// Powers of two: twice as long of the fewest rounds, four times of many.
    static let exponents = 1.0...2.0
    /// Rounds beyond the fewest that are many.
    static let manyRounds = 8.0
  }

  /// Parameters left for each byte of the target.
  private enum ParametersPerByte {
    /// A network pruned to an eighth of its weights spends some 6 bits on each.
    static let usual = 12.0
    /// What competes at a size, the likeliest first.
    static let tried = [12.0, 7, 20, 9, 15]
    /// Trainings that are left for the best of them.
    static let trainingsForTheBest = 2
  }

  /// A file that came out too large asks for a lower aim: this share of what would be in proportion.
  private static let aimBelow = 0.99

  /// Strengths of distortion, for the one asked for, the likeliest first: a network that is to lose little can learn
  /// more than that, one that may lose much is too small for it. Taught by three float models, the seed CNN in 4.5 KB has
  /// 99.47% of the validation images right with 1, 99.67% with 1.5, 99.58% with 2 and 99.44% with 2.75.
  private enum Distortions {
    static let usual = [1.5, 2, 1]
    static let ofTinyNetworks = [1, 0.7, 1.5]
    /// The last training at a size, which is the longest, takes the likeliest, the one before it the next.
    static let alternating = 2
  }

  /// How many candidates an effort of so many epochs allows: few, as short trainings tell little of a size.
  ///
  /// - Parameter trained: How many there were before. Then what is left may be for one alone.
  package static func rounds(epochs: Double, after trained: Int) -> Int {
    max(Int(min(max(epochs, 0).squareRoot() / Rounds.rootOfEpochs, Rounds.most)), trained == 0 ? Rounds.fewest : 1)
  }

  /// The next network to train; nil where none is promising or the effort is used up.
  package func next(after candidates: [CompressionCandidate], spent: Double) -> Plan? {
    let trained = candidates.filter { $0.recipe != nil }
    guard trained.count < rounds, spent < Self.lastStart * total else { return nil }
    let plan = Plan(
      targetBytes: nil, parametersPerByte: ParametersPerByte.usual,
      share: share(ofRound: trained.count, left: total - spent), seed: seed)
    if budget.seeksSmallest { return smallest(plan, candidates, trained) }
    guard let target = budget.targetBytes else {
      var plan = plan
      plan.seed &+= UInt64(trained.count)
      return plan
    }
    return best(plan, at: target, trained)
  }

  /// What a round takes of what is left: each the same number of times longer than the one before.
  private func share(ofRound round: Int, left: Double) -> Double {
    let (least, most) = (Lengthening.exponents.lowerBound, Lengthening.exponents.upperBound)
    let added = min(max(Double(rounds - Rounds.fewest) / Lengthening.manyRounds, 0), most - least)
    let ratio = pow(2, least + added)
    let weights = (0..<rounds).map { pow(ratio, Double($0) / Double(max(rounds - 1, 1))) }
    return left * weights[round] / weights[round...].reduce(0, +)
  }

  /// The plan for the smallest file.
  private func smallest(
    _ plan: Plan, _ candidates: [CompressionCandidate], _ trained: [CompressionCandidate]
  ) -> Plan? {
    guard let bytes = nextBytes(candidates, trained, share: plan.share) else { return nil }
    var plan = plan
    plan.targetBytes = bytes
    // The same size again: with other luck, and other distortions.
    let tries = trained.count { $0.size == bytes }
    plan.seed &+= UInt64(tries)
    plan.distortion = distortion(after: trained, tries: tries)
    return plan
  }

  /// The plan for the best quality at a size.
  private func best(_ plan: Plan, at target: Int, _ trained: [CompressionCandidate]) -> Plan {
    var plan = plan
    plan.targetBytes = target
    for candidate in trained where candidate.fileBytes > target {
      let aim = Double(candidate.recipe?.targetBytes ?? target) * Double(target) / Double(candidate.fileBytes)
      plan.targetBytes = min(plan.targetBytes ?? target, max(leastBytes, Int(Self.aimBelow * aim)))
    }
    let competitors = ParametersPerByte.tried
    let tried = min(competitors.count, max(1, rounds - ParametersPerByte.trainingsForTheBest))
    plan.distortion = strengths()[0]
    if trained.count < tried {
      plan.parametersPerByte = competitors[trained.count]
    } else if let best = trained.filter({ $0.fileBytes > 0 }).min(by: { budget.prefers($0, to: $1) }) {
      let first = trained[..<tried].firstIndex { $0.recipe?.widths == best.recipe?.widths } ?? 0
      plan.parametersPerByte = competitors[first]
      plan.seed &+= UInt64(trained.count - tried)
      let left = rounds - 1 - trained.count
      plan.distortion = strengths(lost: trained.leastLost)[left % Distortions.alternating]
    }
    return plan
  }

  private func strengths(lost: Double = 0) -> [Double] {
    let isTiny = budget.skipsDistillation(floatPoints: floatPoints, resolution: resolution, lost: lost)
    return isTiny ? Distortions.ofTinyNetworks : Distortions.usual
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
}
