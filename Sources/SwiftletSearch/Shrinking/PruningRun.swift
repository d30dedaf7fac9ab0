import SwiftletCompression
import SwiftletData
import SwiftletFloat
import SwiftletModel
import SwiftletTraining

/// A pruned float model.
public struct PruningResult: Sendable {
  public var model: Model
  /// Whether it was cancelled; the model is then not the one to keep.
  public var isInterrupted: Bool
}

/// Magnitude pruning with fine-tuning under the mask.
///
/// The sparsity rises from the model's own by the cubic schedule over the first half of the epochs, in up to 50 steps;
/// the mask then stays, and the best epoch with the full sparsity is kept.
public struct PruningRun: Hashable, Sendable {
  /// The share of the weights to be zero at the end, 0 ..< 1.
  public var sparsity: Double
  public var options: PruningOptions
  /// Fine-tuning; 0 epochs prune at once and train nothing.
  public var training: TrainingConfiguration
  public var threads: Int

  public init(
    sparsity: Double, options: PruningOptions = PruningOptions(),
    training: TrainingConfiguration = PruningRun.fineTuning(epochs: 4), threads: Int = 1
  ) {
    precondition((0..<1).contains(sparsity), "a sparsity lies in 0 ..< 1")
    self.sparsity = sparsity
    self.options = options
    self.training = training
    self.threads = threads
  }

  /// Adam at 1e-3, falling to 0 along a cosine.
  public static func fineTuning(epochs: Int, seed: UInt64 = 0) -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    configuration.epochs = epochs
    configuration.schedule = .cosine
    configuration.seed = seed
    return configuration
  }

  /// The mask's changes take place in so many steps at most.
  private static let maskChanges = 50

  /// Prunes and fine-tunes `model`.
  ///
  /// - Returns: The best model by validation accuracy among the epochs with the full sparsity.
  /// - Throws: `PruningError`, `TrainingError`, `GraphError`.
  public func run(
    _ model: Model, training data: Dataset, validation: Dataset, isCancelled: @escaping () -> Bool = { false },
    onEvent: (TrainingEvent) -> Void = { _ in }
  ) throws -> PruningResult {
    guard training.epochs > 0 else {
      let pruned = model.masked(by: try model.magnitudeMask(sparsity: sparsity, options))
      return PruningResult(model: pruned, isInterrupted: false)
    }
    // Fails now, not in the middle, where a layer's name is wrong or a weight is NaN.
    let current = try model.sparsity(options)
    // Nothing is left to prune or to train.
    guard current < 1 else { return PruningResult(model: model, isInterrupted: false) }
    let stepsPerEpoch = max(1, (data.count + training.batch - 1) / training.batch)
    let ramp = max(1, training.epochs * stepsPerEpoch / 2)
    let schedule = CubicSchedule(
      from: current, to: max(sparsity, current), end: ramp, interval: max(1, ramp / PruningRun.maskChanges))
    var trainer = try Trainer(model, configuration: training, training: data, validation: validation, threads: threads)
    trainer.isCancelled = isCancelled
    trainer.firstEligibleEpoch = (ramp + stepsPerEpoch - 1) / stepsPerEpoch
    var mask = PruningMask(nonzerosOf: model)
    let options = options
    trainer.afterStep = { network, progress in
      let step = Int((progress * Double(stepsPerEpoch)).rounded())
      if schedule.changesMask(at: step),
        let next = try? network.currentModel().magnitudeMask(sparsity: schedule.sparsity(at: step), options)
      {
        // What was zero before stays zero, whatever became of the layer since.
        mask = next.adding(mask)
      }
      for parameter in network.parameters where parameter.role == .weights {
        parameter.withMutableValues { mask.apply(toWeights: $0, node: parameter.node) }
      }
    }
    let result = try trainer.run(onEvent: onEvent)
    return PruningResult(model: result.model, isInterrupted: result.isInterrupted)
  }
}
