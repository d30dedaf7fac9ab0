import SwiftletModel
import TestSupport
import Testing

/// An operator with its attributes, the shapes of its inputs, and the quantizations between which integers run it.
///
/// All tests of this folder take `all`, so that a case written once meets gradients, kernels, simulation and files.
struct OperatorCase: Sendable, CustomTestStringConvertible {
  /// The quantization of the output in the integer form.
  enum Output: Sendable {
    /// The first input's.
    case inherited
    case stated(Quantization)
    /// One over which the sums of weights spread, of this type.
    case spread(ElementType)
  }

  let name: String
  let op: Operator
  let shapes: [Shape]
  /// One for each input.
  let quantizations: [Quantization]
  let output: Output

  /// - Parameter quantizations: Of the inputs; those that are not stated get one each of `OperatorCase.quantizations`.
  init(
    _ name: String, _ op: Operator, on shapes: [Shape], from quantizations: [Quantization] = [],
    to output: Output = .inherited
  ) {
    self.name = name
    self.op = op
    self.shapes = shapes
    self.quantizations =
      quantizations + Self.quantizations[quantizations.count...].prefix(max(shapes.count - quantizations.count, 0))
    self.output = output
  }

  static let quantizations = [(0.01, 120), (0.017, 30), (0.003, 0), (0.02, 255)].map {
    Quantization(scale: TestNetwork.scale($0), zeroPoint: $1)
  }

  static let all = convolutions + dense + pools + joints + others
  /// Those that exist in integers.
  static let quantizable = all.filter { $0.op.quantizationRule != .floatOnly }

  var testDescription: String { "\(op.kind.name) \(name)" }
  var traits: OperatorTraits { op.traits(on: shapes[0]) }
}

// MARK: Models of a case

extension OperatorCase {
  /// The operator between integers, as the only node.
  func quantized(seed: UInt64 = 1) throws -> Model {
    var network = TestNetwork(seed: seed)
    let inputs = zip(shapes, quantizations).map {
      network.input($0, scale: $1.scale.doubleValue, zeroPoint: $1.zeroPoint)
    }
    for (input, quantization) in zip(inputs, quantizations) { network.model.values[input].quantization = quantization }
    let result =
      switch output {
      case .inherited: try network.add(op, inputs)
      case .stated(let quantization): try network.add(op, inputs, quantization: quantization)
      case .spread(let element):
        try network.weighted(op, inputs[0], element: element, spread: element == .int32 ? 1e5 : 25)
      }
    return try network.build([result])
  }

  /// The operator on floats, as the only node, parameters random.
  func float(seed: UInt64 = 1) throws -> Model { try float(seed: seed, inputs: shapes) { $1 } }

  /// The operator on floats behind nodes of its own for each input.
  ///
  /// - Parameters:
  ///   - inputs: The shapes of the model's inputs.
  ///   - before: Appends nodes for input `index` and returns the value that the operator reads.
  ///   - after: Operators that read the result, one after the other.
  func float(
    seed: UInt64 = 1, inputs: [Shape], after: [Operator] = [],
    before: (inout FloatGraph, _ index: Int) throws -> Int
  ) throws -> Model {
    var graph = FloatGraph(inputs: inputs)
    let sources = try shapes.indices.map { try before(&graph, $0) }
    var last = try graph.add(op, sources)
    for next in after { last = try graph.add(next, [last]) }
    return randomized(try graph.build([last]), seed: seed)
  }

  /// Behind a convolution of one tap for each input, all on one image; then dense units, so that nothing that concerns
  /// the operator is an input or output of the model.
  ///
  /// - Parameter normalizesFirst: A batch normalization stands between the operator and its first input, which is then
  ///   behind a ReLU.
  func surrounded(seed: UInt64 = 1, normalizesFirst: Bool = false) throws -> Model {
    let image = Shape(height: shapes[0].height, width: shapes[0].width, channels: 3)
    return try float(seed: seed, inputs: [image], after: [.dense(Dense(units: 3))]) { graph, index in
      let isNormalized = normalizesFirst && index == 0
      let made = try graph.add(
        .conv2D(
          Conv2D(
            filters: shapes[index].channels, window: SlidingWindow(1), activation: isNormalized ? .relu : .none)), [0])
      return isNormalized ? try graph.add(.batchNorm(BatchNorm()), [made]) : made
    }
  }

  /// The node of the operator in `surrounded()`.
  func node(in model: Model) throws -> Int { try #require(model.nodes.lastIndex { $0.op == op }) }
}

/// A float model of several inputs, built node by node; parameters are zeros.
struct FloatGraph {
  private var model: Model

  init(inputs: [Shape]) {
    model = Model(values: inputs.map { Value(shape: $0) }, nodes: [], inputs: Array(inputs.indices), outputs: [])
  }

  mutating func add(_ op: Operator, _ inputs: [Int]) throws -> Int {
    let shapes = inputs.map { model.values[$0].shape }
    model.values.append(Value(shape: try op.outputShape(for: shapes)))
    let output = model.values.count - 1
    let parameters = op.parameterSpecs(for: shapes[0]).map { Tensor(zeros: $0.shape) }
    model.nodes.append(Node(op: op, inputs: inputs, output: output, parameters: parameters))
    return output
  }

  func build(_ outputs: [Int]) throws -> Model {
    var result = model
    result.outputs = outputs
    try result.validate()
    return result
  }
}
