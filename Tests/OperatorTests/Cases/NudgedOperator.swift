import SwiftletFloat
import SwiftletModel
import TestSupport

/// An operator in training, as a function of its inputs and parameters to one number: the outputs of a batch projected on
/// a random direction.
///
/// Inputs are chosen so that differences are valid: where sums meet bends of activations they are integers plus a half,
/// where elements are compared they are distinct, and a nudge is too small to reach the next bend.
struct NudgedOperator {
  let network: FloatNetwork
  let tolerance: Float
  private let step: Float
  private let batch: Int
  private let isDifferentInTraining: Bool
  private let node: Int
  private let start: [Float]
  private let direction: [Float]

  init(_ entry: OperatorCase, _ options: FloatNetwork.Options) throws {
    // A layer that changes nothing, so that gradients of the inputs are wanted.
    let model = try entry.float(inputs: entry.shapes) { graph, index in
      let one = Conv2D.depthwise(channels: entry.shapes[index].channels, window: SlidingWindow(1))
      return try graph.add(.conv2D(one), [index])
    }
    // Statistics of a batch and masks are of more than one sample, in training.
    isDifferentInTraining = entry.op.quantizationRule == .floatOnly
    batch = isDifferentInTraining ? 2 : 1
    network = try FloatNetwork(model, maximumBatch: batch, options: options)
    node = model.nodes.count - 1
    for layer in 0..<node {
      network.parameter(node: layer, index: 0).withMutableValues { $0.update(repeating: 1) }
      network.parameter(node: layer, index: 1).withMutableValues { $0.update(repeating: 0) }
    }
    (step, tolerance) =
      entry.op.isWeighted ? (1 / 16, 1e-2) : entry.op.isPiecewiseLinear ? (1 / 8, 1e-2) : (1 / 64, 2e-3)
    var draws = Draws(7)
    let inputCount = batch * entry.shapes.reduce(0) { $0 + $1.count }
    var start =
      entry.op.isWeighted
      ? draws.integers(inputCount, within: 3) : entry.op.isPiecewiseLinear ? draws.distinct(inputCount) : []
    if start.isEmpty { start = draws.floats(inputCount).map { $0 * 2 } }
    for parameter in network.parameters where parameter.node == node && parameter.isTrained {
      switch parameter.role {
      case .weights: start += draws.integers(parameter.count, within: 3)
      case .bias: start += (0..<parameter.count).map { Float($0 % 4) * 3 - 4.5 }
      case .gamma, .beta, .runningMean, .runningVariance: start += draws.floats(parameter.count).map { $0 + 0.5 }
      }
    }
    self.start = start
    direction = draws.floats(batch * model.values[model.outputs[0]].shape.count)
  }

  /// Sets inputs and parameters, runs a pass, and returns the projected outputs.
  private func value(_ all: [Float], isTraining: Bool) -> Double {
    var place = 0
    func next(_ count: Int) -> ArraySlice<Float> {
      defer { place += count }
      return all[place..<place + count]
    }
    for (index, value) in network.model.inputs.enumerated() {
      _ = network.input(index).update(fromContentsOf: next(batch * network.model.values[value].shape.count))
    }
    for parameter in trained { parameter.withMutableValues { _ = $0.update(fromContentsOf: next(parameter.count)) } }
    network.parametersChanged()
    if isTraining {
      let count = direction.count / batch
      network.trainingPass(count: batch, key: 9) { sample, _, dy in
        _ = dy.update(fromContentsOf: direction[sample * count..<(sample + 1) * count])
      }
    } else {
      network.forward(count: batch)
    }
    let outputs = network.activations(of: network.model.outputs[0], count: batch)
    return zip(outputs, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  private var trained: [Parameter] { network.parameters.filter { $0.node == node && $0.isTrained } }

  /// What the backward pass says.
  func gradient() -> [Float] {
    _ = value(start, isTraining: true)
    let inputs = (0..<node).flatMap { Array(network.gradients(of: network.model.nodes[$0].output)!) }
    return inputs + trained.flatMap(\.gradientValues)
  }

  /// What nudging each element says.
  func differences() -> [Float] {
    centralDifferences(at: start, step: step) { value($0, isTraining: isDifferentInTraining) }
  }
}

extension Operator {
  /// Whether outputs are linear in inputs between bends.
  fileprivate var isPiecewiseLinear: Bool {
    switch self {
    case .conv2D, .dense, .pool2D, .activation, .add, .concat, .reshape, .dropout: true
    case .softmax, .batchNorm: false
    }
  }
}
