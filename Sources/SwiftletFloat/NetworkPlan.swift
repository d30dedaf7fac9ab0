import SwiftletModel

/// Turns a validated float model into steps over shared storages.
struct NetworkPlan {
  let model: Model
  let maxBatch: Int
  let fusesPools, isReference: Bool
  let context: StepContext
  private(set) var storages: [ValueStorage] = []
  private(set) var parameters: [[Parameter]] = []
  private(set) var steps: [Step] = []

  init(_ model: Model, maxBatch: Int, fusesPools: Bool, isReference: Bool, context: StepContext) {
    self.model = model
    self.maxBatch = maxBatch
    self.fusesPools = fusesPools
    self.isReference = isReference
    self.context = context
  }

  mutating func build() {
    let consumers = model.consumers()
    // Made at their node; a reshape's output shares its input's, and a fused convolution's is never filled.
    storages = model.values.map { ValueStorage(count: $0.shape.count, batch: 0) }
    for input in model.inputs { storages[input] = ValueStorage(count: storages[input].count, batch: maxBatch) }
    parameters = model.nodes.enumerated().map { index, node in
      let specs = node.op.parameterSpecs(for: model.values[node.inputs[0]].shape)
      return zip(specs, node.parameters).enumerated().map { position, pair in
        Parameter(node: index, index: position, spec: pair.0, tensor: pair.1)
      }
    }
    var dependsOnParameters = [Bool](repeating: false, count: model.values.count)
    var fused = Set<Int>()
    for (index, node) in model.nodes.enumerated() {
      let isLearned = node.inputs.contains { dependsOnParameters[$0] }
      dependsOnParameters[node.output] = isLearned || !node.parameters.isEmpty
      if case .reshape = node.op {
        storages[node.output] = storages[node.inputs[0]]
        continue
      }
      if fused.contains(index) { continue }
      var output = node.output
      var pooled: Shape?
      if fusesPools, let pool = fusablePool(after: index, consumers) {
        fused.insert(pool)
        output = model.nodes[pool].output
        pooled = model.values[output].shape
      }
      storages[output] = ValueStorage(count: storages[output].count, batch: maxBatch)
      let place = StepPlace(
        node: index, inputs: node.inputs.map { storages[$0] }, output: storages[output], parameters: parameters[index],
        wantsInputGradient: node.inputs.map { dependsOnParameters[$0] }, context: context)
      steps.append(step(node, pooled: pooled, place))
    }
    markSetGradients()
  }

  /// The max pool that alone reads a convolution's output and can be fused into it.
  private func fusablePool(after index: Int, _ consumers: [[Int]]) -> Int? {
    let node = model.nodes[index]
    guard case .conv2D(let conv) = node.op, !model.outputs.contains(node.output), consumers[node.output].count == 1,
      case .pool2D(let pool) = model.nodes[consumers[node.output][0]].op,
      let plan = try? conv.plan(for: model.values[node.inputs[0]].shape),
      let poolPlan = try? pool.plan(for: plan.output),
      ConvolutionStep.canFuse(conv, plan, pool, poolPlan)
    else { return nil }
    return consumers[node.output][0]
  }

  private func step(_ node: Node, pooled: Shape?, _ place: StepPlace) -> Step {
    let input = model.values[node.inputs[0]].shape
    switch node.op {
    case .conv2D(let conv):
      guard let plan = try? conv.plan(for: input) else { preconditionFailure("a validated model has fitting windows") }
      if isReference { return ReferenceConvolutionStep(conv, plan: plan, place) }
      return ConvolutionStep(conv, plan: plan, pooled: pooled, batch: maxBatch, place)
    case .dense(let dense):
      return isReference ? ReferenceDenseStep(dense, place) : DenseStep(dense, batch: maxBatch, place)
    case .pool2D(let pool):
      guard let plan = try? pool.plan(for: input) else { preconditionFailure("a validated model has fitting windows") }
      return PoolingStep(pool, plan: plan, place)
    case .activation(let activation): return ActivationStep(activation, place)
    case .add(let add): return AdditionStep(add, place)
    case .concat(let concat): return ConcatenationStep(concat, pixels: input.height * input.width, place)
    case .softmax(let softmax): return SoftmaxStep(softmax, channels: input.channels, place)
    case .batchNorm(let norm): return BatchNormStep(norm, channels: input.channels, place)
    case .dropout(let dropout): return DropoutStep(dropout, place)
    case .reshape: preconditionFailure("a reshape shares its input's storage")
    }
  }

  /// A storage read by one step alone, which can set its gradient, needs no zeroing.
  private func markSetGradients() {
    var readers: [ObjectIdentifier: [Step]] = [:]
    for step in steps { for input in step.inputs { readers[ObjectIdentifier(input), default: []].append(step) } }
    let outputs = Set(model.outputs.map { ObjectIdentifier(storages[$0]) })
    for storage in storages {
      let name = ObjectIdentifier(storage)
      guard let only = readers[name], only.count == 1, !outputs.contains(name) else { continue }
      storage.isGradientSet = only[0].canSetInputGradient && only[0].wantsInputGradient == [true]
    }
  }
}
