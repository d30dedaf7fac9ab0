/// The sum of two inputs of one shape, then an activation: the joint of a residual network.
public struct Add: Hashable, Sendable {
  public var activation: Activation
  public init(activation: Activation = .none) { self.activation = activation }
}

/// Joins two or more inputs of equal height and width along the channels, in order.
public struct Concat: Hashable, Sendable {
  public init() {}
}

/// Gives the same elements, in NHWC order, another shape.
public enum Reshape: Hashable, Sendable {
  case flatten
  case to(Shape)
}

/// Normalizes exponentials over the channels of each pixel; on quantization a final softmax is dropped.
public struct Softmax: Hashable, Sendable {
  public init() {}
}

/// Batch normalization over channels (Ioffe and Szegedy 2015); folded into its producer at quantization.
///
/// Parameters: gamma, beta, running mean, running variance, each `[channels]`.
public struct BatchNorm: Hashable, Sendable {
  public var epsilon: Float
  /// The share of the old running statistics kept at each training step.
  public var momentum: Float
  public init(epsilon: Float = 1e-3, momentum: Float = 0.99) {
    self.epsilon = epsilon
    self.momentum = momentum
  }
}

/// Zeroes each element with probability `rate` in training and scales the rest by 1 / (1 - rate); else the identity.
public struct Dropout: Hashable, Sendable {
  public var rate: Float
  public init(rate: Float) { self.rate = rate }
}

extension Add {
  public static var traits: OperatorTraits { OperatorTraits(channels: .ties) }
}

extension Concat {
  public static var traits: OperatorTraits { OperatorTraits(channels: .concatenates) }

  func outputShape(for inputs: [Shape]) throws(ShapeError) -> Shape {
    var output = inputs[0]
    for other in inputs.dropFirst() {
      guard other.height == output.height, other.width == output.width else { throw .shapesDiffer(inputs[0], other) }
      output.channels += other.channels
    }
    guard output.checkedCount != nil else { throw .badShape(output) }
    return output
  }
}

extension Reshape {
  public var traits: OperatorTraits {
    OperatorTraits(
      channels: self == .flatten ? .repeatsForPixels : .reorders, affine: .passes,
      commutesWithMonotone: true)
  }

  func outputShape(for input: Shape) throws(ShapeError) -> Shape {
    switch self {
    case .flatten: return Shape(vector: input.count)
    case .to(let shape):
      guard let count = shape.checkedCount else { throw .badShape(shape) }
      guard count == input.count else { throw .elementCountDiffers(from: input.count, to: count) }
      return shape
    }
  }
}

extension Softmax {
  public static var traits: OperatorTraits { OperatorTraits(channels: .passesAll, keepsRanking: true) }
}

extension BatchNorm {
  public static var traits: OperatorTraits { OperatorTraits(channels: .passes, isHomogeneous: false) }

  func check() throws(ShapeError) {
    guard epsilon > 0, epsilon.isFinite else { throw .badSetting(.epsilon, value: Double(epsilon)) }
    guard momentum >= 0, momentum <= 1 else { throw .badSetting(.momentum, value: Double(momentum)) }
  }

  static func parameterSpecs(for input: Shape) -> [ParameterSpec] {
    let shape = [input.channels]
    return [
      ParameterSpec(role: .gamma, shape: shape, axes: .outputChannels),
      ParameterSpec(role: .beta, shape: shape, axes: .outputChannels),
      ParameterSpec(role: .runningMean, shape: shape, axes: .outputChannels),
      ParameterSpec(role: .runningVariance, shape: shape, axes: .outputChannels),
    ]
  }
}

extension Dropout {
  public static var traits: OperatorTraits {
    OperatorTraits(channels: .passes, affine: .passes, isTrainingOnly: true)
  }

  func check() throws(ShapeError) {
    guard rate >= 0, rate < 1 else { throw .badSetting(.dropoutRate, value: Double(rate)) }
  }
}
