/// A fully connected layer over all elements of its input: weights `[units, input elements]`, bias `[units]`.
public struct Dense: Hashable, Sendable {
  public var units: Int
  public var activation: Activation

  public init(units: Int, activation: Activation = .none) {
    self.units = units
    self.activation = activation
  }
}

extension Dense {
  public static var traits: OperatorTraits { OperatorTraits(channels: .makes, affine: .absorbs) }

  func outputShape() throws(ShapeError) -> Shape {
    guard (1...Limits.extent).contains(units) else { throw .badSetting(.units, value: Double(units)) }
    return Shape(vector: units)
  }

  func parameterSpecs(for input: Shape) -> [ParameterSpec] {
    [
      ParameterSpec(role: .weights, shape: [units, input.count], axes: .inputElementsLast),
      ParameterSpec(role: .bias, shape: [units], axes: .outputChannels),
    ]
  }

  /// The one window that covers the input.
  func plan(for input: Shape) throws(ShapeError) -> WindowPlan {
    try WindowPlan(
      SlidingWindow(kernel: Size2D(height: input.height, width: input.width)), input: input, channels: units)
  }
}
