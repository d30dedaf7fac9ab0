/// A fully connected layer over all elements of its input: weights `[units, input elements]`, bias `[units]`.
public struct Dense: Hashable, Sendable {
  public var units: Int
  public var activation: Activation

  public init(units: Int, activation: Activation = .none) {
    self.units = units
    self.activation = activation
  }
}
