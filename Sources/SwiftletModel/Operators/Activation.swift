/// The function applied to an operator's output, fused into it.
public enum Activation: Hashable, Sendable {
  case none
  /// max(x, 0)
  case relu
  /// min(max(x, 0), bound); ReLU6 has bound 6.
  case boundedReLU(Scale)
}

extension Activation {
  public static var traits: OperatorTraits { OperatorTraits(channels: .passes) }
}
