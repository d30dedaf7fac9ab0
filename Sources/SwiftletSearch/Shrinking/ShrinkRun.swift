import SwiftletCompression
import SwiftletData
import SwiftletModel
import SwiftletTraining

/// Follows a `ShrinkRecipe`: narrows, prunes and trains a float model as the integer program it becomes.
public struct ShrinkRun {
  public let recipe: ShrinkRecipe
  public var threads: Int
  /// Asked after each batch whether to stop.
  public var isCancelled: () -> Bool = { false }
  /// Whose logits the student learns; by default the model it starts from, and those that the recipe has trained.
  public var teachers: [Model] = []
  /// The model with its channels cut and trained in floating point, where the first half of the recipe was followed
  /// before.
  var narrow: Model?
  /// Who has the float model's opinion of these images already, for training in integers.
  var teacher: Teacher?
  /// - Throws: `CompressionError.recipe` where the recipe makes no sense.
  public init(_ recipe: ShrinkRecipe, threads: Int = 1) throws(CompressionError) {
    try recipe.check()
    self.recipe = recipe
    self.threads = threads
  }

  /// Makes the small model; validation images choose the epoch that is kept.
  ///
  /// - Throws: `CompressionError.cancelled`, or what narrowing, training, quantization or writing throws.
  public func run(
    _ model: Model, training: Dataset, validation: Dataset, onEvent: @escaping (ShrinkEvent) -> Void = { _ in }
  ) throws -> ShrinkResult {
    if let widths = recipe.widths { try model.check(widths: widths) }
    let teachers = try ensemble(model, training, validation, onEvent)
    for teacher in teachers {
      guard teacher.inputs.count == 1, teacher.outputs.count == 1,
        teacher.values[teacher.inputs[0]].shape == model.values[model.inputs[0]].shape,
        teacher.values[teacher.outputs[0]].shape == model.values[model.outputs[0]].shape
      else { throw CompressionError.recipe("a teacher must take the same images and tell the same classes apart") }
    }
    let narrow = try narrow ?? narrowed(model, teachers, training, validation, onEvent)
    let folded = try FoldedModel(narrow)
    let calibration = try folded.calibrated(on: training, count: recipe.calibrationCount, threads: threads)
    let network = try QuantizationAwareNetwork(folded, calibration: calibration, options: recipe.quantization)
    onEvent(.quantized)
    return try trainedAsIntegers(network, of: model, teachers, training, validation, onEvent)
  }

  /// The first half of the recipe: the model with its channels cut, trained in floating point.
  func narrowed(
    _ model: Model, training: Dataset, validation: Dataset, onEvent: @escaping (ShrinkEvent) -> Void
  ) throws -> Model {
    try narrowed(model, teachers.isEmpty ? [model] : teachers, training, validation, onEvent)
  }

  func teacher(_ distillation: ShrinkRecipe.Distillation?, _ models: [Model], batch: Int) throws -> Teacher? {
    guard let distillation, distillation.weight > 0 else { return nil }
    return try Teacher(
      models, weight: distillation.weight, temperature: distillation.temperature, maximumBatch: batch, threads: threads)
  }

  private func narrowed(
    _ model: Model, _ teachers: [Model], _ training: Dataset, _ validation: Dataset,
    _ onEvent: @escaping (ShrinkEvent) -> Void
  ) throws -> Model {
    guard let widths = recipe.widths else { return model }
    let groups = ChannelGroups(model)
    let scores = model.channelScores(try model.fisherScores(on: training, threads: threads), of: groups)
    let narrow = try model.narrowed(toWidths: widths, scores: scores, of: groups)
    guard recipe.floatTraining.epochs > 0 else { return narrow }
    onEvent(.narrowed(parameters: narrow.parameterCount))
    var trainer = try Trainer(
      narrow, configuration: recipe.floatTraining, training: training, validation: validation, threads: threads)
    trainer.isCancelled = isCancelled
    trainer.teacher = try teacher(recipe.floatDistillation, teachers, batch: recipe.floatTraining.batch)
    let result = try trainer.run { onEvent(.floatTraining($0)) }
    if result.isInterrupted { throw CompressionError.cancelled }
    return result.model
  }
}
