import SwiftletModel
import SwiftletTraining

/// The main stage: a recipe followed to the end, as the integers that will run, unless it turns out hopeless on the way.
struct CandidateTraining {
  private let recipe: ShrinkRecipe
  private let strategy: SearchStrategy
  private let subject: SearchSubject
  private let journal: SearchJournal
  private let work: any SearchWork
  private let watch = TrainingWatch()

  init(
    _ recipe: ShrinkRecipe, _ strategy: SearchStrategy, _ subject: SearchSubject, _ journal: SearchJournal,
    _ work: any SearchWork
  ) {
    self.recipe = recipe
    self.strategy = strategy
    self.subject = subject
    self.journal = journal
    self.work = work
  }

  private var method: CompressionCandidate.Method { .trained(recipe) }

  /// Trains and takes note of the candidate, be it good, given up or failed.
  func run() throws {
    let number = journal.nextNumber
    journal.tell(.begins(number: number, method: method.text, rounds: strategy.rounds, left: journal.leftText))
    let since = ContinuousClock.now
    do {
      try journal.add(try work.measured(train()), method, epochs: watch.epochs, since: since)
    } catch CompressionError.cancelled where watch.isGivenUp && !journal.isCancelled() {
      if let best = watch.best {
        try journal.add(try work.measured(best), method, epochs: watch.epochs, since: since, isAbandoned: true)
      } else {
        try journal.add(candidateWithoutFile, file: nil)
      }
    } catch let error as TrainingError {
      journal.note("candidate \(number): \(error)")
      try journal.add(candidateWithoutFile, file: nil)
    }
  }

  private func train() throws -> Model {
    let isCancelled = { [watch, journal] in
      watch.isGivenUp = watch.isGivenUp || journal.isOverTime
      return watch.isGivenUp || journal.isCancelled()
    }
    var narrow: Model?
    if recipe.widths != nil {
      narrow = try work.narrowed(recipe, isCancelled: isCancelled, onEvent: follow)
      let key = NarrowKey(recipe)
      if !journal.state.candidates.contains(where: { $0.recipe.map(NarrowKey.init) == key }) {
        watch.epochs += recipe.floatTraining.epochs
      }
    }
    let (start, before, teaching) = (ContinuousClock.now, watch.epochs, work.teachingCost(recipe))
    let model = try work.trained(recipe, from: narrow, isCancelled: isCancelled, onEvent: follow)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    journal.learnPace(seconds: seconds - teaching, epochs: watch.epochs - before)
    return model
  }

  /// Passes on how the training is getting on, and gives it up where nothing is to be hoped from it.
  private func follow(_ event: ShrinkEvent) {
    switch event {
    case .floatTraining(let event): journal.tell(.training(event))
    case .training(let event):
      journal.tell(.training(event))
      guard case .epoch(let summary) = event else { return }
      watch.epochs += 1
      if summary.epoch > recipe.pruningEpochs { watch.points = max(watch.points, summary.validationQuality) }
      let progress = Double(summary.epoch) / Double(recipe.training.epochs)
      let drop = subject.floatPoints - watch.points
      if !strategy.isWorthwhile(drop: drop, progress: progress, best: journal.state.bestCandidate) {
        watch.isGivenUp = true
      }
    case .best(let result): watch.best = result.model
    case .pruned(_, _, let bytes): watch.fileBytes = bytes
    case .teacher, .narrowed, .quantized: break
    }
  }

  /// A candidate of which no more is known than was seen in training.
  private var candidateWithoutFile: CompressionCandidate {
    let points = max(watch.points, 0)
    var candidate = CompressionCandidate(
      number: journal.nextNumber, method: method, points: points, drop: subject.floatPoints - points,
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

/// What decides the first half of a recipe.
struct NarrowKey: Hashable {
  var widths: [Int]?
  var training: TrainingConfiguration

  init(_ recipe: ShrinkRecipe) { (widths, training) = (recipe.widths, recipe.floatTraining) }
}
