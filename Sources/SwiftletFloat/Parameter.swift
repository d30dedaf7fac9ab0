import SwiftletModel

/// One parameter tensor of a network, with its gradient.
public final class Parameter: @unchecked Sendable {
  /// The index of the node in `Model.nodes`, and of the tensor in `Node.parameters`.
  public let node, index: Int
  public let role: ParameterRole
  public let shape: [Int]
  package let value: FloatBuffer
  /// What the network computes with: `value`, or a transformed copy of it (see `FloatNetwork.parameterTransform`).
  package private(set) var effective: FloatBuffer
  package private(set) var gradient: FloatBuffer?

  package init(node: Int, index: Int, spec: ParameterSpec, tensor: Tensor) {
    self.node = node
    self.index = index
    role = spec.role
    shape = spec.shape
    value = FloatBuffer(spec.count)
    effective = value
    if let floats = tensor.floats { _ = value.all.update(fromContentsOf: floats) }
  }

  public var count: Int { value.count }
  /// Running statistics follow the data instead of a gradient.
  public var isTrained: Bool {
    switch role {
    case .weights, .bias, .gamma, .beta: true
    case .runningMean, .runningVariance: false
    }
  }
  package var weights: UnsafeBufferPointer<Float> { effective.readable }
  /// The elements, in the order of the model's tensor.
  public var values: [Float] { value.array }
  /// The gradient of the last training pass's mean loss; zeros before the first.
  public var gradientValues: [Float] { gradient?.array ?? Array(repeating: 0, count: count) }

  /// Changes the elements in place; the owner must then call `FloatNetwork.parametersChanged()`.
  public func withMutableValues<R, E>(_ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R) throws(E) -> R {
    try body(value.all)
  }

  package func allocateGradient() {
    if gradient == nil, isTrained { gradient = FloatBuffer(count) }
  }

  package func transform(_ function: ((Parameter, UnsafeMutableBufferPointer<Float>) -> Void)?) {
    guard let function, isTrained else {
      effective = value
      return
    }
    if effective === value { effective = FloatBuffer(count) }
    _ = effective.all.update(fromContentsOf: value.readable)
    function(self, effective.all)
  }
}
