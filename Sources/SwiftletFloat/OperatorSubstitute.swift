/// What computes a node in its operator's stead: see `FloatNetwork.substitutes`.
///
/// Called on several threads at once, each with the samples of one shard, `[samples][shape]`.
public protocol OperatorSubstitute: Sendable {
  /// Sets the whole output.
  func forward(_ inputs: [UnsafeBufferPointer<Float>], _ output: UnsafeMutableBufferPointer<Float>)

  /// Adds the gradient of each input to `inputGradients`; nil where none is wanted.
  func backward(
    _ output: UnsafeBufferPointer<Float>, _ outputGradient: UnsafeBufferPointer<Float>,
    addingTo inputGradients: [UnsafeMutableBufferPointer<Float>?])
}
