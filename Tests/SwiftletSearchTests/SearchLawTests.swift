import SwiftletSearch
import SwiftletTraining
import TestSupport
import Testing

/// Laws of a search's course, whatever its networks are like.
@Suite struct SearchLawTests {
  /// A budget, an effort and what networks are like.
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let budget: CompressionBudget
    let epochs: Int
    let law: @Sendable () -> LawfulWork.Law
    var testDescription: String { name }

    func options() -> CompressionOptions {
      var options = CompressionOptions(budget, effort: .epochs(epochs))
      (options.calibrationCount, options.batch, options.augmentation) = (100, 32, .light)
      return options
    }
  }

  /// Half a point is lost at `limit` bytes, and the more the smaller; a network without so many weights has fewer bytes.
  private static func falling(_ limit: Double) -> LawfulWork.Law {
    LawfulWork.Law(trained: { recipe in
      let bytes = recipe.targetBytes ?? 3000
      return (0.5 * limit / Double(bytes), bytes)
    })
  }

  /// A network has a byte for each channel and a hundred more, whatever is asked for.
  private static func small(lost: Double) -> LawfulWork.Law {
    LawfulWork.Law(
      cut: { _ in 0 },
      trained: { recipe in
        let all = 100 + (recipe.widths ?? [8, 24]).reduce(0, +)
        return (lost, min(all, recipe.targetBytes ?? all))
      })
  }

  static let cases = [
    Case(name: "falls with the size", budget: CompressionBudget(maxDrop: 0.5), epochs: 900) { falling(600) },
    Case(name: "is easy", budget: CompressionBudget(maxDrop: 0.5), epochs: 400) { falling(1) },
    Case(name: "is impossible", budget: CompressionBudget(maxDrop: -100), epochs: 300) { falling(600) },
    Case(name: "is short", budget: CompressionBudget(maxDrop: 0.5), epochs: 24) { falling(600) },
    Case(name: "is too short", budget: CompressionBudget(maxDrop: 0.5), epochs: 4) { falling(600) },
    Case(name: "at a size", budget: CompressionBudget(targetBytes: 700), epochs: 500) { falling(600) },
    Case(name: "at a size, much lost", budget: CompressionBudget(targetBytes: 300), epochs: 500) { falling(9000) },
    Case(name: "is too narrow in floating point", budget: CompressionBudget(maxDrop: 0.5), epochs: 300) {
      var law = falling(600)
      law.cut = { $0[0] < 7 ? 50 : 0 }
      return law
    },
    Case(name: "has too few weights", budget: CompressionBudget(maxDrop: 0.5), epochs: 600) { small(lost: 2) },
    Case(name: "has teachers", budget: CompressionBudget(maxDrop: 0.5), epochs: 9000) { falling(600) },
    Case(name: "has bad teachers", budget: CompressionBudget(maxDrop: 0.5), epochs: 9000) {
      var law = falling(600)
      law.teacher = 60
      return law
    },
  ]

  @Test(arguments: cases) func itEndsWithinItsEffort(_ example: Case) throws {
    let search = try LawfulSearch(example.options(), example.law())
    #expect(search.end.epochs <= max(example.epochs, 4), "at least something is trained")
    #expect(search.work.trained.count >= 1 && search.work.trained.count <= 20)
    for (index, candidate) in search.candidates.enumerated() {
      guard let recipe = candidate.recipe, !candidate.isAbandoned else { continue }
      // What is trained in floating point once is counted once.
      let isKnown = search.candidates[..<index].contains {
        $0.recipe?.widths == recipe.widths && $0.recipe?.floatTraining == recipe.floatTraining
      }
      let floatEpochs = recipe.widths == nil || isKnown ? 0 : recipe.floatTraining.epochs
      #expect(candidate.epochs == floatEpochs + recipe.training.epochs)
    }
  }

  @Test(arguments: cases) func theBestOnlyEverGetsBetter(_ example: Case) throws {
    let states = try LawfulSearch(example.options(), example.law()).states
    for (before, after) in zip(states, states.dropFirst()) {
      let (old, new) = (try #require(before.bestCandidate), try #require(after.bestCandidate))
      #expect(new.number == old.number || example.budget.prefers(new, to: old))
      #expect(after.candidates.count >= before.candidates.count)
    }
    // And it is the best of all that have a file, so never worse than what quantization alone gives.
    let (end, best) = (states[states.count - 1], try #require(states.last?.bestCandidate))
    #expect(!end.candidates.contains { $0.fileBytes > 0 && example.budget.prefers($0, to: best) })
    #expect(end.best?.file.count == best.fileBytes)
  }

  @Test(arguments: cases) func itGoesOnFromEveryStateToTheSameEnd(_ example: Case) throws {
    let whole = try LawfulSearch(example.options(), example.law())
    for state in whole.states {
      let resumed = try LawfulSearch(example.options(), example.law(), resuming: state)
      #expect(resumed.candidates == whole.candidates, "\(state.candidates.count) candidates were there")
      #expect(resumed.end.epochs == whole.end.epochs && resumed.end.furtherTeachers == whole.end.furtherTeachers)
      let before = state.candidates.count { $0.recipe != nil }
      #expect(resumed.work.trained == Array(whole.work.trained.dropFirst(before)), "none is trained again")
      let tried = state.furtherTeachers?.triedCount ?? 0
      #expect(resumed.work.teacherSeeds == Array(whole.work.teacherSeeds.dropFirst(tried)))
    }
  }

  @Test(arguments: cases) func noRecipeIsFollowedTwice(_ example: Case) throws {
    let recipes = try LawfulSearch(example.options(), example.law()).work.trained
    #expect(Set(recipes).count == recipes.count)
    for recipe in recipes { #expect(throws: Never.self) { try recipe.check() } }
  }

  @Test(arguments: [300, 600, 1200]) func itComesNearTheSmallestSizeThereIs(_ limit: Int) throws {
    var options = Self.cases[0].options()
    options.effort = .epochs(3000)
    let best = try #require(try LawfulSearch(options, Self.falling(Double(limit))).end.bestCandidate)
    #expect(best.fileBytes >= limit && Double(best.fileBytes) <= 1.3 * Double(limit), "\(best.fileBytes)")
  }

  /// Narrow ones first; where they are not enough, ever wider ones until all channels are there.
  @Test(arguments: [7, 8, 9]) func widthsGrowUntilTheyAreEnough(_ needed: Int) throws {
    var law = Self.falling(600)
    law.cut = { $0[0] < needed ? 50 : 0 }
    let search = try LawfulSearch(Self.cases[0].options(), law)
    // The first layer has eight channels.
    for recipe in search.work.trained { #expect(recipe.widths?[0] ?? 8 >= min(needed, 8)) }
    #expect(search.widenings >= 1)
    let easy = try LawfulSearch(Self.cases[0].options(), Self.falling(600))
    #expect(easy.widenings == 0 && easy.work.trained[0].widths?[0] == 4, "half of the channels at first")
  }

  /// More bytes are of no use to a network that has nothing pruned.
  @Test func whatHasNothingPrunedIsWidened() throws {
    let search = try LawfulSearch(Self.cases[8].options(), Self.small(lost: 2))
    #expect(search.widenings >= 1)
    let widths = search.work.trained.map { $0.widths ?? [8, 24] }
    for (before, after) in zip(widths, widths.dropFirst()) {
      #expect(zip(before, after).allSatisfy { $0 <= $1 }, "\(widths)")
    }
    #expect(widths[0][0] < widths[widths.count - 1][0], "\(widths)")
  }

  /// What may lose little is taught by the float model in long trainings; what may lose much learns from labels alone.
  @Test func onlyWhatMayLoseLittleIsTaught() throws {
    func recipes(_ budget: CompressionBudget, _ law: LawfulWork.Law) throws -> [ShrinkRecipe] {
      var options = Self.cases[0].options()
      (options.budget, options.effort) = (budget, .epochs(400))
      return try LawfulSearch(options, law).work.trained
    }
    let little = try recipes(CompressionBudget(maxDrop: 0.5), Self.falling(600))
    #expect(little.contains { $0.distillation != nil })
    for recipe in little {
      #expect((recipe.distillation != nil) == (recipe.training.undistortedEpochs != nil))
      #expect((recipe.distillation != nil) == (recipe.training.augmentationCycle != nil))
    }
    for recipe in try recipes(CompressionBudget(maxDrop: 50), Self.falling(600)) {
      #expect(recipe.distillation == nil && recipe.training.undistortedEpochs == nil)
    }
    // At a size that turns out to lose much, from the second training on.
    let atSize = try recipes(CompressionBudget(targetBytes: 300), Self.falling(30_000))
    #expect(atSize.count >= 2 && atSize[0].distillation != nil)
    #expect(atSize.dropFirst().allSatisfy { $0.distillation == nil })
  }

  @Test func aResumedSearchKeepsItsRoundsAndMoreEffortAllowsMore() throws {
    var options = Self.cases[0].options()
    let whole = try LawfulSearch(options, Self.falling(600))
    #expect(Set(whole.rounds).count == 1)
    let state = try #require(whole.states.first { state in state.candidates.contains { $0.recipe != nil } })
    #expect(Set(try LawfulSearch(options, Self.falling(600), resuming: state).rounds) == Set(whole.rounds))
    options.effort = .epochs(4000)
    let longer = try LawfulSearch(options, Self.falling(600), resuming: state)
    #expect(try #require(longer.rounds.first) > whole.rounds[0])
    let (before, after) = (try #require(whole.end.bestCandidate), try #require(longer.end.bestCandidate))
    #expect(after.fileBytes <= before.fileBytes)
  }

  /// Two float models where they take little of the effort, counted in it; none for what has no weights for them.
  @Test func teachersAreTrainedWhereThereIsTime() throws {
    func search(_ epochs: Int, maxDrop: Double = 0.5, bad: Bool = false) throws -> LawfulSearch {
      var options = Self.cases[0].options()
      (options.budget, options.effort) = (CompressionBudget(maxDrop: maxDrop), .epochs(epochs))
      var law = Self.falling(600)
      if bad { law.teacher = 60 }
      return try LawfulSearch(options, law)
    }
    let long = try search(9000)
    #expect(Set(long.work.teacherSeeds).count == 2)
    let further = try #require(long.work.trained[0].furtherTeachers)
    #expect(further.seeds == long.work.teacherSeeds)
    let taken = 2 * further.training.epochs
    #expect(12 * taken <= 9000)
    #expect(long.end.epochs == long.end.candidates.reduce(taken) { $0 + $1.epochs })
    #expect(try search(12 * taken - 1).work.teacherSeeds.isEmpty)
    #expect(try search(9000, maxDrop: 50).work.teacherSeeds.isEmpty)
    // Trained, counted, and not learnt from.
    let bad = try search(9000, bad: true)
    #expect(bad.work.teacherSeeds.count == 2 && bad.work.trained.allSatisfy { $0.furtherTeachers == nil })
    #expect(bad.end.probeEpochs == taken)
  }

  /// As where other programs take the processor, and nothing is within the budget yet.
  @Test(arguments: [-100, 0.5]) func aSlowSearchEndsSoonAfterItsTime(_ maxDrop: Double) throws {
    var options = Self.cases[0].options()
    (options.budget, options.effort) = (CompressionBudget(maxDrop: maxDrop), .minutes(0.01))
    var law = Self.falling(600)
    // Ten times as long as it was measured to be.
    law.secondsPerEpoch = 0.01
    let search = try LawfulSearch(options, law)
    // In 0.6 seconds and a fourth more there is room for 75 of these, and for one under way.
    #expect(search.work.epochCount <= 76)
    #expect(search.candidates.contains { $0.recipe == nil })
    #expect(search.work.trained.isEmpty || search.candidates.contains(where: \.isAbandoned))
  }
}
