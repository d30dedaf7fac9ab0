import SwiftletCompression
import SwiftletData
import SwiftletModel
import SwiftletTraining

extension ShrinkRun {
  /// How an epoch is timed.
  private enum Timing {
    /// Batches, enough to fill the caches again and again.
    static let batches = 8
    /// Images: what comes of them need not be accurate.
    static let calibrationCount = 64
    /// The first of them fills the caches and does not count.
    static let epochs = 4
    /// Validation is a forward pass; a step of training takes as long as three.
    static let forwardPassesPerStep = 3.0
  }

  /// Seconds that an epoch of training `model` as integers takes, by timing a few batches.
  ///
  /// - Throws: What training throws, `QuantizationError` where the model cannot be trained as integers.
  func secondsPerEpoch(of model: Model, training: Dataset, validation: Dataset) throws -> Double {
    let images = min(training.count, Timing.batches * recipe.training.batch)
    let sample = training.subset(0..<images)
    let folded = try FoldedModel(model)
    let calibration = try folded.calibrated(on: sample, count: Timing.calibrationCount, threads: threads)
    let quantized = try QuantizationAwareNetwork(folded, calibration: calibration, options: recipe.quantization)
    let pruner = FisherPruner(quantized)
    var configuration = recipe.training
    configuration.epochs = Timing.epochs
    var trainer = try Trainer(
      quantized.trainable, configuration: configuration, training: sample, validation: training.subset(0..<0),
      threads: threads)
    trainer.trainAsIntegers(quantized, pruner)
    trainer.afterStep = { network, _ in
      pruner.apply(to: network)
      quantized.refresh(network)
    }
    let times = try trainer.run().history.dropFirst().map(\.seconds)
    let seconds = times.reduce(0, +) / Double(max(times.count, 1))
    return seconds / Double(max(images, 1))
      * (Double(training.count) + Double(validation.count) / Timing.forwardPassesPerStep)
  }
}
