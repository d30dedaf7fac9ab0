/// The closed set of operators.
///
/// A new case makes the compiler list every place to fill in; README, "Adding an operator", names them.
/// The configuration is boxed: graphs are copied around while models are read and prepared, and nothing else looks at it.
public indirect enum Operator: Hashable, Sendable {
  case conv2D(Conv2D)
  case dense(Dense)
  case pool2D(Pool2D)
  case activation(Activation)
  case add(Add)
  case concat(Concat)
  case reshape(Reshape)
  case softmax(Softmax)
  case batchNorm(BatchNorm)
  case dropout(Dropout)
}

/// What a parameter tensor of a node is for.
public enum ParameterRole: Hashable, Sendable { case weights, bias, gamma, beta, runningMean, runningVariance }

/// A parameter an operator needs, with its extents.
public struct ParameterSpec: Hashable, Sendable {
  public let role: ParameterRole
  public let shape: [Int]

  public var count: Int { shape.reduce(1, *) }
}

extension Operator {
  /// The kind in the field's snake case, as used in architecture files and default node names.
  public var kind: StaticString {
    switch self {
    case .conv2D: "conv2d"
    case .dense: "dense"
    case .pool2D(let pool): pool.reduction == .max ? "max_pool2d" : "average_pool2d"
    case .activation: "activation"
    case .add: "add"
    case .concat: "concat"
    case .reshape(let reshape): reshape == .flatten ? "flatten" : "reshape"
    case .softmax: "softmax"
    case .batchNorm: "batch_norm"
    case .dropout: "dropout"
    }
  }

  /// The shape of the output for inputs of these shapes.
  public func outputShape(for inputs: [Shape]) throws(ShapeError) -> Shape {
    let expected =
      switch self {
      case .add: 2
      case .concat: min(max(inputs.count, 2), Limits.connections)
      case .conv2D, .dense, .pool2D, .activation, .reshape, .softmax, .batchNorm, .dropout: 1
      }
    guard inputs.count == expected else { throw .inputCount(expected: expected, actual: inputs.count) }
    let input = inputs[0]
    for shape in inputs { guard shape.checkedCount != nil else { throw .badShape(shape) } }
    switch self {
    case .conv2D(let conv): return try conv.plan(for: input).output
    case .pool2D(let pool): return try pool.plan(for: input).output
    case .dense(let dense):
      guard (1...Limits.extent).contains(dense.units) else { throw .badSetting(.units, value: Double(dense.units)) }
      return Shape(vector: dense.units)
    case .add:
      guard inputs[1] == input else { throw .shapesDiffer(input, inputs[1]) }
      return input
    case .concat:
      var output = input
      for other in inputs.dropFirst() {
        guard other.height == input.height, other.width == input.width else { throw .shapesDiffer(input, other) }
        output.channels += other.channels
      }
      guard output.checkedCount != nil else { throw .badShape(output) }
      return output
    case .reshape(.flatten): return Shape(vector: input.count)
    case .reshape(.to(let shape)):
      guard let count = shape.checkedCount else { throw .badShape(shape) }
      guard count == input.count else { throw .elementCountDiffers(from: input.count, to: count) }
      return shape
    case .dropout(let dropout):
      guard dropout.rate >= 0, dropout.rate < 1 else { throw .badSetting(.dropoutRate, value: Double(dropout.rate)) }
      return input
    case .batchNorm(let norm):
      guard norm.epsilon > 0, norm.epsilon.isFinite else { throw .badSetting(.epsilon, value: Double(norm.epsilon)) }
      guard norm.momentum >= 0, norm.momentum <= 1 else { throw .badSetting(.momentum, value: Double(norm.momentum)) }
      return input
    case .activation, .softmax: return input
    }
  }

  /// The parameters of this operator on an input of this shape, in the order of `Node.parameters`.
  ///
  /// Call it for a shape `outputShape(for:)` has accepted.
  public func parameterSpecs(for input: Shape) -> [ParameterSpec] {
    switch self {
    case .conv2D(let conv):
      [
        ParameterSpec(
          role: .weights,
          shape: [conv.filters, conv.window.kernel.height, conv.window.kernel.width, input.channels / conv.groups]),
        ParameterSpec(role: .bias, shape: [conv.filters]),
      ]
    case .dense(let dense):
      [
        ParameterSpec(role: .weights, shape: [dense.units, input.count]),
        ParameterSpec(role: .bias, shape: [dense.units]),
      ]
    case .batchNorm:
      [ParameterRole.gamma, .beta, .runningMean, .runningVariance].map {
        ParameterSpec(role: $0, shape: [input.channels])
      }
    case .pool2D, .activation, .add, .concat, .reshape, .softmax, .dropout: []
    }
  }

  /// The activation fused into this operator.
  public var fusedActivation: Activation {
    get {
      switch self {
      case .conv2D(let conv): conv.activation
      case .dense(let dense): dense.activation
      case .add(let add): add.activation
      case .activation(let activation): activation
      case .pool2D, .concat, .reshape, .softmax, .batchNorm, .dropout: .none
      }
    }
  }

  /// The same operator with `activation` fused into it, or nil where it cannot take one.
  public func fusing(_ activation: Activation) -> Operator? {
    switch self {
    case .conv2D(var conv):
      conv.activation = activation
      return .conv2D(conv)
    case .dense(var dense):
      dense.activation = activation
      return .dense(dense)
    case .add(var add):
      add.activation = activation
      return .add(add)
    case .activation, .pool2D, .concat, .reshape, .softmax, .batchNorm, .dropout: return nil
    }
  }

  /// Multiply-accumulates per sample, padding taps counted, as the field counts them.
  public func multiplyAccumulates(input: Shape, output: Shape) -> Int {
    switch self {
    case .conv2D(let conv):
      output.count * conv.window.kernel.height * conv.window.kernel.width * (input.channels / conv.groups)
    case .dense(let dense): dense.units * input.count
    case .pool2D, .activation, .add, .concat, .reshape, .softmax, .batchNorm, .dropout: 0
    }
  }
}
