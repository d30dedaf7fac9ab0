import SwiftletCompression
import SwiftletEvaluation
import SwiftletModel
import SwiftletTraining

/// From plans to recipes: what a training is to be like, and what it takes of the effort.
extension Search {
  /// The most epochs of one candidate, and the steps under which small data sets are trained longer than that. At
  /// 4.5 KB the seed CNN has 99.54% of validation images right after 120 epochs, 99.62% after 360.
  private static let mostEpochs = 600
  private static let fewSteps = 20_000
  private static let fewestEpochs = 4
  /// Training in floating point longer than that before the integers brings nothing.
  private static let mostFloatEpochs = 12
  /// Nearly all that the float model thinks, as sharply as it does. The seed CNN in 4.5 KB, 120 epochs, one run each,
  /// the mean over the last 15 on validation images: 99.45% with half the weight and temperature 2, 99.52% with this
  /// weight, 99.57% with temperature 1 as well (4: 99.31%), 99.60% if the last 18 show the images undistorted (0.7:
  /// 99.53%).
  private static let distillation = ShrinkRecipe.Distillation(weight: 0.9, temperature: 1)
  /// Distortions of each image where the float model is asked about them all, once, to be learnt from; and the epochs
  /// from which on that, and distortions of another strength, are worth their time.
  static let distortionCount = 12
  private static let longCourseEpochs = 3 * distortionCount

  /// The strategy with its number of rounds, which is settled at first, and again where narrower layers turned out too
  /// narrow or a resumed search has more time than it had; nil where nothing is left to be done.
  func strategy(_ ladder: WidthLadder, _ levels: [Int], leastBytes: Int) throws -> SearchStrategy? {
    func strategy(rounds: Int) -> SearchStrategy {
      SearchStrategy(
        budget: options.budget, rounds: rounds, total: options.effort.total, parameterCount: model.parameterCount,
        leastBytes: leastBytes, resolution: Quality.resolution(float), floatPoints: floatPoints,
        countsEpochs: options.effort.countsEpochs, augmentation: options.augmentation, seed: options.seed)
    }
    if let rounds = state.rounds, options.effort.total <= state.roundsEffort ?? .infinity {
      return strategy(rounds: rounds)
    }
    let trained = state.candidates.count { $0.recipe != nil }
    guard let plan = strategy(rounds: trained + 3).next(after: state.candidates, spent: spent) else { return nil }
    let cost = try epochCost(recipe(for: plan, ladder, levels).recipe, ladder)
    var rounds = SearchStrategy.rounds(epochs: (options.effort.total - spent) / cost, after: trained)
    if options.budget.targetBytes == nil && !options.budget.seeksSmallest { rounds = min(rounds, 3) }
    state.rounds = trained + rounds
    state.roundsEffort = options.effort.total
    return strategy(rounds: trained + rounds)
  }

  /// The plan's recipe, its epochs not yet set, and whether the first half of it was followed before.
  private func recipe(
    for plan: SearchStrategy.Plan, _ ladder: WidthLadder, _ levels: [Int]
  ) -> (recipe: ShrinkRecipe, previous: ShrinkRecipe?) {
    // A state that is damaged may say anything.
    let limit = min(state.widestRung ?? 0, ladder.rungs.count - 1)
    let widths =
      plan.targetBytes.map {
        ladder.widths(parameters: plan.spread * Double($0), atLeast: state.leastParameters ?? 0, from: limit)
      }
      ?? ladder.rungs[limit].widths
    var recipe = ShrinkRecipe(
      widths: widths == ladder.full ? nil : widths, targetBytes: plan.targetBytes, seed: plan.seed)
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
  func fitted(_ plan: SearchStrategy.Plan, _ ladder: WidthLadder, _ levels: [Int]) throws -> ShrinkRecipe? {
    var (recipe, previous) = recipe(for: plan, ladder, levels)
    let steps = max(1, compressor.training.count / batch)
    let most = min(1000, max(Self.mostEpochs, Self.fewSteps / steps))
    let cost = try epochCost(recipe, ladder)
    /// Whole epochs, of which a number beyond all integers has `most`.
    func epochs(_ share: Double) -> Int { Int(min(max(share / cost, 0), Double(most))) }
    var affordable = epochs(plan.share)
    let longCourse = longCourse(recipe, plan)
    let afterTeaching = epochs(plan.share - teachingCost(longCourse))
    if afterTeaching >= Self.longCourseEpochs {
      // In a short training other distortions than those asked for cost more than they bring.
      recipe = longCourse
      affordable = afterTeaching
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
    recipe.finalEpochs = max(1, epochs / 4)
    if recipe.training.augmentation != nil, recipe.distillation != nil {
      recipe.training.undistortedEpochs = epochs / 7
      // By then they differ by luck on the validation images alone, and images of training are known by heart.
      recipe.finalEpochs = max(1, epochs / 16)
    }
    return recipe
  }

  /// The recipe with distortions of the plan's strength, with the float model's opinion of them where it classifies and
  /// little may be lost. In 1 KB learning from it costs LeNet-5 0.1 points and more.
  private func longCourse(_ recipe: ShrinkRecipe, _ plan: SearchStrategy.Plan) -> ShrinkRecipe {
    var recipe = recipe
    recipe.floatTraining.augmentation = options.augmentation?.scaled(by: plan.distortion)
    recipe.training.augmentation = recipe.floatTraining.augmentation
    if float.reconstruction == nil, !allowsTiny {
      if let further = state.furtherTeachers?.recipe, !further.seeds.isEmpty { recipe.furtherTeachers = further }
      recipe.distillation = Self.distillation
      recipe.training.augmentationCycle = Self.distortionCount
    }
    return recipe
  }

  /// Whether what is looked for lacks the weights for all that it could be taught.
  var allowsTiny: Bool {
    options.budget.allowsTiny(
      floatPoints: floatPoints, resolution: Quality.resolution(float), lost: state.candidates.leastLost)
  }

  /// Whether epochs are enough to train integers after so many in floating point.
  func leavesEpochs(after count: Int) -> Bool {
    !options.effort.countsEpochs
      || 0.96 * options.effort.total - spent > Double(count + Self.fewestEpochs)
  }

  /// What an epoch takes of the effort.
  private func epochCost(_ recipe: ShrinkRecipe, _ ladder: WidthLadder) throws -> Double {
    guard case .minutes = options.effort else { return 1 }
    let narrow = try ladder.narrowed(to: recipe.widths ?? ladder.full)
    let measured = try ShrinkRun(recipe, threads: options.threads).secondsPerEpoch(
      of: narrow, training: compressor.training, validation: compressor.validation)
    predicted = max(1e-4, measured)
    return predicted * (state.pace ?? 1)
  }

  /// Learns how much longer an epoch takes than was measured for it: files are written, other programs run.
  ///
  /// - Parameter seconds: What so many epochs took.
  func learnPace(seconds: Double, epochs: Int) {
    guard case .minutes = options.effort, epochs > 0 else { return }
    let paces = SearchState.paces
    state.pace = min(max(seconds / (predicted * Double(epochs)), paces.lowerBound), paces.upperBound)
  }
}

/// What decides the first half of a recipe.
struct NarrowKey: Hashable {
  var widths: [Int]?
  var training: TrainingConfiguration

  init(_ recipe: ShrinkRecipe) { (widths, training) = (recipe.widths, recipe.floatTraining) }
}
