import SwiftletModel

/// Turns a validated model into steps: chooses what to fuse, which values share memory, where gradients must go.
struct FloatStepPlanner {
  let model: Model
  let parameters: [Parameter]
  let context: FloatStepContext
  let batch: Int
  let options: FloatNetwork.Options
  private(set) var steps: [FloatStep] = []
  private(set) var storages: [ValueStorage?]
  private(set) var logitsValue: Int
  private var dependsOnParameters: [Bool]
  private let consumers: [[Int]]

  init(
    model: Model, parameters: [Parameter], context: FloatStepContext, batch: Int, options: FloatNetwork.Options
  ) {
    self.model = model
    self.parameters = parameters
    self.context = context
    self.batch = batch
    self.options = options
    storages = Array(repeating: nil, count: model.values.count)
    dependsOnParameters = Array(repeating: false, count: model.values.count)
    consumers = model.consumers()
    logitsValue = model.outputs[0]
    if let producer = model.producers()[logitsValue], case .softmax = model.nodes[producer].op {
      logitsValue = model.nodes[producer].inputs[0]
    }
  }

  mutating func plan() {
    for input in model.inputs { storages[input] = ValueStorage(count: model.values[input].shape.count, batch: batch) }
    var index = 0
    while index < model.nodes.count {
      if let last = fusedPool(from: index) {
        addPooledConvolution(index, last)
        // Nodes between the two, an activation at the most, are part of the step.
        index = last + 1
      } else {
        addStep(index)
        index += 1
      }
    }
    // Where a single step reads a value and can set its gradient, nobody needs to zero it.
    for value in model.values.indices {
      guard let storage = storages[value], !model.outputs.contains(value), value != logitsValue else { continue }
      let readers = steps.filter { $0.inputs.contains { $0 === storage } }
      let isAnOutput = model.outputs.contains { storages[$0] === storage } || storages[logitsValue] === storage
      storage.isGradientSet = !isAnOutput && readers.count == 1 && readers[0].canSetInputGradient
    }
  }

  /// The pool that `node`, a convolution, can be fused with: the next node, or the one after an activation.
  private func fusedPool(from node: Int) -> Int? {
    guard !options.keepsEveryValue, !options.isReference, case .conv2D(let conv) = model.nodes[node].op else {
      return nil
    }
    var last = node
    func onlyReader(_ value: Int) -> Int? {
      let readers = consumers[value]
      return readers.count == 1 && !model.outputs.contains(value) && readers[0] == last + 1 ? readers[0] : nil
    }
    guard var reader = onlyReader(model.nodes[node].output) else { return nil }
    if case .activation = model.nodes[reader].op, conv.activation == .none {
      last = reader
      guard let next = onlyReader(model.nodes[reader].output) else { return nil }
      reader = next
    }
    guard case .pool2D(let pool) = model.nodes[reader].op else { return nil }
    let convolved = model.values[model.nodes[node].output].shape
    return FloatPooledConvolutionStep.canFuse(conv, pool, convolved: convolved, pooled: try! pool.plan(for: convolved))
      ? reader : nil
  }

  private mutating func place(first: Int, last: Int) -> FloatStepPlace {
    let inputs = model.nodes[first].inputs
    let output = model.nodes[last].output
    let own = parameters.filter { $0.node == first }
    let wants = inputs.map { dependsOnParameters[$0] }
    dependsOnParameters[output] = !own.isEmpty || wants.contains(true)
    if storages[output] == nil {
      storages[output] = ValueStorage(count: model.values[output].shape.count, batch: batch)
    }
    return FloatStepPlace(
      node: last, inputs: inputs.map { storages[$0]! }, output: storages[output]!, parameters: own,
      wantsInputGradient: wants, context: context)
  }

  private mutating func addPooledConvolution(_ node: Int, _ last: Int) {
    guard case .conv2D(var conv) = model.nodes[node].op, case .pool2D(let pool) = model.nodes[last].op else { return }
    if last == node + 2, case .activation(let activation) = model.nodes[node + 1].op { conv.activation = activation }
    let convolved = model.values[model.nodes[node].output].shape
    steps.append(
      FloatPooledConvolutionStep(
        conv, plan: try! conv.plan(for: model.values[model.nodes[node].inputs[0]].shape),
        pool: try! pool.plan(for: convolved), batch: batch, place(first: node, last: last)))
  }

  private mutating func addStep(_ index: Int) {
    let node = model.nodes[index]
    let shape = model.values[node.inputs[0]].shape
    // A validated model: its windows fit, so planning them cannot fail.
    switch node.op {
    case .conv2D(let conv):
      let plan = try! conv.plan(for: shape)
      let place = place(first: index, last: index)
      if options.isReference {
        steps.append(FloatReferenceConvolutionStep(conv, plan: plan, place))
      } else if conv.isDepthwise(on: shape), conv.filters == shape.channels {
        steps.append(FloatDepthwiseStep(conv, plan: plan, place))
      } else {
        steps.append(FloatConvolutionStep(conv, plan: plan, place))
      }
    case .dense(let dense):
      let place = place(first: index, last: index)
      steps.append(
        options.isReference ? FloatReferenceDenseStep(dense, place) : FloatDenseStep(dense, batch: batch, place))
    case .pool2D(let pool):
      steps.append(FloatPoolingStep(pool, plan: try! pool.plan(for: shape), place(first: index, last: index)))
    case .activation(let activation): steps.append(FloatActivationStep(activation, place(first: index, last: index)))
    case .add(let add): steps.append(FloatAdditionStep(add, place(first: index, last: index)))
    case .concat(let concat):
      steps.append(FloatConcatenationStep(concat, pixels: shape.height * shape.width, place(first: index, last: index)))
    case .reshape:
      // The same elements in the same order: the value shares its input's memory, gradient included.
      storages[node.output] = storages[node.inputs[0]]
      dependsOnParameters[node.output] = dependsOnParameters[node.inputs[0]]
    case .softmax(let softmax):
      steps.append(FloatSoftmaxStep(softmax, channels: shape.channels, place(first: index, last: index)))
    case .batchNorm(let norm):
      steps.append(FloatBatchNormStep(norm, channels: shape.channels, place(first: index, last: index)))
    case .dropout(let dropout): steps.append(FloatDropoutStep(dropout, place(first: index, last: index)))
    }
  }
}
