/// An edge of the graph: what it carries, and what its integers stand for.
public struct Value: Hashable, Sendable {
  public var shape: Shape
  public var element: ElementType
  /// Present on u8 and s32 values, absent on float ones.
  public var quantization: Quantization?

  public init(shape: Shape, element: ElementType = .float32, quantization: Quantization? = nil) {
    self.shape = shape
    self.element = element
    self.quantization = quantization
  }
}

/// An operator at its place in the graph, with its parameters.
public struct Node: Hashable, Sendable {
  /// UTF-8 text; empty means the default name, the operator's kind and the node's index.
  public var name: [UInt8]
  public var op: Operator
  /// Indexes into `Model.values`.
  public var inputs: [Int]
  public var output: Int
  /// In the order of `Operator.parameterSpecs(for:)`.
  public var parameters: [Tensor]

  public init(name: [UInt8] = [], op: Operator, inputs: [Int], output: Int, parameters: [Tensor] = []) {
    self.name = name
    self.op = op
    self.inputs = inputs
    self.output = output
    self.parameters = parameters
  }
}

/// A network, float or quantized: a graph in topological order with its constants and facts about them.
///
/// Passes (fold batch norm, fuse, prune, quantize) are functions from a model to a model.
public struct Model: Hashable, Sendable {
  public var values: [Value]
  public var nodes: [Node]
  /// Indexes into `values`.
  public var inputs: [Int]
  public var outputs: [Int]
  public var metadata: Metadata

  public init(values: [Value], nodes: [Node], inputs: [Int], outputs: [Int], metadata: Metadata = Metadata()) {
    self.values = values
    self.nodes = nodes
    self.inputs = inputs
    self.outputs = outputs
    self.metadata = metadata
  }
}

extension Model {
  /// Whether this model computes with integers: decided by its first input.
  public var isQuantized: Bool { inputs.first.map { values[$0].element != .float32 } ?? false }

  /// Whether the model gives back an image like the one it takes (an autoencoder), instead of class scores: one input
  /// and one output, of the same shape, which is no vector.
  public var reconstructsInput: Bool {
    guard inputs.count == 1, outputs.count == 1 else { return false }
    let shape = values[outputs[0]].shape
    return shape == values[inputs[0]].shape && !shape.isVector
  }

  /// The node that makes each value, nil for inputs.
  public func producers() -> [Int?] {
    var result = [Int?](repeating: nil, count: values.count)
    for (index, node) in nodes.enumerated() { result[node.output] = index }
    return result
  }

  /// The nodes that read each value, in order, a node once per use.
  public func consumers() -> [[Int]] {
    var result = [[Int]](repeating: [], count: values.count)
    for (index, node) in nodes.enumerated() { for input in node.inputs { result[input].append(index) } }
    return result
  }

  /// The first node whose output nothing reads and the graph does not hand out.
  public var unreadNode: Int? {
    let consumers = consumers()
    return nodes.indices.first { consumers[nodes[$0].output].isEmpty && !outputs.contains(nodes[$0].output) }
  }

  /// What passes, planners and training ask of a node's operator.
  public func traits(of node: Node) -> OperatorTraits { node.op.traits(on: values[node.inputs[0]].shape) }

  public func inputShapes(of node: Node) -> [Shape] { node.inputs.map { values[$0].shape } }

  /// Multiply-accumulates of one sample through `node`.
  public func multiplyAccumulates(of node: Node) -> Int {
    node.op.multiplyAccumulates(input: values[node.inputs[0]].shape, output: values[node.output].shape)
  }

  public var multiplyAccumulates: Int { nodes.reduce(0) { $0 + multiplyAccumulates(of: $1) } }
  public var parameterCount: Int {
    nodes.reduce(0) { $0 + $1.parameters.reduce(0) { $0 + $1.count } }
  }

  /// The name of a node as UTF-8, its own or the default, such as `conv2d_0`.
  public func name(ofNode index: Int) -> [UInt8] {
    let node = nodes[index]
    if !node.name.isEmpty { return node.name }
    var name = node.op.kind.name.withUTF8Buffer { unsafe Array($0) }
    name.append(UInt8(ascii: "_"))
    var digits: [UInt8] = []
    var rest = index
    repeat {
      digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    name.append(contentsOf: digits.reversed())
    return name
  }
}
