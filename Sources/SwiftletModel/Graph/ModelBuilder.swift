/// Builds a float model node by node, inferring every shape; parameters start as zeros.
public struct ModelBuilder: Sendable {
  public private(set) var model: Model
  /// The value that the next node reads where none is named.
  public private(set) var last: Int
  private let parameterLimit, activationLimit: Int
  private var parameterCount = 0
  private var activationCount: Int

  /// - Parameters:
  ///   - parameterLimit: The most weights and biases together; nothing is allocated for a node that passes it.
  ///   - activationLimit: The most elements of all values together, per sample.
  public init(
    input: Shape, parameterLimit: Int = Limits.parameters, activationLimit: Int = Limits.activations
  ) {
    model = Model(values: [Value(shape: input)], nodes: [], inputs: [0], outputs: [])
    last = 0
    self.parameterLimit = parameterLimit
    self.activationLimit = activationLimit
    activationCount = input.checkedCount ?? 0
  }

  /// Appends a node that reads `inputs`, or the last value, and returns the index of its output value.
  ///
  /// - Throws: `GraphError` with this node's index; the model is then as it was.
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
    let specs = op.parameterSpecs(for: shapes[0])
    try count(specs, output, node: index)
    last = model.values.count
    model.values.append(Value(shape: output))
    model.nodes.append(
      Node(name: name, op: op, inputs: sources, output: last, parameters: specs.map { Tensor(zeros: $0.shape) }))
    return last
  }

  /// Refuses a node that takes the model over a limit, before anything is made for it.
  private mutating func count(_ specs: [ParameterSpec], _ output: Shape, node: Int) throws(GraphError) {
    guard node < Limits.nodes else {
      throw GraphError(.tooMany(.nodes, count: node + 1, limit: Limits.nodes), node: node)
    }
    var parameters = parameterCount
    for spec in specs { parameters = saturatingSum(parameters, saturatingProduct(spec.shape)) }
    guard parameters <= parameterLimit else {
      throw GraphError(.tooMany(.parameters, count: parameters, limit: parameterLimit), node: node)
    }
    let activations = saturatingSum(activationCount, output.count)
    guard activations <= activationLimit else {
      throw GraphError(.tooMany(.activations, count: activations, limit: activationLimit), node: node)
    }
    parameterCount = parameters
    activationCount = activations
  }

  /// The validated model whose outputs are `outputs`, or the last value.
  public func build(outputs: [Int]? = nil) throws(GraphError) -> Model {
    var result = model
    result.outputs = outputs ?? [last]
    try result.validate()
    return result
  }
}

private func saturatingSum(_ a: Int, _ b: Int) -> Int {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? .max : sum
}

private func saturatingProduct(_ extents: [Int]) -> Int {
  var product = 1
  for extent in extents {
    let (next, overflow) = product.multipliedReportingOverflow(by: extent)
    if overflow { return .max }
    product = next
  }
  return product
}
