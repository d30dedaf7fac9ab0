import SwiftletModel

extension Add {
  package func forward(_ a: Span<Float>, _ b: Span<Float>, into y: inout MutableSpan<Float>) {
    let (low, high) = activation.bounds
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        y.withUnsafeMutableBufferPointer { y in
          for i in a.indices {
            let sum = a[i] + b[i]
            let raised = sum < low ? low : sum
            y[i] = raised > high ? high : raised
          }
        }
      }
    }
  }

  /// Adds the gradient of one input of `forward`, whose output was `y`, to `dx`; both inputs have the same.
  package func backward(y: Span<Float>, dy: Span<Float>, addingTo dx: inout MutableSpan<Float>) {
    activation.backward(y: y, dy: dy, addingTo: &dx)
  }
}
