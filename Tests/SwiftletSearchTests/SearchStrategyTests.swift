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

  /// The first two are quantized and of 3000 bytes, or 10,000; the plan that follows.
  private func next(
    bytes: Int = 3000, drop: Double, ceiling: Int = 80_000, rounds: Int = 8, maxDrop: Double = 0.1
  ) -> SearchStrategy.Plan? {
    let budget = CompressionBudget(maxDrop: maxDrop)
    var all = [candidate(1, nil, ceiling, drop: 0), candidate(2, bytes, bytes, drop: drop)]
    for index in all.indices { all[index].meetsBudget = budget.meets(all[index]) }
    return strategy(budget, rounds: rounds).next(after: all, spent: 100)
  }

  /// The more a size lost the more is asked for next, at most four times as much, and less than what is good already.
  @Test(arguments: [3400, 5900, 11_000, 80_000]) func theMoreASizeLostTheMoreIsAskedFor(_ ceiling: Int) throws {
    let drops = [0.101, 0.12, 0.15, 0.151, 0.19, 0.3, 0.6, 0.9, 0.91, 5, 90]
    let sizes = drops.compactMap { next(drop: $0, ceiling: ceiling)?.targetBytes }
    #expect(sizes.count == drops.count && sizes == sizes.sorted(), "\(sizes)")
    #expect(sizes[0] == 3000, "a near miss trains longer instead")
    #expect(sizes.allSatisfy { (3000...12_000).contains($0) && $0 < ceiling }, "\(sizes)")
    #expect(sizes[sizes.count - 1] > 3000)
  }

  /// And as much where that was lost on training images, not on validation images.
  @Test func whatIsLostInTrainingAsksForMoreToo() {
    var all = [candidate(1, nil, 80_000, drop: 0), candidate(2, 3000, 3000, drop: 0.05)]
    all[0].meetsBudget = true
    all[1].trainingDrop = 0.19
    let strategy = strategy(CompressionBudget(maxDrop: 0.1))
    #expect(strategy.next(after: all, spent: 100)?.targetBytes == next(drop: 0.19)?.targetBytes)
  }

  /// A good size asks for a smaller one: the less of the budget it took the smaller, and the smaller the more trainings
  /// are still to come.
  @Test func theLessAGoodSizeLostTheLessIsAskedFor() {
    let drops = [-1, 0, 0.02, 0.03, 0.05, 0.06, 0.09, 0.1]
    func sizes(_ rounds: Int) -> [Int] {
      drops.compactMap { next(bytes: 10_000, drop: $0, rounds: rounds)?.targetBytes }
    }
    for rounds in [2, 6, 7, 20] {
      #expect(sizes(rounds).count == drops.count && sizes(rounds) == sizes(rounds).sorted())
      #expect(sizes(rounds).allSatisfy { (5000..<8000).contains($0) }, "\(sizes(rounds))")
    }
    #expect(zip(sizes(20), sizes(6)).allSatisfy { $0 <= $1 } && sizes(20) != sizes(6))
  }

  @Test func moreEffortAllowsMoreRoundsButFewerThanInProportion() {
    let efforts = [-1, 0, 100, 250, 400, 900, 3000, 10_000, 40_000, 1e6]
    for trained in [0, 1, 5] {
      let rounds = efforts.map { SearchStrategy.rounds(epochs: $0, after: trained) }
      #expect(rounds == rounds.sorted() && rounds[0] >= 1 && rounds[rounds.count - 1] <= 20)
      for effort in efforts where effort > 0 {
        let (once, fourfold) = (effort, 4 * effort)
        let more = SearchStrategy.rounds(epochs: fourfold, after: trained)
        #expect(more <= 2 * SearchStrategy.rounds(epochs: once, after: trained) + 1)
      }
    }
    #expect(SearchStrategy.rounds(epochs: 0, after: 0) >= 3, "fewer find no range")
    #expect(SearchStrategy.rounds(epochs: 10_000, after: 0) > SearchStrategy.rounds(epochs: 400, after: 0))
  }

  /// Each training is longer than the one before, the last of many four times as long as the first, and all together
  /// take the whole effort.
  @Test(arguments: [3, 7, 11, 20]) func trainingsGrowLonger(_ rounds: Int) throws {
    var shares: [Double] = []
    _ = search(strategy(CompressionBudget(targetBytes: 4500), rounds: rounds)) { plan in
      shares.append(plan.share)
      return 0.1
    }
    #expect(shares.count == rounds && zip(shares, shares.dropFirst()).allSatisfy { $0 < $1 })
    #expect(abs(shares.reduce(0, +) - 1000) < 1e-6)
    let ratio = try #require(shares.last) / shares[0]
    #expect(ratio >= 2 - 1e-9 && ratio <= 4 + 1e-9 && (rounds <= 10 || ratio > 3.99), "\(ratio)")
  }

  /// A good one is no bigger for having been allowed to be, and a bad one no smaller than was asked for.
  @Test func whatHasNothingPrunedCountsAsTheBytesItHas() throws {
    func next(_ bytes: Int, drop: Double) throws -> Int {
      let budget = CompressionBudget(maxDrop: 0.1)
      var all = [candidate(1, nil, 80_000, drop: 0), candidate(2, 10_000, bytes, drop: drop)]
      for index in all.indices { all[index].meetsBudget = budget.meets(all[index]) }
      return try #require(strategy(budget, rounds: 4).next(after: all, spent: 100)?.targetBytes)
    }
    let asked = try next(10_000, drop: 0)
    for bytes in [2000, 5000, 9200] {
      #expect(try Double(next(bytes, drop: 0)) / Double(asked) <= Double(bytes) / 10_000 + 1e-3)
      #expect(try next(bytes, drop: 5) == next(10_000, drop: 5))
    }
    // Hardly less than asked for is what pruning makes of it.
    #expect(try next(9900, drop: 0) == asked)
  }

  /// The same size is tried with other luck and other distortions, first with those that served a larger one; networks
  /// that may lose much have weaker ones.
  @Test func theSameSizeIsTriedWithOtherDistortions() throws {
    func strengths(_ budget: CompressionBudget, served: Double) throws -> [Double] {
      let strategy = SearchStrategy(
        budget: budget, rounds: 8, total: 1000, parameterCount: 200_000, leastBytes: 150, resolution: 0.05,
        floatPoints: 99, augmentation: .light)
      var all = [candidate(1, nil, 80_000, drop: 0), candidate(2, 3100, 3100, drop: 0)]
      for index in all.indices { all[index].meetsBudget = true }
      if case .trained(var recipe) = all[1].method {
        recipe.training.augmentation = Augmentation.light.scaled(by: served)
        all[1].method = .trained(recipe)
      }
      var plans: [SearchStrategy.Plan] = []
      for _ in 0..<3 {
        all.append(candidate(all.count + 1, 3000, 3000, drop: (budget.maxDrop ?? 0) + 0.01))
        if let plan = strategy.next(after: all, spent: 0) { plans.append(plan) }
      }
      #expect(plans.allSatisfy { $0.targetBytes == 3000 } && Set(plans.map(\.seed)).count == plans.count)
      return plans.map(\.distortion)
    }
    let usual = try strengths(CompressionBudget(maxDrop: 0.1), served: 2)
    #expect(usual.count == 2 && Set(usual + [2]).count == 3, "the one that served came first: \(usual)")
    let tiny = try strengths(CompressionBudget(maxDrop: 2), served: 0.7)
    #expect(tiny.count == 2 && Set(tiny + [0.7]).count == 3, "\(tiny)")
    #expect(tiny.reduce(0.7, +) < usual.reduce(2, +))
  }

  /// The widths compete under the same distortions; the best of them is tried with others too, with weaker ones where it
  /// loses much.
  @Test func atASizeTheLossTellsHowMuchIsDistorted() {
    func strengths(lost: Double) -> [Double] {
      var found: [Double] = []
      _ = search(strategy(CompressionBudget(targetBytes: 4500))) { plan in
        found.append(plan.distortion)
        return lost
      }
      return found
    }
    let (little, much) = (strengths(lost: 0.2), strengths(lost: 3))
    #expect(little.count == 8 && Set(little.prefix(5)).count == 1 && much.prefix(5) == little.prefix(5))
    #expect(Set(little.suffix(3)).count == 2 && little[7] == little[0], "the likeliest trains longest")
    #expect(zip(little, much).suffix(3).allSatisfy { $0 > $1 })
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
}
