import Foundation
import SwiftletBytes
import SwiftletData
import SwiftletFloat
import SwiftletModel

/// Trains a float model by stochastic gradient descent on the cross-entropy of its classes, or, where it gives back its
/// input, on the mean squared error.
///
/// The result depends on the model, the data, the configuration and the float kernels (`FloatKernels.best`: another
/// instruction set sums in another order), not on the number of threads or on breaks and resumptions.
public struct Trainer {
  public let configuration: TrainingConfiguration
  public let training, validation: Dataset
  /// What is called once with the network before the first step, to set its transforms (fake quantization).
  public var configure: ((FloatNetwork) -> Void)?
  /// What is called between the gradients and the optimizer step they lead to, with the progress in epochs.
  public var beforeStep: ((FloatNetwork, Double) -> Void)?
  /// Who else the network learns from.
  public var teacher: Teacher?
  /// What is called after each optimizer step, with the progress in epochs, to change parameters (a pruning mask).
  public var afterStep: ((FloatNetwork, Double) -> Void)?
  /// Asked after each batch whether to stop.
  public var isCancelled: () -> Bool = { false }
  /// Where a checkpoint is written after each epoch.
  public var checkpointPath: String?
  /// The first epoch (from 1) that can be the best: later than 1 where pruning is still under way before.
  public var firstEligibleEpoch = 1

  let initial: Model
  private let threads: Int

  /// - Parameter model: The network with its initial parameters.
  /// - Throws: `TrainingError` where the data does not fit the model.
  public init(
    _ model: Model, configuration: TrainingConfiguration, training: Dataset, validation: Dataset, threads: Int
  ) throws {
    try Self.check(model)
    let input = model.values[model.inputs[0]].shape
    let images = Shape(height: training.height, width: training.width, channels: training.channels)
    guard input == images else { throw TrainingError.imageSize(images: images.text, input: input.text) }
    let loss = Loss(of: model)
    guard configuration.loss ?? loss == loss else { throw TrainingError.loss(configuration.loss ?? loss) }
    if loss == .crossEntropy {
      guard training.isLabelled else { throw TrainingError.noLabels }
      let outputs = model.values[model.outputs[0]].shape.count
      guard outputs == training.classNames.count else {
        throw TrainingError.classCount(outputs: outputs, classes: training.classNames.count)
      }
    }
    guard training.count > 0 else { throw TrainingError.tooFewImages(count: 0, validation: validation.count) }
    initial = model
    self.configuration = configuration
    self.training = training
    self.validation = validation
    self.threads = threads
  }

  /// Whether this network can be trained on any data.
  ///
  /// - Throws: `TrainingError` naming the layer at fault.
  public static func check(_ model: Model) throws {
    guard !model.isQuantized, model.inputs.count == 1, model.outputs.count == 1 else {
      throw TrainingError.notTrainable("it needs one input and one output, in floating point")
    }
    if let unread = model.unreadNode {
      let name = printable(model.name(ofNode: unread))
      throw TrainingError.notTrainable(
        "nothing reads the output of layer \(unread) (\(name)); name it in the 'inputs' of a later layer, or remove it")
    }
    let (input, output) = (model.values[model.inputs[0]].shape, model.values[model.outputs[0]].shape)
    guard output.isVector || model.reconstructsInput else {
      throw TrainingError.notTrainable(
        "its output is \(output.text); end it with flatten and a dense layer of one unit per class, or, to give back "
          + "its input, with the shape of that (\(input.text))")
    }
  }

  /// Runs the epochs that are left and returns the best model.
  ///
  /// - Throws: `TrainingError`, `FileError` where a checkpoint cannot be written, `GraphError`.
  public func run(
    resuming checkpoint: Checkpoint? = nil, onEvent: (TrainingEvent) -> Void = { _ in }
  ) throws -> TrainingResult {
    let network = try FloatNetwork(initial, maxBatch: max(configuration.batch, 64), threads: threads)
    configure?(network)
    teacher?.keep(
      .init(
        count: training.count, variantCount: configuration.distortionCount, augmentation: configuration.augmentation,
        endsUndistorted: configuration.undistortedEpochs ?? 0 > 0, seed: configuration.seed))
    let optimizer = Optimizer(configuration.optimizerKind, weightDecay: configuration.weightDecay, network: network)
    var state = checkpoint ?? Checkpoint()
    // Of a resumed run too: its number of epochs may be another.
    state.facts = facts
    if let checkpoint {
      _ = try check(checkpoint)
      guard network.canAdopt(checkpoint.parameters), checkpoint.best.isEmpty || network.canAdopt(checkpoint.best),
        checkpoint.optimizerState.map(\.count) == optimizer.state.map(\.count)
      else { throw TrainingError.otherRun([]) }
      network.adopt(checkpoint.parameters)
      optimizer.state = checkpoint.optimizerState
      optimizer.stepCount = checkpoint.stepCount
    } else {
      state.parameters = network.parameters.map(\.values)
      state.optimizerState = optimizer.state
      try save(state)
    }
    var history: [EpochSummary] = []
    while state.epoch < configuration.epochs {
      guard
        var summary = try runEpoch(state.epoch + 1, network, optimizer, onEvent)
      else { return result(state, history, isInterrupted: true) }
      state.epoch += 1
      state.stepCount = optimizer.stepCount
      state.parameters = network.parameters.map(\.values)
      state.optimizerState = optimizer.state
      let isBetter =
        summary.validationCorrect > state.bestCorrect
        || summary.validationCorrect == state.bestCorrect && summary.validationLoss < state.bestLoss
      if state.epoch >= firstEligibleEpoch && (isBetter || validation.count == 0) {
        summary.isBest = true
        state.best = state.parameters
        state.bestEpoch = state.epoch
        state.bestCorrect = summary.validationCorrect
        state.bestLoss = summary.validationLoss
      }
      history.append(summary)
      try save(state)
      onEvent(.epoch(summary))
    }
    return result(state, history, isInterrupted: false)
  }

  private func save(_ state: Checkpoint) throws {
    if let checkpointPath { try state.save(to: checkpointPath) }
  }

  /// One epoch of training and its validation, or nil if cancelled.
  private func runEpoch(
    _ epoch: Int, _ network: FloatNetwork, _ optimizer: Optimizer, _ onEvent: (TrainingEvent) -> Void
  ) throws -> EpochSummary? {
    let queue = BatchQueue(
      training, batch: configuration.batch, epoch: epoch, seed: configuration.seed,
      augmentation: configuration.isDistorted(inEpoch: epoch) ? configuration.augmentation?.suited(to: training) : nil,
      distortion: configuration.distortion(inEpoch: epoch))
    let start = ContinuousClock.now
    var sums = EpochSums()
    while let batch = queue.take() {
      try step(batch, of: queue.count, epoch, network, optimizer, &sums)
      if isCancelled() { return nil }
      let seconds = (ContinuousClock.now - start).seconds
      onEvent(.progress(progress(sums, batches: queue.count, epoch, seconds: seconds, kind: network.loss)))
    }
    guard network.parameters.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else {
      throw TrainingError.diverged(
        epoch: epoch, loss: sums.loss / Double(max(sums.imageCount, 1)),
        learningRate: configuration.learningRate(progress: Double(epoch)))
    }
    return try validated(sums, epoch, network, start: start)
  }

  /// One optimizer step and its part of the epoch's sums.
  private func step(
    _ batch: Batch, of batchCount: Int, _ epoch: Int, _ network: FloatNetwork, _ optimizer: Optimizer,
    _ sums: inout EpochSums
  ) throws {
    let progress = Double(epoch - 1) + Double(sums.stepCount) / Double(batchCount)
    let outcome = batch.images.withUnsafeBufferPointer { images in
      network.train(
        images, labels: batch.labels, count: batch.labels.count,
        key: configuration.seed &+ UInt64(optimizer.stepCount) &* 0x9E37_79B9_7F4A_7C15,
        softTargets: teacher?.targets(images, batch))
    }
    let rate = configuration.learningRate(progress: progress)
    let mean = outcome.loss / Double(batch.labels.count)
    guard mean.isFinite, mean < Self.lossLimit else {
      throw TrainingError.diverged(epoch: epoch, loss: mean, learningRate: rate)
    }
    beforeStep?(network, progress)
    optimizer.step(rate: rate)
    sums.stepCount += 1
    if let afterStep {
      afterStep(network, Double(epoch - 1) + Double(sums.stepCount) / Double(batchCount))
      network.parametersChanged()
    }
    sums.loss += outcome.loss
    sums.correct += outcome.correct
    sums.imageCount += batch.labels.count
  }

  private func progress(
    _ sums: EpochSums, batches: Int, _ epoch: Int, seconds: Double, kind: Loss
  ) -> TrainingProgress {
    let imagesPerSecond = Double(sums.imageCount) / max(seconds, 1e-9)
    let imagesLeft = training.count * (configuration.epochs - epoch + 1) - sums.imageCount
    return TrainingProgress(
      epoch: epoch, epochs: configuration.epochs, batch: sums.stepCount, batches: batches, loss: sums.meanLoss,
      accuracy: sums.accuracy, imagesPerSecond: imagesPerSecond, secondsLeft: Double(imagesLeft) / imagesPerSecond,
      kind: kind)
  }

  /// The epoch with its score on the validation images.
  private func validated(
    _ sums: EpochSums, _ epoch: Int, _ network: FloatNetwork, start: ContinuousClock.Instant
  ) throws -> EpochSummary {
    let score = network.score(validation)
    // The loss of training is taken before each step, so it says nothing of what the last step did.
    let validationLoss = score.loss / Double(max(validation.count, 1))
    guard validationLoss.isFinite, validationLoss < Self.lossLimit else {
      throw TrainingError.diverged(
        epoch: epoch, loss: validationLoss, learningRate: configuration.learningRate(progress: Double(epoch)))
    }
    let quality =
      network.loss == .crossEntropy
      ? 100 * score.accuracy
      : Dataset.explainedVariance(meanSquaredError: validationLoss, variance: validation.pixelVariance)
    return EpochSummary(
      epoch: epoch, trainingLoss: sums.meanLoss, trainingAccuracy: sums.accuracy, validationLoss: validationLoss,
      validationCorrect: score.correct, validationCount: validation.count,
      seconds: (ContinuousClock.now - start).seconds, isBest: false, kind: network.loss, validationQuality: quality)
  }

  /// A mean loss beyond this is no training any more.
  private static let lossLimit = 1e3

  private func result(_ state: Checkpoint, _ history: [EpochSummary], isInterrupted: Bool) -> TrainingResult {
    var model = initial
    let chosen = state.best.isEmpty ? state.parameters : state.best
    var next = 0
    for node in model.nodes.indices {
      for index in model.nodes[node].parameters.indices {
        model.nodes[node].parameters[index].storage = .float32(chosen[next])
        next += 1
      }
    }
    return TrainingResult(
      model: model, bestEpoch: state.bestEpoch, bestCorrect: max(state.bestCorrect, 0), bestLoss: state.bestLoss,
      history: history, isInterrupted: isInterrupted)
  }
}

/// What the batches of an epoch add up to so far.
private struct EpochSums {
  var loss = 0.0
  var correct = 0
  var imageCount = 0
  var stepCount = 0

  var meanLoss: Double { loss / Double(imageCount) }
  var accuracy: Double { Double(correct) / Double(imageCount) }
}

extension TrainingConfiguration {
  var optimizerKind: Optimizer.Kind {
    switch optimizer {
    case .adam: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7)
    case .sgd: .sgd(momentum: momentum, nesterov: false)
    }
  }
}

extension FloatNetwork {
  fileprivate func canAdopt(_ tensors: [[Float]]) -> Bool { parameters.map(\.count) == tensors.map(\.count) }

  fileprivate func adopt(_ tensors: [[Float]]) {
    for (parameter, values) in zip(parameters, tensors) {
      parameter.withMutableValues { _ = $0.update(fromContentsOf: values) }
    }
    parametersChanged()
  }

  /// Summed loss and correct predictions over a data set, at inference.
  public func score(_ data: Dataset) -> LossSummary {
    var sum = LossSummary()
    data.images.withUnsafeBufferPointer { images in
      for start in stride(from: 0, to: data.count, by: maximumBatch) {
        let end = min(start + maximumBatch, data.count)
        sum += score(
          UnsafeBufferPointer(rebasing: images[start * data.imageByteCount..<end * data.imageByteCount]),
          labels: Array(data.labels[start..<end]), count: end - start)
      }
    }
    return sum
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
