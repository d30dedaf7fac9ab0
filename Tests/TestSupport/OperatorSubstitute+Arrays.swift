import SwiftletFloat

extension OperatorSubstitute {
  /// `forward` on arrays.
  package func outputs(of inputs: [[Float]], count: Int) -> [Float] {
    var output = [Float](repeating: .nan, count: count)
    let copies = inputs.map { input in
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: input.count)
      _ = buffer.initialize(from: input)
      return buffer
    }
    defer { for copy in copies { copy.deallocate() } }
    output.withUnsafeMutableBufferPointer { forward(copies.map { UnsafeBufferPointer($0) }, $0) }
    return output
  }

  /// `backward` on arrays: the gradients of inputs of `counts` elements, where the output was `output`.
  package func gradients(at output: [Float], _ outputGradient: [Float], counts: [Int]) -> [[Float]] {
    let gradients = counts.map { count in
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
      buffer.initialize(repeating: 0)
      return buffer
    }
    defer { for buffer in gradients { buffer.deallocate() } }
    output.withUnsafeBufferPointer { y in
      outputGradient.withUnsafeBufferPointer { backward(y, $0, addingTo: gradients) }
    }
    return gradients.map(Array.init)
  }
}
