import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletModel
import SwiftletTraining

extension Search {
  /// The most epochs of one candidate, and the steps under which small data sets are trained longer than that.
  private static let mostEpochs = 180
  private static let fewSteps = 20_000
  private static let fewestEpochs = 4
  /// Training in floating point longer than that before the integers brings nothing.
  private static let mostFloatEpochs = 12
  /// Distortions of each image where the float model is asked about them all, once, to be learnt from; and the epochs
  /// from which on that, and distortions of another strength, are worth their time.
  private static let distortionCount = 12
  private static let distilledEpochs = 4 * distortionCount

  /// Follows the strategy until it ends or the effort is used up.
  func trainAsIntegers(_ ladder: WidthLadder, leastBytes: Int) throws {
    try checkCancellation()
    let levels =
      options.budget.targetBytes == nil && !options.budget.seeksSmallest
      ? [31] : try LevelChooser.levels(for: model, on: sample, threads: options.threads)
    var strategy = strategy(rounds: state.rounds ?? 3, leastBytes)
    if state.rounds == nil {
      guard let first = strategy.next(after: state.candidates, spent: spent) else { return }
      let cost = try epochCost(recipe(for: first, ladder, levels).recipe, ladder)
      let rounds = SearchStrategy.rounds(epochs: (options.effort.total - spent) / cost)
      state.rounds = options.budget.targetBytes == nil && !options.budget.seeksSmallest ? min(rounds, 3) : rounds
      strategy = self.strategy(rounds: state.rounds ?? rounds, leastBytes)
    }
    while let plan = strategy.next(after: state.candidates, spent: spent) {
      try checkCancellation()
      guard let recipe = try fitted(plan, ladder, levels) else { return }
      try train(recipe, strategy)
    }
  }

  private func strategy(rounds: Int, _ leastBytes: Int) -> SearchStrategy {
    SearchStrategy(
      budget: options.budget, rounds: rounds, total: options.effort.total, parameterCount: model.parameterCount,
      leastBytes: leastBytes, resolution: Quality.resolution(float), floatPoints: floatPoints,
      countsEpochs: options.effort.countsEpochs, augmentation: options.augmentation, seed: options.seed)
  }

  /// The plan's recipe, its epochs not yet set, and whether the first half of it was followed before.
  private func recipe(
    for plan: SearchStrategy.Plan, _ ladder: WidthLadder, _ levels: [Int]
  ) -> (recipe: ShrinkRecipe, previous: ShrinkRecipe?) {
    let limit = state.widestRung ?? 0
    let widths =
      plan.targetBytes.map { ladder.widths(parameters: plan.spread * Double($0), from: limit) }
      ?? ladder.rungs[limit].widths
    var recipe = ShrinkRecipe(
      widths: widths == ladder.rungs[0].widths ? nil : widths, targetBytes: plan.targetBytes, seed: plan.seed)
    recipe.quantization.levels = levels
    recipe.calibrationCount = options.calibrationCount
    recipe.stored = options.stored
    recipe.floatTraining.batch = batch
    recipe.floatTraining.augmentation = options.augmentation
    recipe.training.batch = batch
    recipe.training.augmentation = options.augmentation
    return (recipe, state.candidates.compactMap(\.recipe).last { $0.widths == recipe.widths })
  }

  /// Some fifty steps an epoch at least, as far as whole vectors of images allow.
  var batch: Int {
    if let batch = options.batch { return batch }
    var batch = 64
    while batch > 16, compressor.training.count / batch < 50 { batch /= 2 }
    return batch
  }

  /// The plan's recipe with as many epochs as its share allows; nil where these are too few to be worth it.
  private func fitted(_ plan: SearchStrategy.Plan, _ ladder: WidthLadder, _ levels: [Int]) throws -> ShrinkRecipe? {
    var (recipe, previous) = recipe(for: plan, ladder, levels)
    let steps = max(1, compressor.training.count / batch)
    let most = min(1000, max(Self.mostEpochs, Self.fewSteps / steps))
    let cost = try epochCost(recipe, ladder)
    var affordable = min(Int(plan.share / cost), most)
    let afterTeaching = min(Int((plan.share - teachingCost) / cost), most)
    if afterTeaching >= Self.distilledEpochs {
      // In a short training other distortions than those asked for cost more than they bring.
      recipe.floatTraining.augmentation = options.augmentation?.scaled(by: plan.distortion)
      recipe.training.augmentation = recipe.floatTraining.augmentation
      if float.reconstruction == nil {
        affordable = afterTeaching
        recipe.distillation = .init(weight: 0.5, temperature: 2)
        recipe.training.augmentationCycle = Self.distortionCount
      }
    }
    // Something is trained even where the time is short, once.
    guard affordable >= Self.fewestEpochs || !state.candidates.contains(where: { $0.recipe != nil }) else { return nil }
    var epochs = max(affordable, Self.fewestEpochs)
    if recipe.widths == nil {
      recipe.floatTraining.epochs = 0
    } else if let previous, 8 * previous.floatTraining.epochs >= epochs {
      // Known from before, and not much shorter than it would be.
      recipe.floatTraining = previous.floatTraining
    } else {
      recipe.floatTraining.epochs = min(max(1, epochs / 4), Self.mostFloatEpochs)
      epochs -= recipe.floatTraining.epochs
    }
    recipe.training.epochs = epochs
    recipe.pruningEpochs = recipe.targetBytes == nil ? 0 : epochs / 3
    recipe.scaleEpochs = epochs / 2
    return recipe
  }

  /// What the opinions of the float model take of the effort.
  private var teachingCost: Double {
    guard case .minutes = options.effort else { return 0 }
    let images = compressor.training.count * (options.augmentation == nil ? 1 : Self.distortionCount)
    return floatSecondsPerImage * Double(images)
  }

  /// What an epoch takes of the effort.
  private func epochCost(_ recipe: ShrinkRecipe, _ ladder: WidthLadder) throws -> Double {
    guard case .minutes = options.effort else { return 1 }
    let narrow = try ladder.narrowed(to: recipe.widths ?? ladder.rungs[0].widths)
    let measured = try ShrinkRun(recipe, threads: options.threads).secondsPerEpoch(
      of: narrow, training: compressor.training, validation: compressor.validation)
    predicted = max(1e-4, measured)
    return predicted * (state.pace ?? 1)
  }

  /// Learns how much longer an epoch takes than was measured for it: files are written, other programs run.
  private func learnPace(_ recipe: ShrinkRecipe, _ start: ContinuousClock.Instant, epochs: Int) {
    guard case .minutes = options.effort, epochs > 0 else { return }
    let seconds = (ContinuousClock.now - start) / .seconds(1) - (recipe.distillation == nil ? 0 : teachingCost)
    state.pace = min(max(seconds / (predicted * Double(epochs)), 0.5), 10)
  }

  /// Follows a recipe, unless it turns out hopeless on the way.
  private func train(_ recipe: ShrinkRecipe, _ strategy: SearchStrategy) throws {
    let method = CompressionCandidate.Method.trained(recipe)
    let blank = candidate(method)
    onEvent(
      .begins(
        number: blank.number, method: blank.methodText, rounds: strategy.rounds, left: leftText))
    let since = ContinuousClock.now
    var run = try ShrinkRun(recipe, threads: options.threads)
    var best: (points: Double, model: Model)?
    var isHopeless = false
    var epochs = 0
    run.isCancelled = { self.isCancelled() || isHopeless }
    func follow(_ event: ShrinkEvent) {
      switch event {
      case .floatTraining(let event): onEvent(.training(event))
      case .training(let event):
        onEvent(.training(event))
        guard case .epoch(let summary) = event else { return }
        epochs += 1
        isHopeless = isOverTime && best != nil
        guard let best else { return }
        isHopeless =
          isHopeless
          || !strategy.isWorthwhile(
            drop: floatPoints - best.points, progress: Double(summary.epoch) / Double(recipe.training.epochs),
            best: state.bestCandidate)
      case .best(let result):
        best = (result.quality, result.model)
      case .narrowed, .quantized, .pruned: break
      }
    }
    do {
      if recipe.widths != nil {
        let key = NarrowKey(widths: recipe.widths, training: recipe.floatTraining)
        if narrows[key] == nil {
          let isNew = !state.candidates.contains {
            $0.recipe?.widths == recipe.widths && $0.recipe?.floatTraining == recipe.floatTraining
          }
          narrows = [
            key: try run.narrowed(
              model, training: compressor.training, validation: compressor.validation, onEvent: follow)
          ]
          if isNew { epochs += recipe.floatTraining.epochs }
        }
        run.narrow = narrows[key]
      }
      let (start, before) = (ContinuousClock.now, epochs)
      let result = try run.run(
        model, training: compressor.training, validation: compressor.validation, onEvent: follow)
      learnPace(recipe, start, epochs: epochs - before)
      try record(result.model, method, epochs: epochs, since: since)
    } catch CompressionError.cancelled where isHopeless && !isCancelled() {
      guard let best else { throw CompressionError.cancelled }
      try record(best.model, method, epochs: epochs, since: since, isAbandoned: true)
    } catch let error as TrainingError {
      onEvent(.note("candidate \(blank.number): \(error)"))
      var failed = blank
      failed.epochs = max(epochs, 1)
      try add(failed, file: nil)
    }
  }

  /// A candidate of which nothing is known.
  private func candidate(_ method: CompressionCandidate.Method) -> CompressionCandidate {
    CompressionCandidate(
      number: state.candidates.count + 1, method: method, points: 0, drop: floatPoints,
      fileBytes: 0, microseconds: 0, isAbandoned: true)
  }
}

/// What decides the first half of a recipe.
struct NarrowKey: Hashable {
  var widths: [Int]?
  var training: TrainingConfiguration
}
