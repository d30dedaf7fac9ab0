import SwiftletBytes
import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletFloat
import SwiftletFormat
import SwiftletModel
import SwiftletTraining

/// The second half of a recipe: training as the integers that will run, while weights are pruned to a size.
extension ShrinkRun {
  /// The budget falls in so many steps an epoch.
  private static let maskChangesPerEpoch = 10
  /// One part in so many of the target is left to what training after the last pruning adds.
  private static let reserve = 40

  func trainedAsIntegers(
    _ quantized: QuantizationAwareNetwork, of source: Model, _ teachers: [Model], _ training: Dataset,
    _ validation: Dataset, _ onEvent: @escaping (ShrinkEvent) -> Void
  ) throws -> ShrinkResult {
    let pruner = FisherPruner(quantized)
    var trainer = try Trainer(
      quantized.trainable, configuration: recipe.training, training: training, validation: validation, threads: threads)
    trainer.isCancelled = isCancelled
    trainer.teacher = try teacher ?? teacher(recipe.distillation, teachers, batch: recipe.training.batch)
    trainer.firstEligibleEpoch = firstEligibleEpoch
    trainer.trainAsIntegers(quantized, pruner)
    let packing = Packing(recipe: recipe, source: source, validationCount: validation.count)
    let stepsPerEpoch = max(1, (training.count + recipe.training.batch - 1) / recipe.training.batch)
    trainer.afterStep = afterStep(quantized, pruner, packing, stepsPerEpoch: stepsPerEpoch, onEvent)
    let result = try trainer.run { event in
      onEvent(.training(event))
      guard case .epoch(let summary) = event, summary.isBest,
        let result = try? packing.packed(
          quantized.exported(), correct: summary.validationCorrect, quality: summary.validationQuality, .smallest)
      else { return }
      onEvent(.best(result))
    }
    if result.isInterrupted { throw CompressionError.cancelled }
    let final = try FloatNetwork(result.model, maxBatch: recipe.training.batch, threads: threads)
    quantized.attach(to: final)
    let model = try quantized.exported()
    let score = try Evaluation.of(model, on: validation, threads: threads)
    return try packing.packed(model, correct: score.correctCount, quality: score.quality, .smallest)
  }

  /// The first epoch that may be kept: pruning is over, scales stay, and as many are left as the recipe says.
  private var firstEligibleEpoch: Int {
    let epochs = recipe.training.epochs
    // No image is left to choose an epoch by where all are trained on.
    let finalEpochs = recipe.usesAllImages == true ? 1 : recipe.finalEpochs ?? epochs
    return max(recipe.pruningEpochs + 1, recipe.scaleEpochs + 1, epochs - finalEpochs + 1)
  }

  /// What follows each step of training: zeros stay zeros, scales follow the weights, and where it is due more weights
  /// are pruned.
  private func afterStep(
    _ quantized: QuantizationAwareNetwork, _ pruner: FisherPruner, _ packing: Packing, stepsPerEpoch: Int,
    _ onEvent: @escaping (ShrinkEvent) -> Void
  ) -> (FloatNetwork, Double) -> Void {
    var budget = BitBudget(
      target: recipe.targetBytes.map { $0 - $0 / Self.reserve }, steps: recipe.pruningEpochs * stepsPerEpoch,
      interval: max(1, stepsPerEpoch / Self.maskChangesPerEpoch))
    return { [recipe] network, progress in
      let step = Int((progress * Double(stepsPerEpoch)).rounded())
      pruner.apply(to: network)
      if step % budget.interval == 0, step <= recipe.scaleEpochs * stepsPerEpoch { quantized.refitScales(network) }
      quantized.refresh(network)
      guard budget.isDue(step) else { return }
      if budget.isMeasured(step, stepsPerEpoch: stepsPerEpoch),
        let file = try? packing.packed(
          quantized.exported(), correct: packing.validationCount, quality: 0, .fast
        ).file
      {
        budget.measure(fileBytes: file.bytes.count, bits: pruner.bits)
        onEvent(.pruned(epoch: step / stepsPerEpoch, keptCount: pruner.keptCount, fileBytes: file.bytes.count))
      }
      pruner.prune(network, toBits: budget.bits(at: step, present: pruner.bits))
      if step == budget.steps { pruner.freeze() }
      quantized.refresh(network)
    }
  }
}

/// Makes files of what a recipe trains.
private struct Packing {
  let recipe: ShrinkRecipe
  let source: Model
  let validationCount: Int

  /// The model with what the recipe stores beside it, as a file.
  func packed(_ model: Model, correct: Int, quality: Double, _ effort: Zlib.Effort) throws -> ShrinkResult {
    let model = recipe.stored?.applied(to: model, source: source, accuracies: accuracies(correct: correct)) ?? model
    do {
      let file = try ModelWriter.write(model, effort: effort)
      return ShrinkResult(
        model: model, file: file, correctCount: correct, validationCount: validationCount, quality: quality)
    } catch {
      throw CompressionError.notWritable("the small model cannot be written: \(error)")
    }
  }

  /// What the provenance records: nothing of images that were trained on, or where there is nothing to be correct.
  private func accuracies(correct: Int) -> [Provenance.Accuracy] {
    recipe.usesAllImages == true || source.reconstructsInput
      ? [] : [.init(.validation, correct: correct, total: validationCount)]
  }
}

extension Trainer {
  /// Makes the network compute with integers and the pruner see every gradient.
  mutating func trainAsIntegers(_ quantized: QuantizationAwareNetwork, _ pruner: FisherPruner) {
    configure = { quantized.attach(to: $0) }
    beforeStep = { network, _ in
      quantized.takeGradients(network)
      pruner.takeGradients(network)
    }
  }
}
