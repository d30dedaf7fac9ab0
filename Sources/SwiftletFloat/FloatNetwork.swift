import CSwiftletKernels
import SwiftletModel

/// A float model made ready to run forward and backward on batches of u8 images.
///
/// Work is split into shards of fixed size, and sums over shards are taken in order, so results do not depend on the
/// number of threads. One caller at a time.
public final class FloatNetwork {
  public let model: Model
  public let maxBatch: Int
  /// Every parameter, in the order of nodes and of each node's tensors.
  public let parameters: [Parameter]
  /// Changes what the network computes with, without changing the parameters themselves (fake quantization); set it
  /// and call `parametersChanged()`.
  public var parameterTransform: ((Parameter, UnsafeMutableBufferPointer<Float>) -> Void)?

  let steps: [Step]
  let storages: [ValueStorage]
  let workers: WorkerPool
  let kernels: FloatKernels
  /// What the loss reads: the input of a final softmax, else the output.
  let logits: ValueStorage
  /// Steps up to this one are run in training; a final softmax is part of the loss.
  let trainedStepCount: Int
  private var isPacked = false
  private var isReadyToTrain = false

  package static let shardSize = 8

  /// - Parameter fusesPools: Fuses convolutions with the pools after them, whose inputs then are not among
  ///   `activations`; calibration, which observes every value, turns it off.
  /// - Throws: `GraphError` where the model is quantized or not valid.
  public convenience init(
    _ model: Model, maxBatch: Int, threads: Int, fusesPools: Bool = true
  ) throws(GraphError) {
    try self.init(model, maxBatch: maxBatch, threads: threads, fusesPools: fusesPools, kernels: .best)
  }

  /// - Parameter isReference: Runs convolutions and dense layers by their plain definitions.
  package init(
    _ model: Model, maxBatch: Int, threads: Int, fusesPools: Bool = true, kernels: FloatKernels,
    isReference: Bool = false
  ) throws(GraphError) {
    try model.validate()
    guard !model.isQuantized else { throw GraphError(.quantization(value: model.inputs[0])) }
    precondition(maxBatch >= 1 && threads >= 1, "a network takes at least one image and one thread")
    self.model = model
    self.maxBatch = maxBatch
    self.kernels = kernels
    workers = WorkerPool(threads: threads)
    var plan = NetworkPlan(
      model, maxBatch: maxBatch, fusesPools: fusesPools && !isReference, isReference: isReference,
      context: StepContext(
        kernels: kernels, workers: workers.threads, shardSize: Self.shardSize,
        shardCount: (maxBatch + Self.shardSize - 1) / Self.shardSize))
    plan.build()
    steps = plan.steps
    storages = plan.storages
    parameters = plan.parameters.flatMap { $0 }
    let last = model.nodes[model.nodes.count - 1]
    let endsInSoftmax = last.op == .softmax(Softmax()) && model.outputs == [last.output]
    logits = storages[endsInSoftmax ? last.inputs[0] : model.outputs[0]]
    trainedStepCount = endsInSoftmax ? steps.count - 1 : steps.count
  }

  /// The model with the parameters' current values.
  public func modelWithParameters() -> Model {
    var result = model
    for parameter in parameters {
      result.nodes[parameter.node].parameters[parameter.index].storage = .float32(parameter.values)
    }
    return result
  }

  /// Must be called after parameters' values were changed.
  public func parametersChanged() { isPacked = false }
}

extension FloatNetwork {
  /// Runs `count` images, `count * height * width * channels` bytes, at inference.
  public func forward(_ images: UnsafeBufferPointer<UInt8>, count: Int) {
    load(images, count)
    forward(count, isTraining: false, key: 0, steps: steps.count)
  }

  /// What value `value` of the model holds after `forward`, `count` samples in NHWC order.
  public func activations(of value: Int, count: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(storages[value].y(0..<count))
  }

  /// Inference with labels: the summed cross-entropy and the number of correct predictions.
  public func score(
    _ images: UnsafeBufferPointer<UInt8>, labels: UnsafeBufferPointer<UInt8>, count: Int
  ) -> (loss: Double, correct: Int) {
    load(images, count)
    forward(count, isTraining: false, key: 0, steps: trainedStepCount)
    return loss(labels, count)
  }

  /// One pass of training: the mean cross-entropy's gradient goes into the parameters.
  ///
  /// - Parameter key: Distinguishes training steps, for dropout.
  /// - Returns: The summed loss and the number of correct predictions before the step.
  public func train(
    _ images: UnsafeBufferPointer<UInt8>, labels: UnsafeBufferPointer<UInt8>, count: Int, key: UInt64
  ) -> (loss: Double, correct: Int) {
    allocateForTraining()
    load(images, count)
    forward(count, isTraining: true, key: key, steps: trainedStepCount)
    let outcome = loss(labels, count)
    backward(count, key: key) { [logits] samples in
      for n in samples {
        SoftmaxCrossEntropy.backward(
          logits.x(n), label: Int(labels[n]), factor: 1 / Float(count), addingTo: logits.dx(n))
      }
    }
    return outcome
  }

  /// As `train`, for any loss: `seed` adds the loss's gradient to the output's for a range of samples.
  package func backward(_ count: Int, key: UInt64, seed: (Range<Int>) -> Void) {
    allocateForTraining()
    let shards = shards(count, isTraining: true, key: key)
    let trained = steps[..<trainedStepCount]
    eachShard(shards) { shard in
      for storage in uniqueStorages where !storage.isGradientSet { storage.dx(shard.samples).update(repeating: 0) }
      seed(shard.samples)
    }
    var group: [Step] = []
    for step in trained.reversed() {
      if step.hasBatchStatistics {
        let done = group
        eachShard(shards) { shard in
          for step in done { step.backward(shard) }
          step.gatherBackward(shard)
        }
        step.finishBackward(shards: shards.count)
        group = []
      }
      group.append(step)
    }
    eachShard(shards) { shard in for step in group { step.backward(shard) } }
    let tasks = trained.flatMap { step in (0..<step.gradientTasks).map { (step, $0) } }
    workers.run(tasks.count) { index, _ in
      tasks[index].0.completeGradient(tasks[index].1, samples: count, shards: shards.count)
    }
  }

  private func allocateForTraining() {
    guard !isReadyToTrain else { return }
    isReadyToTrain = true
    for parameter in parameters { parameter.allocateGradient() }
    for storage in storages { storage.allocateGradient() }
    for step in steps { step.allocateForTraining() }
  }

  private var uniqueStorages: [ValueStorage] {
    var seen = Set<ObjectIdentifier>()
    return storages.filter { seen.insert(ObjectIdentifier($0)).inserted }
  }

  private func load(_ images: UnsafeBufferPointer<UInt8>, _ count: Int) {
    let input = storages[model.inputs[0]]
    precondition(count <= maxBatch && images.count == count * input.count, "images fit the network's input and batch")
    guard count > 0, let source = images.baseAddress else { return }
    kernels.table.bytes(source, images.count, 1 / 255, input.data.pointer)
    guard let normalization = model.metadata.normalization else { return }
    let channels = normalization.mean.count
    for i in 0..<images.count {
      let c = i % channels
      input.data.pointer[i] = (input.data.pointer[i] - normalization.mean[c]) / normalization.standardDeviation[c]
    }
  }

  private func forward(_ count: Int, isTraining: Bool, key: UInt64, steps stepCount: Int) {
    pack()
    let shards = shards(count, isTraining: isTraining, key: key)
    var group: [Step] = []
    for step in steps[..<stepCount] {
      if isTraining && step.hasBatchStatistics {
        let done = group
        eachShard(shards) { shard in
          for step in done { step.forward(shard) }
          step.gatherForward(shard)
        }
        step.finishForward(shards: shards.count)
        group = []
      }
      group.append(step)
    }
    eachShard(shards) { shard in for step in group { step.forward(shard) } }
  }

  private func pack() {
    guard !isPacked else { return }
    isPacked = true
    for parameter in parameters { parameter.transform(parameterTransform) }
    let tasks = steps.flatMap { step in (0..<step.preparationTasks).map { (step, $0) } }
    workers.run(tasks.count) { index, _ in tasks[index].0.prepare(tasks[index].1) }
  }

  private func shards(_ count: Int, isTraining: Bool, key: UInt64) -> [Shard] {
    stride(from: 0, to: count, by: Self.shardSize).enumerated().map { index, first in
      Shard(
        index: index, samples: first..<min(first + Self.shardSize, count), worker: 0, isTraining: isTraining, key: key)
    }
  }

  private func eachShard(_ shards: [Shard], _ body: (Shard) -> Void) {
    workers.run(shards.count) { index, worker in
      let shard = shards[index]
      body(
        Shard(
          index: shard.index, samples: shard.samples, worker: worker, isTraining: shard.isTraining, key: shard.key))
    }
  }

  private func loss(_ labels: UnsafeBufferPointer<UInt8>, _ count: Int) -> (loss: Double, correct: Int) {
    var total = 0.0
    var correct = 0
    for n in 0..<count {
      let one = SoftmaxCrossEntropy.forward(logits.x(n), label: Int(labels[n]))
      total += one.loss
      correct += one.isCorrect ? 1 : 0
    }
    return (total, correct)
  }
}
