import SwiftletModel

/// Why a model cannot run in floating point.
public enum FloatNetworkError: Error, Hashable, Sendable {
  /// The model computes with integers.
  case quantizedModel
  /// The graph is not valid.
  case graph(GraphError)
  /// `SWIFTLET_KERNELS` names kernels that this processor or build does not have.
  case unknownKernels
}

extension FloatNetworkError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .quantizedModel: "the model is quantized; this needs the float model it was made from"
    case .graph(let error): "the model is not valid: \(error)"
    case .unknownKernels:
      "SWIFTLET_KERNELS names no float kernels of this CPU and build; it has "
        + FloatKernels.supported.map(\.name).joined(separator: ", ")
    }
  }
}

/// The loss of some samples.
public struct LossSummary: Hashable, Sendable {
  /// Sums over `count` samples: the loss (cross-entropy in nats, or mean squared error), and predictions that hit the
  /// label.
  public var loss: Double
  public var correct, count: Int

  public init(loss: Double = 0, correct: Int = 0, count: Int = 0) {
    self.loss = loss
    self.correct = correct
    self.count = count
  }

  public var meanLoss: Double { loss / Double(max(count, 1)) }
  public var accuracy: Double { Double(correct) / Double(max(count, 1)) }

  public static func += (sum: inout LossSummary, other: LossSummary) {
    sum.loss += other.loss
    sum.correct += other.correct
    sum.count += other.count
  }
}

/// Runs a float model on batches, forward and backward.
///
/// A batch is cut into fixed shards and sums over shards have a fixed order, so every result is the same for any number
/// of threads. One network is for one thread of use at a time; it runs `threads` threads itself. Memory is allocated
/// when it is made and by the first training pass, proportional to `maximumBatch`.
public final class FloatNetwork {
  public struct Options: Sendable {
    /// Threads to run on, the caller's included.
    public var threads = 1
    /// Computes every value of the graph. Otherwise a convolution whose output only a 2x2 max pool reads is fused with
    /// it, and `values(of:)` is not available for what lies between.
    public var keepsEveryValue = false
    /// Uses the plain operator definitions throughout: slow, the oracle of the fast path.
    public var isReference = false
    /// nil: what `SWIFTLET_KERNELS` names, or the best.
    public var kernels: FloatKernels?

    public init(
      threads: Int = 1, keepsEveryValue: Bool = false, isReference: Bool = false, kernels: FloatKernels? = nil
    ) {
      self.threads = threads
      self.keepsEveryValue = keepsEveryValue
      self.isReference = isReference
      self.kernels = kernels
    }
  }

  /// The model as it was given; `currentModel()` has the present parameters.
  public let model: Model
  public let maximumBatch: Int
  public let options: Options
  /// All parameter tensors, by node and place.
  public let parameters: [Parameter]
  /// Where the class scores are: the input of a final softmax, or the output itself.
  public let logitsValue: Int

  /// Replaces a parameter by what the network shall compute with (fake quantization); the gradient passes unchanged.
  ///
  /// Called with a copy of each trained parameter after every change. Set `parametersChanged()` after assigning.
  public var parameterTransform: ((Parameter, UnsafeMutableBufferPointer<Float>) -> Void)? {
    didSet { parametersChanged() }
  }
  /// Changes a value in place after it is computed (fake quantization); the gradient passes unchanged.
  ///
  /// Called on several threads at once, each with the samples of one shard.
  public var valueTransform: ((_ value: Int, UnsafeMutableBufferPointer<Float>) -> Void)?
  /// Changes the gradient of a value in place before it flows into what made the value: the derivative of
  /// `valueTransform`, where that is not taken for 1.
  ///
  /// Called like `valueTransform`, with the elements it left.
  public var gradientTransform:
    ((_ value: Int, _ elements: UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void)?
  /// What computes nodes in their operators' stead, by node (integer arithmetic simulated in floats). A fused
  /// convolution and pool cannot be replaced, nor a reshape.
  public var substitutes: [Int: any OperatorSubstitute] = [:]
  /// What no value exceeds in magnitude where all values and weights are integers (quantization-aware training): every sum
  /// is then computed so that it is exact, if the plain sum is. Nil elsewhere.
  public var integerLimit: Float? {
    didSet {
      for step in steps { step.integerLimit = integerLimit }
      parametersChanged()
    }
  }

  let pool: WorkerPool
  let context: FloatStepContext
  let steps: [FloatStep]
  let storages: [ValueStorage?]
  private var isPrepared = false
  private var isReadyToTrain = false
  /// Samples of the last pass.
  private(set) var batchCount = 0

  /// - Throws: `FloatNetworkError` where the model is quantized or not valid, or the kernels asked for are unknown.
  public init(_ model: Model, maximumBatch: Int = 64, options: Options = Options()) throws(FloatNetworkError) {
    precondition(maximumBatch >= 1, "a batch has at least one sample")
    guard !model.isQuantized else { throw .quantizedModel }
    do { try model.validate() } catch { throw .graph(error) }
    guard let kernels = options.kernels ?? FloatKernels.selected else { throw .unknownKernels }
    self.model = model
    self.maximumBatch = maximumBatch
    self.options = options
    parameters = model.nodes.enumerated().flatMap { node, definition in
      let specs = definition.op.parameterSpecs(for: model.values[definition.inputs[0]].shape)
      return zip(specs, definition.parameters).enumerated().map { index, pair in
        Parameter(node: node, index: index, spec: pair.0, tensor: pair.1)
      }
    }
    pool = WorkerPool(threads: options.threads)
    // Eight shards at the most: enough for many threads, few enough that partial gradients stay small.
    let shardSize = (maximumBatch + 7) / 8
    context = FloatStepContext(
      kernels: kernels, workers: pool.threads, shardSize: shardSize,
      shardCount: (maximumBatch + shardSize - 1) / shardSize)
    var planner = FloatStepPlanner(
      model: model, parameters: parameters, context: context, batch: maximumBatch, options: options)
    planner.plan()
    steps = planner.steps
    storages = planner.storages
    logitsValue = planner.logitsValue
  }

  /// The model with the present parameters.
  public func currentModel() -> Model {
    var result = model
    for parameter in parameters {
      result.nodes[parameter.node].parameters[parameter.index].storage = .float32(parameter.values)
    }
    return result
  }

  /// The parameter tensor `index` of a node.
  public func parameter(node: Int, index: Int) -> Parameter {
    parameters.first { $0.node == node && $0.index == index }!
  }

  /// Tells that parameters were changed, so that packed copies are renewed before the next pass.
  public func parametersChanged() { isPrepared = false }

  /// The elements of input `index`, `[maximumBatch][shape]`, to be filled before a pass.
  public func input(_ index: Int = 0) -> UnsafeMutableBufferPointer<Float> {
    storages[model.inputs[index]]!.data.all
  }

  /// The elements of a value after a pass, `[samples][shape]`, valid until the next one; nil where fusion skipped it.
  public func values(of value: Int) -> UnsafeBufferPointer<Float>? {
    guard let storage = storages[value] else { return nil }
    return UnsafeBufferPointer(rebasing: storage.data.readable[..<(batchCount * storage.count)])
  }

  /// The gradient of a value after a training pass; it may be that of the sum under a fused activation.
  package func gradients(of value: Int) -> UnsafeBufferPointer<Float>? {
    guard let storage = storages[value], let gradient = storage.gradient else { return nil }
    return UnsafeBufferPointer(rebasing: gradient.readable[..<(batchCount * storage.count)])
  }

  func shard(_ index: Int, worker: Int, count: Int, isTraining: Bool, key: UInt64) -> Shard {
    let first = index * context.shardSize
    return Shard(
      index: index, samples: first..<min(first + context.shardSize, count), worker: worker, isTraining: isTraining,
      key: key)
  }

  func shardCount(_ count: Int) -> Int { (count + context.shardSize - 1) / context.shardSize }

  func begin(count: Int, isTraining: Bool) {
    precondition((1...maximumBatch).contains(count), "the batch does not fit the network")
    batchCount = count
    if isTraining, !isReadyToTrain {
      for parameter in parameters { parameter.allocateGradient() }
      for step in steps { step.allocateForTraining() }
      for storage in storages { storage?.allocateGradient() }
      isReadyToTrain = true
    }
    guard !isPrepared else { return }
    if parameterTransform != nil || parameters.contains(where: { $0.effective !== $0.value }) {
      pool.run(parameters.count) { index, _ in parameters[index].transform(parameterTransform) }
    }
    var tasks: [(FloatStep, Int)] = []
    for step in steps { for task in 0..<step.preparationTasks { tasks.append((step, task)) } }
    pool.run(tasks.count) { index, _ in tasks[index].0.prepare(tasks[index].1) }
    isPrepared = true
  }
}
