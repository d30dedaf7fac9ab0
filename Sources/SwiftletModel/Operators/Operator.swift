/// The closed set of operators.
///
/// A new case makes the compiler list every place to fill in; AddingAnOperator.md names them. What others ask of an
/// operator is stated on its struct and only passed on here.
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

extension Operator {
  public var kind: OperatorKind {
    switch self {
    case .conv2D: .conv2D
    case .dense: .dense
    case .pool2D(let pool): .pool2D(pool.reduction)
    case .activation: .activation
    case .add: .add
    case .concat: .concat
    case .reshape(.flatten): .flatten
    case .reshape(.to): .reshape
    case .softmax: .softmax
    case .batchNorm: .batchNorm
    case .dropout: .dropout
    }
  }

  /// What passes, planners and training ask of this operator on an input that `outputShape(for:)` has accepted.
  public func traits(on input: Shape) -> OperatorTraits {
    switch self {
    case .conv2D(let conv): conv.traits(on: input)
    case .dense: Dense.traits
    case .pool2D(let pool): pool.traits
    case .activation: Activation.traits
    case .add: Add.traits
    case .concat: Concat.traits
    case .reshape(let reshape): reshape.traits
    case .softmax: Softmax.traits
    case .batchNorm: BatchNorm.traits
    case .dropout: Dropout.traits
    }
  }

  /// Where the quantization of the output comes from.
  public var quantizationRule: QuantizationRule {
    switch self {
    case .conv2D, .dense, .activation, .add: .ownRange
    case .pool2D(let pool): pool.reduction.quantizationRule
    case .concat: .sharedWithInputs
    case .reshape: .inheritsInput
    case .softmax, .batchNorm, .dropout: .floatOnly
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
    case .dense(let dense): return try dense.outputShape()
    case .add:
      guard inputs[1] == input else { throw .shapesDiffer(input, inputs[1]) }
      return input
    case .concat(let concat): return try concat.outputShape(for: inputs)
    case .reshape(let reshape): return try reshape.outputShape(for: input)
    case .dropout(let dropout):
      try dropout.check()
      return input
    case .batchNorm(let norm):
      try norm.check()
      return input
    case .activation, .softmax: return input
    }
  }

  /// The parameters of this operator on an input of this shape, in the order of `Node.parameters`.
  ///
  /// Call it for a shape `outputShape(for:)` has accepted.
  public func parameterSpecs(for input: Shape) -> [ParameterSpec] {
    switch self {
    case .conv2D(let conv): conv.parameterSpecs(for: input)
    case .dense(let dense): dense.parameterSpecs(for: input)
    case .batchNorm: BatchNorm.parameterSpecs(for: input)
    case .pool2D, .activation, .add, .concat, .reshape, .softmax, .dropout: []
    }
  }

  /// Whether it has weights and a bias for each output channel, which affine maps fold into.
  public var isWeighted: Bool {
    switch self {
    case .conv2D, .dense: true
    case .pool2D, .activation, .add, .concat, .reshape, .softmax, .batchNorm, .dropout: false
    }
  }

  /// The activation fused into this operator.
  public var fusedActivation: Activation {
    switch self {
    case .conv2D(let conv): conv.activation
    case .dense(let dense): dense.activation
    case .add(let add): add.activation
    case .activation(let activation): activation
    case .pool2D, .concat, .reshape, .softmax, .batchNorm, .dropout: .none
    }
  }

  /// The activation that this operator is, nil where it is another.
  package var standaloneActivation: Activation? {
    if case .activation(let activation) = self { activation } else { nil }
  }

  /// The batch normalization that this operator is, nil where it is another.
  package var batchNormalization: BatchNorm? { if case .batchNorm(let norm) = self { norm } else { nil } }

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

  /// The same operator making `count` channels: filters or units; a depthwise convolution reads as many.
  package func making(channels count: Int, on input: Shape) -> Operator {
    switch self {
    case .conv2D(let conv): .conv2D(conv.making(channels: count, on: input))
    case .dense(let dense): .dense(Dense(units: count, activation: dense.activation))
    case .pool2D, .activation, .add, .concat, .reshape, .softmax, .batchNorm, .dropout: self
    }
  }

  /// The window over which weights meet the input, nil for operators without weights; a dense layer's is its whole
  /// input.
  ///
  /// Call it for a shape `outputShape(for:)` has accepted.
  package func weightWindow(on input: Shape) -> WindowPlan? {
    switch self {
    case .conv2D(let conv): try? conv.plan(for: input)
    case .dense(let dense): try? dense.plan(for: input)
    case .pool2D, .activation, .add, .concat, .reshape, .softmax, .batchNorm, .dropout: nil
    }
  }

  /// The window over which elements are reduced, nil for operators that are no pools.
  package func poolingWindow(on input: Shape) -> WindowPlan? {
    switch self {
    case .pool2D(let pool): try? pool.plan(for: input)
    case .conv2D, .dense, .activation, .add, .concat, .reshape, .softmax, .batchNorm, .dropout: nil
    }
  }

  /// Whether integers can bring an input of this operator, which has no weights, to the quantization `to`.
  package func hasMultipliers(from input: Value, to: Quantization) -> Bool {
    guard let from = input.quantization, FixedPointMultiplier(input: from.scale, output: to.scale) != nil else {
      return false
    }
    if case .pool2D(let pool) = self { return pool.hasMultipliers(on: input.shape, from: from, to: to) }
    return true
  }

  /// Multiply-accumulates per sample, padding taps counted, as the field counts them.
  public func multiplyAccumulates(input: Shape, output: Shape) -> Int {
    guard isWeighted else { return 0 }
    return output.height * output.width * parameterSpecs(for: input)[0].count
  }
}
