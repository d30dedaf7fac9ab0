import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletModel
import SwiftletTraining

extension Search {
  /// Follows the strategy until it ends or the effort is used up.
  ///
  /// - Parameter whole: From all channels down.
  func trainAsIntegers(_ whole: WidthLadder, leastBytes: Int) throws {
    try checkCancellation()
    let levels =
      options.budget.targetBytes == nil && !options.budget.seeksSmallest
      ? [31] : try LevelChooser.levels(for: model, on: sample, threads: options.threads)
    // Most networks can spare half of every layer's channels, and an epoch then costs a quarter.
    if options.budget.seeksSmallest, state.channelShare == nil { state.channelShare = 0.5 }
    var ladder = try whole.starting(atShare: state.channelShare ?? 1)
    try trainTeachers()
    while true {
      // Decided here by what is saved, so that a search that was stopped after the candidate decides the same.
      if let widths = widthsThatHoldBack(ladder) {
        onEvent(.note("all weights of these channels are too few: more channels are tried"))
        state.candidates[state.candidates.count - 1].isTooNarrow = true
        ladder = try widen(whole, from: widths, ladder)
      }
      guard let strategy = try strategy(ladder, levels, leastBytes: leastBytes),
        let plan = strategy.next(after: state.candidates, spent: spent),
        let recipe = try fitted(plan, ladder, levels)
      else { return }
      if let widths = try widthsThatFailAsFloat(recipe, ladder, strategy) {
        ladder = try widen(whole, from: widths, ladder)
      } else {
        try train(recipe, strategy)
      }
      try checkCancellation()
    }
  }

  /// Looks from now on for networks of twice the parameters, or of four in ten more channels where these were the
  /// widest that are tried so far.
  ///
  /// - Returns: The ladder of these.
  private func widen(_ whole: WidthLadder, from widths: [Int], _ ladder: WidthLadder) throws -> WidthLadder {
    let count = try ladder.narrowed(to: widths).parameterCount
    if widths == ladder.rungs[0].widths, let share = state.channelShare {
      state.channelShare = share > 0.7 ? 1 : share * 2.0.squareRoot()
      state.leastParameters = count + 1
    } else {
      state.leastParameters = 2 * count
    }
    state.rounds = nil
    try saveState()
    return try whole.starting(atShare: state.channelShare ?? 1)
  }

  /// The widths of a network to be trained where, trained in floating point, it loses too much already and more
  /// channels are to be had.
  ///
  /// Widths of which an integer network was trained, and all once one was good enough, are past that.
  private func widthsThatFailAsFloat(
    _ recipe: ShrinkRecipe, _ ladder: WidthLadder, _ strategy: SearchStrategy
  ) throws -> [Int]? {
    guard let share = state.channelShare, share < 1 || recipe.widths != ladder.rungs[0].widths,
      let widths = recipe.widths, leavesEpochs(after: recipe.floatTraining.epochs),
      !state.candidates.contains(where: { $0.recipe != nil && ($0.meetsBudget || $0.recipe?.widths == widths) })
    else { return nil }
    let text = "\(widths.map(String.init).joined(separator: "-")) channels in floating point"
    onEvent(.note("training \(text), \(recipe.floatTraining.epochs) epochs"))
    var run = try ShrinkRun(recipe, threads: options.threads)
    run.isCancelled = { self.isCancelled() || self.isOverTime }
    let narrow: Model
    do {
      narrow = try self.narrow(recipe, run) {
        if case .floatTraining(let event) = $0 { self.onEvent(.training(event)) }
      }
    } catch CompressionError.cancelled where !isCancelled() {
      return nil
    } catch let error as TrainingError {
      // It fails again as a candidate, which is noted and passed over.
      onEvent(.note("\(text): \(error)"))
      return nil
    }
    let score = try Evaluation.of(narrow, on: compressor.validation, threads: options.threads)
    guard floatPoints - score.quality > strategy.slack else { return nil }
    onEvent(.note("\(text) lose \((floatPoints - score.quality).rounded(places: 2)) points: more are tried"))
    state.probeEpochs = (state.probeEpochs ?? 0) + recipe.floatTraining.epochs
    return widths
  }

  /// The widths of the last candidate where it lost too much with next to nothing pruned, so that more bytes need more
  /// channels.
  private func widthsThatHoldBack(_ ladder: WidthLadder) -> [Int]? {
    guard state.channelShare ?? 1 < 1, let last = state.candidates.last, !last.meetsBudget, last.isUnpruned,
      last.isTooNarrow != true,
      last.recipe?.widths == ladder.rungs[0].widths
    else { return nil }
    return last.recipe?.widths
  }

  /// The network of the first half of a recipe.
  private func narrow(
    _ recipe: ShrinkRecipe, _ run: ShrinkRun, _ follow: @escaping (ShrinkEvent) -> Void
  ) throws -> Model {
    let key = NarrowKey(recipe)
    if let known = narrows[key] { return known }
    let narrow = try run.narrowed(
      model, training: compressor.training, validation: compressor.validation, onEvent: follow)
    narrows = [key: narrow]
    return narrow
  }

  /// Follows a recipe, unless it turns out hopeless on the way.
  private func train(_ recipe: ShrinkRecipe, _ strategy: SearchStrategy) throws {
    let method = CompressionCandidate.Method.trained(recipe)
    let number = state.candidates.count + 1
    onEvent(
      .begins(
        number: number, method: candidate(method, TrainingWatch()).methodText, rounds: strategy.rounds, left: leftText))
    let since = ContinuousClock.now
    let watch = TrainingWatch()
    var run = try ShrinkRun(recipe, threads: options.threads)
    run.isCancelled = {
      watch.isGivenUp = watch.isGivenUp || self.isOverTime
      return watch.isGivenUp || self.isCancelled()
    }
    func follow(_ event: ShrinkEvent) { self.follow(event, recipe, strategy, watch) }
    do {
      if recipe.widths != nil {
        run.narrow = try narrow(recipe, run, follow)
        if !state.candidates.contains(where: { $0.recipe.map(NarrowKey.init) == NarrowKey(recipe) }) {
          watch.epochs += recipe.floatTraining.epochs
        }
      }
      let (start, before, teaching) = (ContinuousClock.now, watch.epochs, teachingCost(recipe))
      run.teacher = try teacher(recipe, run)
      let result = try run.run(
        model, training: compressor.training, validation: compressor.validation, onEvent: follow)
      learnPace(seconds: (ContinuousClock.now - start) / .seconds(1) - teaching, epochs: watch.epochs - before)
      try record(result.model, method, epochs: watch.epochs, since: since)
    } catch CompressionError.cancelled where watch.isGivenUp && !isCancelled() {
      if let best = watch.best {
        try record(best, method, epochs: watch.epochs, since: since, isAbandoned: true)
      } else {
        try add(candidate(method, watch), file: nil)
      }
    } catch let error as TrainingError {
      onEvent(.note("candidate \(number): \(error)"))
      try add(candidate(method, watch), file: nil)
    }
  }

  /// Passes on how a training is getting on, and gives it up where nothing is to be hoped from it.
  private func follow(
    _ event: ShrinkEvent, _ recipe: ShrinkRecipe, _ strategy: SearchStrategy, _ watch: TrainingWatch
  ) {
    switch event {
    case .floatTraining(let event): onEvent(.training(event))
    case .training(let event):
      onEvent(.training(event))
      guard case .epoch(let summary) = event else { return }
      watch.epochs += 1
      if summary.epoch > recipe.pruningEpochs { watch.points = max(watch.points, summary.validationQuality) }
      let progress = Double(summary.epoch) / Double(recipe.training.epochs)
      if !strategy.isWorthwhile(drop: floatPoints - watch.points, progress: progress, best: state.bestCandidate) {
        watch.isGivenUp = true
      }
    case .best(let result): watch.best = result.model
    case .pruned(_, _, let bytes): watch.fileBytes = bytes
    case .teacher, .narrowed, .quantized: break
    }
  }

  /// A candidate without a file, of which no more is known than was seen in training.
  private func candidate(_ method: CompressionCandidate.Method, _ watch: TrainingWatch) -> CompressionCandidate {
    let points = max(watch.points, 0)
    var candidate = CompressionCandidate(
      number: state.candidates.count + 1, method: method, points: points, drop: floatPoints - points,
      fileBytes: 0, microseconds: 0, isAbandoned: true, epochs: max(watch.epochs, 1))
    // One that failed is no evidence of its size.
    if watch.isGivenUp { candidate.estimatedBytes = watch.fileBytes }
    return candidate
  }
}

/// What is seen of a training under way.
private final class TrainingWatch {
  /// The best epoch since pruning.
  var points = -Double.infinity
  /// The best model that may be kept.
  var best: Model?
  /// At the last pruning.
  var fileBytes: Int?
  var epochs = 0
  var isGivenUp = false
}
