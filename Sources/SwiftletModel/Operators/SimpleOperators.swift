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
