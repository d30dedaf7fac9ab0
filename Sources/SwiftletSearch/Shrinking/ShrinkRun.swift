import SwiftletBytes
import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletFloat
import SwiftletFormat
import SwiftletModel
import SwiftletTraining

/// How a shrinking run is getting on.
public enum ShrinkEvent: Sendable {
  /// Another float model to learn from is trained, from 1.
  case teacher(number: Int, count: Int)
  /// The channels are cut; training in floating point begins.
  case narrowed(parameters: Int)
  case floatTraining(TrainingEvent)
  /// Training in integers begins.
  case quantized
  case training(TrainingEvent)
  /// The weights' zeros and the file as it would be written now.
  case pruned(epoch: Int, keptCount: Int, fileBytes: Int)
  /// A better model than before, of its final size.
  case best(ShrinkResult)
}

/// A small integer model.
public struct ShrinkResult: Sendable {
  public var model: Model
  public var file: WrittenModel
  /// Correct predictions of the integer runtime on the validation images, of `validationCount`.
  public var correctCount, validationCount: Int
  /// `Evaluation.quality` on these images, in points.
  public var quality: Double
}

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
  /// The budget falls in so many steps an epoch.
  private static let maskChangesPerEpoch = 10
  /// One part in so many of the target is left to what training after the last pruning adds.
  private static let reserve = 40

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
    return try trained(network, of: model, teachers, training, validation, onEvent)
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

  private func trained(
    _ quantized: QuantizationAwareNetwork, of source: Model, _ teachers: [Model], _ training: Dataset,
    _ validation: Dataset, _ onEvent: @escaping (ShrinkEvent) -> Void
  ) throws -> ShrinkResult {
    let configuration = recipe.training
    let pruner = FisherPruner(quantized)
    let stepsPerEpoch = max(1, (training.count + configuration.batch - 1) / configuration.batch)
    let count = validation.count
    var budget = BitBudget(
      target: recipe.targetBytes.map { $0 - $0 / Self.reserve }, steps: recipe.pruningEpochs * stepsPerEpoch,
      interval: max(1, stepsPerEpoch / Self.maskChangesPerEpoch))
    var trainer = try Trainer(
      quantized.trainable, configuration: configuration, training: training, validation: validation, threads: threads)
    trainer.isCancelled = isCancelled
    trainer.teacher = try teacher ?? teacher(recipe.distillation, teachers, batch: configuration.batch)
    // No image is left to choose an epoch by where all are trained on.
    let finalEpochs = recipe.usesAllImages == true ? 1 : recipe.finalEpochs ?? configuration.epochs
    trainer.firstEligibleEpoch = max(
      recipe.pruningEpochs + 1, recipe.scaleEpochs + 1, configuration.epochs - finalEpochs + 1)
    trainer.trainAsIntegers(quantized, pruner)
    trainer.afterStep = { network, progress in
      let step = Int((progress * Double(stepsPerEpoch)).rounded())
      pruner.apply(to: network)
      if step % budget.interval == 0, step <= recipe.scaleEpochs * stepsPerEpoch { quantized.refitScales(network) }
      quantized.refresh(network)
      guard budget.isDue(step) else { return }
      if budget.isMeasured(step, stepsPerEpoch: stepsPerEpoch),
        let file = try? packed(quantized.exported(), of: source, correct: count, count, quality: 0, .fast).file
      {
        budget.measure(fileBytes: file.bytes.count, bits: pruner.bits)
        onEvent(
          .pruned(epoch: step / stepsPerEpoch, keptCount: pruner.keptCount, fileBytes: file.bytes.count))
      }
      pruner.prune(network, toBits: budget.bits(at: step, present: pruner.bits))
      if step == budget.steps { pruner.freeze() }
      quantized.refresh(network)
    }
    let result = try trainer.run { event in
      onEvent(.training(event))
      guard case .epoch(let summary) = event, summary.isBest,
        let result = try? packed(
          quantized.exported(), of: source, correct: summary.validationCorrect, count,
          quality: summary.validationQuality, .smallest)
      else { return }
      onEvent(.best(result))
    }
    if result.isInterrupted { throw CompressionError.cancelled }
    let final = try FloatNetwork(result.model, maxBatch: configuration.batch, threads: threads)
    quantized.attach(to: final)
    let model = try quantized.exported()
    let score = try Evaluation.of(model, on: validation, threads: threads)
    return try packed(model, of: source, correct: score.correctCount, count, quality: score.quality, .smallest)
  }

  /// The model with what the recipe stores beside it, as a file.
  private func packed(
    _ model: Model, of source: Model, correct: Int, _ count: Int, quality: Double, _ effort: Zlib.Effort
  ) throws -> ShrinkResult {
    // What was trained on measures nothing.
    let accuracies = recipe.usesAllImages == true ? [] : Quality.accuracies(of: source, correct: correct, count)
    let model = recipe.stored?.applied(to: model, source: source, accuracies: accuracies) ?? model
    do {
      let file = try ModelWriter.write(model, effort: effort)
      return ShrinkResult(model: model, file: file, correctCount: correct, validationCount: count, quality: quality)
    } catch {
      throw CompressionError.notWritable("the small model cannot be written: \(error)")
    }
  }
}

extension Trainer {
  /// Makes the network compute with integers and the pruner see every gradient.
  fileprivate mutating func trainAsIntegers(_ quantized: QuantizationAwareNetwork, _ pruner: FisherPruner) {
    configure = { quantized.attach(to: $0) }
    beforeStep = { network, _ in
      quantized.takeGradients(network)
      pruner.takeGradients(network)
    }
  }
}

extension ShrinkRun {
  /// Seconds that an epoch of training `model` as integers takes, by timing a few batches.
  ///
  /// - Throws: What training throws, `QuantizationError` where the model cannot be trained as integers.
  func secondsPerEpoch(of model: Model, training: Dataset, validation: Dataset) throws -> Double {
    let images = min(training.count, 8 * recipe.training.batch)
    let sample = training.subset(0..<images)
    let folded = try FoldedModel(model)
    let calibration = try folded.calibrated(on: sample, count: 64, threads: threads)
    let quantized = try QuantizationAwareNetwork(folded, calibration: calibration, options: recipe.quantization)
    let pruner = FisherPruner(quantized)
    var configuration = recipe.training
    configuration.epochs = 4
    var trainer = try Trainer(
      quantized.trainable, configuration: configuration, training: sample, validation: training.subset(0..<0),
      threads: threads)
    trainer.trainAsIntegers(quantized, pruner)
    trainer.afterStep = { network, _ in
      pruner.apply(to: network)
      quantized.refresh(network)
    }
    // The first one fills the caches.
    let times = try trainer.run().history.dropFirst().map(\.seconds)
    let seconds = times.reduce(0, +) / Double(max(times.count, 1))
    // Validation is a forward pass, a third of a step.
    return seconds / Double(max(images, 1)) * (Double(training.count) + Double(validation.count) / 3)
  }
}

/// The budget of weight bits over a run: from what the weights cost at its first use to the target, by the cubic schedule
/// (Zhu and Gupta 2017).
///
/// What a file holds besides those bits, and what its coder makes of them, is measured on real files as the run goes.
private struct BitBudget {
  let target: Int?
  let steps, interval: Int
  private var start: Double?
  /// File bytes that are not bits of weights.
  private var otherBytes = 0.0

  init(target: Int?, steps: Int, interval: Int) {
    self.target = target
    self.steps = steps
    self.interval = interval
  }

  func isDue(_ step: Int) -> Bool { target != nil && step <= steps && (step % interval == 0 || step == steps) }
  func isMeasured(_ step: Int, stepsPerEpoch: Int) -> Bool {
    start == nil || step % stepsPerEpoch < interval || step + interval > steps
  }

  mutating func measure(fileBytes: Int, bits: Double) { otherBytes = Double(fileBytes) - bits / 8 }

  mutating func bits(at step: Int, present: Double) -> Double {
    let first = start ?? present
    start = first
    let last = max(0, (Double(target ?? 0) - otherBytes) * 8)
    let left = 1 - Double(step) / Double(max(steps, 1))
    return last + (first - last) * left * left * left
  }
}
