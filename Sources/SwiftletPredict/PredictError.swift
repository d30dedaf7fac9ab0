public import SwiftletBytes
public import SwiftletModel

/// Why a model's outputs cannot be told as classes.
public indirect enum PredictError: Error, Hashable, Sendable {
  /// The output has no quantization.
  case noQuantization
  /// The output has a height or width.
  case notAVector(Shape)
}

extension PredictError: CustomStringConvertible {
  public var description: String { textWritten { write(to: &$0) } }

  /// Writes one line for people, without a final period.
  public func write(to text: inout ByteWriter) {
    switch self {
    case .noQuantization: text.write(text: "the output has no quantization")
    case .notAVector(let shape):
      text.write(text: "the output is ")
      text.write(shape: shape)
      text.write(text: ", not a vector of classes")
    }
  }
}
