import SwiftletTraining

/// From the strategy's plan to a recipe: what a training is to be like, and what of its share each phase takes.
struct RecipeWriter {
  private let subject: SearchSubject
  private let state: SearchState
  private let ladder: WidthLadder
  private let levels: [Int]

  /// Epochs of one training.
  enum Epochs {
    /// Fewer are not worth it.
    static let fewest = 4
    /// More bring little. At 4.5 KB the seed CNN has 99.54% of validation images right after 120 epochs, 99.62% after
    /// 360.
    static let most = 600
    /// Small data sets are trained on for more epochs than that, until there are as many steps; up to `limit`.
    static let leastSteps = 20_000
    static let limit = 1000
    /// In floating point, before the integers: more of them bring nothing.
    static let mostInFloat = 12
    /// One in so many is in floating point.
    static let floatPart = 4
    /// A known narrow network is taken again where it was trained for one in so many of the epochs at least: not much
    /// shorter than it would be.
    static let knownFloatPart = 8
    /// The first in so many prunes.
    static let pruningPart = 3
    /// After one in so many the scales stay.
    static let scalePart = 2
    /// The last in so many are there to choose from.
    static let finalPart = 4
  }

  /// A training long enough to be taught and distorted for.
  enum Course {
    /// Distortions of each image that the float model is asked about, once, to be learnt from.
    static let distortionCount = 12
    /// Epochs from which on that, and distortions of another strength, are worth their time.
    static let leastEpochs = 3 * distortionCount
    /// Nearly all that the float model thinks, as sharply as it does. The seed CNN in 4.5 KB, 120 epochs, one run each,
    /// the mean over the last 15 on validation images: 99.45% with half the weight and temperature 2, 99.52% with this
    /// weight, 99.57% with temperature 1 as well (4: 99.31%), 99.60% if the last 18 show the images undistorted (0.7:
    /// 99.53%).
    static let distillation = ShrinkRecipe.Distillation(weight: 0.9, temperature: 1)
    /// The last in so many epochs show the images undistorted.
    static let undistortedPart = 7
    /// The last in so many are then there to choose from: they differ by luck on the validation images alone, and images
    /// of training are known by heart.
    static let finalPart = 16
  }

  init(_ subject: SearchSubject, _ state: SearchState, _ ladder: WidthLadder, _ levels: [Int]) {
    self.subject = subject
    self.state = state
    self.ladder = ladder
    self.levels = levels
  }

  /// The plan's recipe, its epochs not yet set.
  func draft(_ plan: SearchStrategy.Plan) -> ShrinkRecipe {
    let options = subject.options
    // A state that is damaged may say anything.
    let limit = min(state.widestRung ?? 0, ladder.rungs.count - 1)
    let widths =
      plan.targetBytes.map {
        ladder.widths(
          parameters: plan.parametersPerByte * Double($0), atLeast: state.leastParameters ?? 0, from: limit)
      }
      ?? ladder.rungs[limit].widths
    var recipe = ShrinkRecipe(
      widths: widths == ladder.full ? nil : widths, targetBytes: plan.targetBytes, seed: plan.seed)
    recipe.quantization.levels = levels
    recipe.calibrationCount = options.calibrationCount
    recipe.stored = options.stored
    recipe.floatTraining.batch = subject.batch
    recipe.floatTraining.augmentation = options.augmentation
    recipe.training.batch = subject.batch
    recipe.training.augmentation = options.augmentation
    return recipe
  }

  /// The plan's recipe with as many epochs as its share allows; nil where these are too few to be worth it.
  ///
  /// - Parameters:
  ///   - epochCost: What an epoch takes of the effort.
  ///   - teachingCost: What asking a recipe's teachers takes of it.
  func recipe(
    _ plan: SearchStrategy.Plan, epochCost: Double, teachingCost: (ShrinkRecipe) -> Double
  ) -> ShrinkRecipe? {
    let most = mostEpochs
    /// Whole epochs, of which a number beyond all integers has `most`.
    func epochs(_ share: Double) -> Int { Int(min(max(share / epochCost, 0), Double(most))) }
    var recipe = draft(plan)
    var affordable = epochs(plan.share)
    let taught = withCourse(recipe, plan)
    let afterTeaching = epochs(plan.share - teachingCost(taught))
    if afterTeaching >= Course.leastEpochs {
      // In a short training other distortions than those asked for cost more than they bring.
      recipe = taught
      affordable = afterTeaching
    }
    // Something is trained even where the time is short, once.
    guard affordable >= Epochs.fewest || !state.candidates.contains(where: { $0.recipe != nil }) else { return nil }
    divide(max(affordable, Epochs.fewest), among: &recipe)
    return recipe
  }

  private var mostEpochs: Int {
    let steps = max(1, subject.training.count / subject.batch)
    return min(Epochs.limit, max(Epochs.most, Epochs.leastSteps / steps))
  }

  /// The recipe with distortions of the plan's strength, with the float model's opinion of them where it classifies and
  /// little may be lost. In 1 KB learning from it costs LeNet-5 0.1 points and more.
  private func withCourse(_ recipe: ShrinkRecipe, _ plan: SearchStrategy.Plan) -> ShrinkRecipe {
    var recipe = recipe
    recipe.floatTraining.augmentation = subject.options.augmentation?.scaled(by: plan.distortion)
    recipe.training.augmentation = recipe.floatTraining.augmentation
    if subject.float.reconstruction == nil, !subject.skipsDistillation(after: state.candidates) {
      if let further = state.furtherTeachers?.recipe, !further.seeds.isEmpty { recipe.furtherTeachers = further }
      recipe.distillation = Course.distillation
      recipe.training.augmentationCycle = Course.distortionCount
    }
    return recipe
  }

  /// Divides epochs among training in floating point and in integers, and these among their phases.
  private func divide(_ count: Int, among recipe: inout ShrinkRecipe) {
    var epochs = count
    let previous = state.candidates.compactMap(\.recipe).last { $0.widths == recipe.widths }
    if recipe.widths == nil {
      recipe.floatTraining.epochs = 0
    } else if let previous, Epochs.knownFloatPart * previous.floatTraining.epochs >= epochs {
      recipe.floatTraining = previous.floatTraining
    } else {
      recipe.floatTraining.epochs = min(max(1, epochs / Epochs.floatPart), Epochs.mostInFloat)
      epochs -= recipe.floatTraining.epochs
    }
    recipe.training.epochs = epochs
    recipe.pruningEpochs = recipe.targetBytes == nil ? 0 : epochs / Epochs.pruningPart
    recipe.scaleEpochs = epochs / Epochs.scalePart
    recipe.finalEpochs = max(1, epochs / Epochs.finalPart)
    if recipe.training.augmentation != nil, recipe.distillation != nil {
      recipe.training.undistortedEpochs = epochs / Course.undistortedPart
      recipe.finalEpochs = max(1, epochs / Course.finalPart)
    }
  }
}
