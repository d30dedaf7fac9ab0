import SwiftletSearch
import SwiftletTraining
import Testing

/// What a search decides from figures alone, against networks whose drop follows a law.
@Suite struct SearchStrategyTests {
  private func strategy(_ budget: CompressionBudget, rounds: Int = 8) -> SearchStrategy {
    SearchStrategy(
      budget: budget, rounds: rounds, total: 1000, parameterCount: 200_000, leastBytes: 150, resolution: 0.05)
  }

  /// Follows the strategy; `drop` is what a network of so many bytes, trained for such a share, loses.
  private func search(
    _ strategy: SearchStrategy, safe: Int = 80_000, drop: (SearchStrategy.Plan) -> Double
  ) -> [CompressionCandidate] {
    var candidates = [candidate(1, nil, safe, drop: 0)]
    candidates[0].meetsBudget = strategy.budget.meets(candidates[0])
    var spent = 0.0
    while let plan = strategy.next(after: candidates, spent: spent) {
      #expect(plan.share > 0 && spent + plan.share <= strategy.total + 1e-6)
      spent += plan.share
      var next = candidate(
        candidates.count + 1, plan.targetBytes, plan.targetBytes ?? 5000, drop: drop(plan),
        parametersPerByte: plan.parametersPerByte)
      next.epochs = Int(plan.share)
      next.meetsBudget = strategy.budget.meets(next)
      candidates.append(next)
      #expect(candidates.count <= strategy.rounds + 1)
    }
    return candidates
  }

  private func candidate(
    _ number: Int, _ target: Int?, _ bytes: Int, drop: Double, parametersPerByte: Double = 0
  ) -> CompressionCandidate {
    var recipe = ShrinkRecipe(targetBytes: target)
    // Tells the widths apart.
    recipe.widths = [Int(parametersPerByte)]
    return CompressionCandidate(
      number: number, method: target == nil && number == 1 ? .quantized(levels: 127) : .trained(recipe),
      points: 99 - drop, drop: drop, fileBytes: bytes, microseconds: 1)
  }

  @Test(arguments: [1000, 3000, 9000, 30_000])
  func descendsToTheSmallestSizeThatKeepsTheDrop(_ limit: Int) throws {
    // 0.1 points are lost at `limit` bytes, ten times that at a third of it.
    let found = search(strategy(CompressionBudget(maxDrop: 0.1), rounds: 10)) { plan in
      let ratio = Double(limit) / Double(plan.targetBytes ?? 1)
      return 0.1 * ratio * ratio
    }
    let best = try #require(found.filter(\.meetsBudget).map(\.fileBytes).min())
    #expect(best >= limit && Double(best) <= 1.3 * Double(limit), "\(found.map(\.fileBytes))")
  }

  @Test func aNearMissIsTriedAgainOnceNoSizeIsLeftBetween() throws {
    var plans: [SearchStrategy.Plan] = []
    let found = search(strategy(CompressionBudget(maxDrop: 0.1), rounds: 12)) { plan in
      plans.append(plan)
      return plan.targetBytes ?? 0 < 4000 ? 0.15 : 0.05
    }
    let sizes = plans.compactMap(\.targetBytes)
    let again = try #require(sizes.indices.first { sizes[..<$0].contains(sizes[$0]) })
    let before = try #require(sizes.firstIndex(of: sizes[again]))
    #expect(Set(sizes[..<again]).count == again && sizes[again] < 4000)
    #expect(plans[again].share > plans[before].share && plans[again].seed != plans[before].seed)
    let good = try #require(found.filter(\.meetsBudget).map(\.fileBytes).min())
    #expect(Double(good) <= 1.08 * Double(sizes[again]))
  }

  @Test func withNoHopeItEndsBelowWhatQuantizationGives() {
    let found = search(strategy(CompressionBudget(maxDrop: 0.1)), safe: 20_000) { _ in 5 }
    #expect(found.allSatisfy { $0.fileBytes <= 20_000 })
    #expect(found.filter(\.meetsBudget).map(\.number) == [1])
  }

  @Test func aTargetIsTriedWithSeveralWidthsAndTheBestTrainsLongest() throws {
    var plans: [SearchStrategy.Plan] = []
    _ = search(strategy(CompressionBudget(targetBytes: 4500)), safe: 9000) { plan in
      plans.append(plan)
      return abs(plan.parametersPerByte - 7) / 100
    }
    #expect(plans.count == 8 && plans.allSatisfy { $0.targetBytes == 4500 })
    #expect(Set(plans.map(\.parametersPerByte)).count == 5)
    #expect(plans.suffix(3).allSatisfy { $0.parametersPerByte == 7 } && Set(plans.suffix(3).map(\.seed)).count == 3)
    #expect(try #require(plans.last).share > 1.5 * plans[0].share)
  }

  @Test func hopelessTrainingIsGivenUpLate() {
    let strategy = strategy(CompressionBudget(maxDrop: 0.1))
    #expect(strategy.isWorthwhile(drop: 5, progress: 0.5, best: nil))
    #expect(!strategy.isWorthwhile(drop: 5, progress: 0.8, best: nil))
    #expect(strategy.isWorthwhile(drop: 0.2, progress: 0.8, best: nil))
  }

  /// The last epochs win back a part of many errors, so a network that has them is given up later.
  @Test func whereErrorsAreManyTrainingGoesOn() {
    func strategy(_ floatPoints: Double) -> SearchStrategy {
      SearchStrategy(
        budget: CompressionBudget(maxDrop: 0.5), rounds: 8, total: 1000, parameterCount: 200_000, leastBytes: 150,
        resolution: 0.05, floatPoints: floatPoints)
    }
    #expect(strategy(82).isWorthwhile(drop: 2, progress: 0.75, best: nil))
    #expect(!strategy(82).isWorthwhile(drop: 2, progress: 0.95, best: nil))
    #expect(!strategy(99.5).isWorthwhile(drop: 2, progress: 0.75, best: nil))
  }

  /// Two short tries do not count against one that is much longer.
  @Test func aSizeThatFailedShortlyIsTriedAgainAtLength() throws {
    let strategy = strategy(CompressionBudget(maxDrop: 0.1))
    var all = [candidate(1, nil, 80_000, drop: 0), candidate(2, 3000, 3000, drop: 0.15)]
    all.append(candidate(3, 3000, 3000, drop: 0.15))
    all.append(candidate(4, 3200, 3200, drop: 0.05))
    (all[0].meetsBudget, all[3].meetsBudget) = (true, true)
    func next(epochs: Int) -> Int? {
      for index in 1...2 { all[index].epochs = epochs }
      return strategy.next(after: all, spent: 200)?.targetBytes
    }
    #expect(next(epochs: 20) == 3000)
    #expect(next(epochs: 120) == nil)
    all[1].drop = 0.3
    #expect(next(epochs: 20) == 3000)
    all[2].drop = 0.3
    #expect(next(epochs: 20) == nil, "it loses too much")
    all[2].drop = 0.15
    all.append(all[1])
    #expect(next(epochs: 20) == nil, "three tries are enough")
  }

  @Test func aSizeThatLostLittleAsksForALittleMore() {
    let strategy = strategy(CompressionBudget(maxDrop: 0.1))
    var all = [candidate(1, nil, 80_000, drop: 0), candidate(2, 3000, 3000, drop: 0)]
    all[0].meetsBudget = true
    func next(drop: Double, inTraining: Double? = nil) -> Int? {
      for index in 1..<all.count { (all[index].drop, all[index].trainingDrop) = (drop, inTraining) }
      return strategy.next(after: all, spent: 200)?.targetBytes
    }
    // Longer first, where that may do.
    #expect([0.101, 0.15, 0.151, 0.19, 0.3].map { next(drop: $0) } == [3000, 3000, 3682, 3975, 6000])
    // And much where it lost many times what it may, but not past what is good already.
    #expect([0.9, 0.91].map { next(drop: $0) } == [6000, 12_000])
    all[0].fileBytes = 11_000
    #expect([0.9, 0.91].map { next(drop: $0) } == [6000, 6000])
    all[0].fileBytes = 5900
    #expect(next(drop: 0.91) == 4207)
    all[0].fileBytes = 80_000
    #expect(next(drop: 0.05, inTraining: 0.151) == 3682)
    all.append(all[1])
    #expect([0.101, 0.15].map { next(drop: $0) } == [3307, 3674])
  }

  @Test func roundsGrowWithTheRootOfTheEffort() {
    let efforts = [-1, 0, 250, 400, 900, 3000, 10_000, 1e6]
    #expect(efforts.map { SearchStrategy.rounds(epochs: $0, after: 0) } == [3, 3, 3, 4, 6, 10, 20, 20])
    #expect(efforts.map { SearchStrategy.rounds(epochs: $0, after: 2) } == [1, 1, 3, 4, 6, 10, 20, 20])
  }

  @Test(arguments: [(3, 2.0), (7, 2.0 * 2.0.squareRoot()), (11, 4.0), (20, 4.0)])
  func theLastOfManyTrainsFourTimesAsLong(_ rounds: Int, _ ratio: Double) throws {
    var shares: [Double] = []
    _ = search(strategy(CompressionBudget(targetBytes: 4500), rounds: rounds)) { plan in
      shares.append(plan.share)
      return 0.1
    }
    #expect(shares.count == rounds)
    #expect(abs(try #require(shares.last) / shares[0] - ratio) < 1e-9, "\(shares)")
  }

  /// The more of the budget a network used up the bigger is the next, but for early ones, trained shortly.
  @Test func whatIsGoodAsksForLess() {
    func next(drop: Double, rounds: Int) -> Int? {
      var all = [candidate(1, nil, 80_000, drop: 0), candidate(2, 10_000, 9900, drop: drop)]
      for index in all.indices { all[index].meetsBudget = true }
      return strategy(CompressionBudget(maxDrop: 0.1), rounds: rounds).next(after: all, spent: 100)?.targetBytes
    }
    #expect([0.02, 0.05, 0.09].map { next(drop: $0, rounds: 6) } == [5000, 6000, 7500])
    #expect([0.02, 0.05, 0.09].map { next(drop: $0, rounds: 7) } == [5000, 6000, 6000])
  }

  /// A good one is no bigger for having been allowed to be.
  @Test func whatHasNothingPrunedCountsAsTheBytesItHas() {
    var all = [candidate(1, nil, 80_000, drop: 0), candidate(2, 10_000, 9200, drop: 0)]
    for index in all.indices { all[index].meetsBudget = true }
    func next() -> Int? {
      strategy(CompressionBudget(maxDrop: 0.1), rounds: 4).next(after: all, spent: 100)?.targetBytes
    }
    #expect(next() == 4600)
    all[1].fileBytes = 9300
    #expect(next() == 5000)
    (all[1].fileBytes, all[1].drop, all[1].meetsBudget) = (9200, 5, false)
    #expect(next() == 40_000)
  }

  @Test func theSameSizeIsTriedWithOtherDistortions() throws {
    func strengths(_ budget: CompressionBudget) -> [Double] {
      let strategy = SearchStrategy(
        budget: budget, rounds: 8, total: 1000, parameterCount: 200_000, leastBytes: 150, resolution: 0.05,
        floatPoints: 99, augmentation: .light)
      var all = [candidate(1, nil, 80_000, drop: 0)]
      all[0].meetsBudget = true
      var result = [strategy.next(after: all, spent: 0)?.distortion ?? 0]
      all.append(candidate(2, 3100, 3100, drop: 0))
      all[1].meetsBudget = true
      // As it served the one that is good.
      if case .trained(var recipe) = all[1].method {
        recipe.training.augmentation = Augmentation.light.scaled(by: result[0])
        all[1].method = .trained(recipe)
      }
      for _ in 0..<2 {
        all.append(candidate(all.count + 1, 3000, 3000, drop: (budget.maxDrop ?? 0) + 0.01))
        result.append(strategy.next(after: all, spent: 0)?.distortion ?? 0)
      }
      return result
    }
    #expect(strengths(CompressionBudget(maxDrop: 0.1)) == [1.5, 2, 1])
    #expect(strengths(CompressionBudget(maxDrop: 2)) == [1, 0.7, 1.5])
  }

  /// The widths compete under the same distortions; the best of them is tried with others too.
  @Test func atASizeTheLossTellsHowMuchIsDistorted() {
    func strengths(lost: Double) -> [Double] {
      var found: [Double] = []
      _ = search(strategy(CompressionBudget(targetBytes: 4500))) { plan in
        found.append(plan.distortion)
        return lost
      }
      return found
    }
    #expect(strengths(lost: 0.2) == [1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 2, 1.5])
    #expect(strengths(lost: 3) == [1.5, 1.5, 1.5, 1.5, 1.5, 1, 0.7, 1])
  }

  @Test func theFrontHoldsWhatNoOtherBeats() {
    var all = [
      candidate(1, nil, 100, drop: 1), candidate(2, 1, 50, drop: 2), candidate(3, 1, 60, drop: 3),
      candidate(4, 1, 100, drop: 1), candidate(5, 1, 10, drop: 0),
    ]
    all[4].isAbandoned = true
    #expect(all.paretoFront.map(\.number) == [2, 1, 4])
    all[2].microseconds = 0.5
    #expect(all.paretoFront.map(\.number) == [2, 3, 1, 4])
    // Stopped when the time was over, and good enough.
    all[4].meetsBudget = true
    #expect(all.paretoFront.map(\.number) == [5, 3])
    // What was lost on the images trained on counts as well: smaller and by validation better, and yet no better.
    var pair = [candidate(1, 1, 100, drop: 0.1), candidate(2, 1, 50, drop: 0)]
    #expect(pair.paretoFront.map(\.number) == [2])
    pair[1].trainingDrop = 0.4
    #expect(pair.paretoFront.map(\.number) == [2, 1])
  }

  /// A training that failed has no bytes, which is not to say that it fits.
  @Test func aFailedTrainingIsNotTheOneToTrainLongest() {
    var all = [candidate(1, nil, 9000, drop: 0)]
    for (index, parametersPerByte) in [12.0, 7, 20, 9, 15].enumerated() {
      let bytes = index == 2 ? 0 : index == 1 ? 4550 : 4600
      all.append(candidate(index + 2, 4500, bytes, drop: index == 2 ? 99 : 0.5, parametersPerByte: parametersPerByte))
    }
    all[3].isAbandoned = true
    #expect(strategy(CompressionBudget(targetBytes: 4500)).next(after: all, spent: 500)?.parametersPerByte == 7)
  }

  /// Few validation images flatter the luckiest of many candidates; many images of training tell.
  @Test func whatIsLostInTrainingCounts() {
    let budget = CompressionBudget(maxDrop: 0.1)
    var all = [candidate(1, 900, 900, drop: -0.1), candidate(2, 2000, 2000, drop: 0.05)]
    (all[0].trainingDrop, all[1].trainingDrop) = (0.11, 0.1)
    for index in all.indices { all[index].meetsBudget = budget.meets(all[index]) }
    #expect(all.map(\.meetsBudget) == [false, true] && budget.prefers(all[1], to: all[0]))
    #expect(budget.shortfalls(of: all[0]) == [.trainingDrop(0.11, most: 0.1)])
    #expect("\(budget.shortfalls(of: all[0])[0])" == "it loses 0.11 points of 0.1 on images it was trained on")
    all[1].drop = 0.2
    #expect(budget.shortfalls(of: all[1]) == [.drop(0.2, most: 0.1)])
    // Of two that miss it, the nearer by what counts.
    (all[0].meetsBudget, all[1].meetsBudget) = (false, false)
    #expect(budget.prefers(all[0], to: all[1]))
    all[0].trainingDrop = 0.3
    #expect(budget.prefers(all[1], to: all[0]))
    all[1].trainingDrop = .nan
    #expect(!budget.meets(all[1]))
  }

  @Test func timesWithinATenthCountAsTheSame() {
    var all = [candidate(1, nil, 100, drop: 1), candidate(2, 1, 90, drop: 1), candidate(3, 1, 90, drop: 1)]
    (all[1].microseconds, all[2].microseconds) = (1.08, 1.15)
    #expect(all.paretoFront.map(\.number) == [2, 3])
  }
}
