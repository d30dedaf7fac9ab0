import SwiftletModel

/// The course of a search, from top to bottom.
///
/// Each stage is a type of its own: it is given what it needs, does its part and returns. None calls another, none
/// calls back. What was found and spent is written into the journal, by which alone a search that was stopped goes on.
package struct Search {
  package let subject: SearchSubject
  package let journal: SearchJournal
  let work: any SearchWork

  package init(_ subject: SearchSubject, _ journal: SearchJournal, _ work: any SearchWork) {
    self.subject = subject
    self.journal = journal
    self.work = work
  }

  /// Tries candidate after candidate until nothing promising is left or the effort is used up.
  package func run() throws {
    try PostTrainingQuantization(subject, journal, work).run()
    let whole = try measureWidths()
    let leastBytes = try refuseTargetsOutOfReach(whole)
    try journal.checkCancellation()
    let levels = try chooseLevels()
    var ladder = try startAtHalfTheChannels(whole)
    try TeacherTraining(subject, journal, work).run()
    while true {
      // Decided here by what is saved, so that a search that was stopped after the candidate decides the same.
      if let widths = ChannelWidening.widthsThatHoldBack(journal.state, ladder) {
        journal.note("all weights of these channels are too few: more channels are tried")
        journal.state.candidates[journal.state.candidates.count - 1].isTooNarrow = true
        ladder = try widen(whole, from: widths, ladder)
      }
      guard let next = try nextTraining(ladder, levels, leastBytes: leastBytes) else { return }
      let probe = FloatProbe(next.recipe, next.strategy, subject, journal, work)
      if let widths = try probe.widthsThatLoseTooMuch(ladder) {
        ladder = try widen(whole, from: widths, ladder)
      } else {
        try CandidateTraining(next.recipe, next.strategy, subject, journal, work).run()
      }
      try journal.checkCancellation()
    }
  }

  private var options: CompressionOptions { subject.options }
  private var seeksTimeAlone: Bool { options.budget.targetBytes == nil && !options.budget.seeksSmallest }

  /// How little is lost where ever more channels go: for a time by what they compute, else by their bytes too.
  private func measureWidths() throws -> WidthLadder {
    let seeksTime = options.budget.targetMicroseconds != nil
    return try WidthLadder(
      subject.model, training: subject.training, sample: subject.sample,
      cost: seeksTime ? .multiplyAccumulates : .parametersAndProducts,
      block: seeksTime ? WidthLadder.kernelBlock : 1, threads: options.threads)
  }

  /// - Returns: The bytes of the narrowest network with all weights 0.
  /// - Throws: `CompressionError` where no network of this graph reaches a target.
  private func refuseTargetsOutOfReach(_ ladder: WidthLadder) throws -> Int {
    let reach = TargetReach(subject, ladder)
    let leastBytes = try reach.leastBytes()
    if let target = options.budget.targetBytes, target < leastBytes {
      throw CompressionError.targetBelowGraph(target: target, least: leastBytes)
    }
    if let target = options.budget.targetMicroseconds, journal.state.widestRung == nil {
      journal.note("measuring how wide the layers may be")
      journal.state.widestRung = try reach.widestRung(within: target)
    }
    return leastBytes
  }

  /// The integer levels of each layer's weights. Where bytes do not count, as many as the kernels take for granted.
  private func chooseLevels() throws -> [Int] {
    if seeksTimeAlone { return [LevelChooser.levelsWhereBytesAreFree] }
    return try LevelChooser.levels(for: subject.model, on: subject.sample, threads: options.threads)
  }

  /// For the smallest file the networks begin with a part of each layer's channels.
  private func startAtHalfTheChannels(_ whole: WidthLadder) throws -> WidthLadder {
    if options.budget.seeksSmallest, journal.state.channelShare == nil {
      journal.state.channelShare = ChannelWidening.firstShare
    }
    return try whole.starting(atShare: journal.state.channelShare ?? 1)
  }

  /// Looks from now on for wider networks than one with these widths, and saves that.
  private func widen(_ whole: WidthLadder, from widths: [Int], _ ladder: WidthLadder) throws -> WidthLadder {
    let count = try ladder.narrowed(to: widths).parameterCount
    ChannelWidening.widen(&journal.state, isWidest: widths == ladder.rungs[0].widths, parameterCount: count)
    try journal.saveState()
    return try whole.starting(atShare: journal.state.channelShare ?? 1)
  }

  /// What is trained next, by what was found so far; nil where the search is over.
  private func nextTraining(
    _ ladder: WidthLadder, _ levels: [Int], leastBytes: Int
  ) throws -> (recipe: ShrinkRecipe, strategy: SearchStrategy)? {
    guard let strategy = try settledStrategy(ladder, levels, leastBytes: leastBytes),
      let plan = strategy.next(after: journal.state.candidates, spent: journal.spent)
    else { return nil }
    let writer = RecipeWriter(subject, journal.state, ladder, levels)
    let cost = try epochCost(writer.draft(plan), ladder)
    guard let recipe = writer.recipe(plan, epochCost: cost, teachingCost: work.teachingCost) else { return nil }
    return (recipe, strategy)
  }

  /// The strategy with its number of trainings.
  ///
  /// That is settled at first, and again where layers turned out too narrow or a resumed search has more time than it
  /// had.
  /// - Returns: Nil where nothing is left to be done.
  private func settledStrategy(
    _ ladder: WidthLadder, _ levels: [Int], leastBytes: Int
  ) throws -> SearchStrategy? {
    let state = journal.state
    func strategy(_ rounds: Int) -> SearchStrategy {
      SearchStrategy(subject, rounds: rounds, leastBytes: leastBytes)
    }
    if let rounds = state.rounds, options.effort.total <= state.roundsEffort ?? .infinity {
      return strategy(rounds)
    }
    let trained = state.candidates.count { $0.recipe != nil }
    let shortest = strategy(trained + SearchStrategy.Rounds.fewest)
    guard let plan = shortest.next(after: state.candidates, spent: journal.spent) else { return nil }
    let cost = try epochCost(RecipeWriter(subject, state, ladder, levels).draft(plan), ladder)
    var rounds = SearchStrategy.rounds(epochs: (options.effort.total - journal.spent) / cost, after: trained)
    if seeksTimeAlone { rounds = min(rounds, SearchStrategy.Rounds.mostForTimeAlone) }
    journal.state.rounds = trained + rounds
    journal.state.roundsEffort = options.effort.total
    return strategy(trained + rounds)
  }

  /// What an epoch of a recipe takes of the effort.
  private func epochCost(_ recipe: ShrinkRecipe, _ ladder: WidthLadder) throws -> Double {
    try journal.epochCost { try work.secondsPerEpoch(of: recipe, ladder.narrowed(to: recipe.widths ?? ladder.full)) }
  }
}
