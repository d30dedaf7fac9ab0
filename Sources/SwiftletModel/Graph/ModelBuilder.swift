/// Builds a float model node by node, inferring every shape; parameters start as zeros.
public struct ModelBuilder: Sendable {
  public private(set) var model: Model
  /// The value that the next node reads where none is named.
  public private(set) var last: Int

  public init(input: Shape) {
    model = Model(values: [Value(shape: input)], nodes: [], inputs: [0], outputs: [])
    last = 0
  }

  /// Appends a node that reads `inputs`, or the last value, and returns the index of its output value.
  ///
  /// - Throws: `GraphError` with this node's index.
  @discardableResult
  public mutating func add(_ op: Operator, name: [UInt8] = [], inputs: [Int]? = nil) throws(GraphError) -> Int {
    let sources = inputs ?? [last]
    let index = model.nodes.count
    for source in sources {
      guard model.values.indices.contains(source) else { throw GraphError(.valueNotReady(value: source), node: index) }
    }
    let shapes = sources.map { model.values[$0].shape }
    let output: Shape
    do { output = try op.outputShape(for: shapes) } catch { throw GraphError(.shape(error), node: index) }
    last = model.values.count
    model.values.append(Value(shape: output))
    model.nodes.append(
      Node(
        name: name, op: op, inputs: sources, output: last,
        parameters: op.parameterSpecs(for: shapes[0]).map { Tensor(zeros: $0.shape) }))
    return last
  }

  /// The validated model whose outputs are `outputs`, or the last value.
  public func build(outputs: [Int]? = nil) throws(GraphError) -> Model {
    var result = model
    result.outputs = outputs ?? [last]
    try result.validate()
    return result
  }
}
