import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletModel
import SwiftletTraining

/// Does the work of a search, and keeps what the next candidate may need again.
final class SearchWorkshop: SearchWork {
  private let subject: SearchSubject
  /// Float models to learn from besides the one that is compressed.
  private var furtherTeachers: [Model]
  /// The float model with its batch normalizations folded, and the ranges of its activations.
  private var calibrated: (model: FoldedModel, ranges: Calibration)?
  /// The network of the last widths, trained in floating point.
  private var narrow: (key: NarrowKey, model: Model)?
  /// The teachers with their opinions of distorted images, of the last training.
  private var taught: (key: TeachingKey, teacher: Teacher)?

  /// Levels on each side of 0 that activations have while their ranges are observed: 8 bits.
  private static let calibrationLevels = 127

  init(_ subject: SearchSubject, furtherTeachers: [Model]) {
    self.subject = subject
    self.furtherTeachers = furtherTeachers
  }

  private var threads: Int { subject.options.threads }

  func quantized(levels: Int) throws -> Model {
    let (folded, ranges) = try calibrated ?? calibrate()
    return try folded.quantized(ranges, options: Self.quantization(levels: levels))
  }

  private func calibrate() throws -> (model: FoldedModel, ranges: Calibration) {
    let folded = try FoldedModel(subject.model)
    let ranges = try folded.calibrated(
      on: subject.training, count: subject.options.calibrationCount,
      options: Self.quantization(levels: Self.calibrationLevels), threads: threads)
    calibrated = (folded, ranges)
    return (folded, ranges)
  }

  /// How weights are rounded after training.
  private static func quantization(levels: Int) -> QuantizationOptions {
    QuantizationOptions(
      weightScales: .halfPower, weightLevels: levels, searchesWeightScales: true, rounding: .compensated)
  }

  func measured(_ quantized: Model) throws -> MeasuredModel { try MeasuredModel(quantized, of: subject) }

  func quality(ofFloat model: Model) throws -> Double {
    try Evaluation.of(model, on: subject.validation, threads: threads).quality
  }

  func trainedTeacher(
    _ teachers: ShrinkRecipe.FurtherTeachers, seed: UInt64, isCancelled: @escaping () -> Bool,
    onEvent: (TrainingEvent) -> Void
  ) throws -> Model {
    try teachers.trained(
      subject.model, seed: seed, training: subject.training, validation: subject.validation, threads: threads,
      isCancelled: isCancelled, onEvent: onEvent)
  }

  func addTeacher(_ teacher: Model) { furtherTeachers.append(teacher) }

  func secondsPerEpoch(of recipe: ShrinkRecipe, _ narrow: Model) throws -> Double {
    try ShrinkRun(recipe, threads: threads).secondsPerEpoch(
      of: narrow, training: subject.training, validation: subject.validation)
  }

  func teachingCost(_ recipe: ShrinkRecipe) -> Double {
    guard case .minutes = subject.options.effort, recipe.distillation != nil, taught?.key != TeachingKey(recipe) else {
      return 0
    }
    let distortions = subject.options.augmentation == nil ? 1 : RecipeWriter.Course.distortionCount + 1
    let teachers = 1 + (recipe.furtherTeachers?.seeds.count ?? 0)
    return subject.floatSecondsPerImage * Double(subject.training.count * distortions * teachers)
  }

  func narrowed(
    _ recipe: ShrinkRecipe, isCancelled: @escaping () -> Bool, onEvent: @escaping (ShrinkEvent) -> Void
  ) throws -> Model {
    let key = NarrowKey(recipe)
    if let narrow, narrow.key == key { return narrow.model }
    var run = try ShrinkRun(recipe, threads: threads)
    run.isCancelled = isCancelled
    let model = try run.narrowed(
      subject.model, training: subject.training, validation: subject.validation, onEvent: onEvent)
    narrow = (key, model)
    return model
  }

  func trained(
    _ recipe: ShrinkRecipe, from narrow: Model?, isCancelled: @escaping () -> Bool,
    onEvent: @escaping (ShrinkEvent) -> Void
  ) throws -> Model {
    var run = try ShrinkRun(recipe, threads: threads)
    run.isCancelled = isCancelled
    run.narrow = narrow
    run.teacher = try teacher(recipe, run)
    return try run.run(
      subject.model, training: subject.training, validation: subject.validation, onEvent: onEvent
    ).model
  }

  private func teacher(_ recipe: ShrinkRecipe, _ run: ShrinkRun) throws -> Teacher? {
    let key = TeachingKey(recipe)
    if let taught, taught.key == key { return taught.teacher }
    let models = [subject.model] + (recipe.furtherTeachers == nil ? [] : furtherTeachers)
    guard let teacher = try run.teacher(recipe.distillation, models, batch: recipe.training.batch) else { return nil }
    taught = (key, teacher)
    return teacher
  }
}

/// What decides what a training is taught: the images that the teachers are asked about, and who they are.
private struct TeachingKey: Hashable {
  var distillation: ShrinkRecipe.Distillation?
  var furtherTeachers: ShrinkRecipe.FurtherTeachers?
  var augmentation: Augmentation?
  var batch: Int
  var seed: UInt64

  init(_ recipe: ShrinkRecipe) {
    distillation = recipe.distillation
    furtherTeachers = recipe.furtherTeachers
    augmentation = recipe.training.augmentation
    batch = recipe.training.batch
    seed = recipe.training.seed
  }
}
