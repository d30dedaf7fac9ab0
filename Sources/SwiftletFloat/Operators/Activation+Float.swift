import SwiftletModel

extension Activation {
  package func forward(_ x: Span<Float>, into y: inout MutableSpan<Float>) {
    let (low, high) = bounds
    x.withUnsafeBufferPointer { x in
      y.withUnsafeMutableBufferPointer { y in
        // Comparisons in this order keep NaN, so that a poisoned weight reaches the loss.
        for i in x.indices {
          let raised = x[i] < low ? low : x[i]
          y[i] = raised > high ? high : raised
        }
      }
    }
  }

  /// Adds the input gradient of `forward`, whose output was `y`, to `dx`: it passes strictly between the bounds.
  package func backward(y: Span<Float>, dy: Span<Float>, addingTo dx: inout MutableSpan<Float>) {
    let (low, high) = bounds
    y.withUnsafeBufferPointer { y in
      dy.withUnsafeBufferPointer { dy in
        dx.withUnsafeMutableBufferPointer { dx in
          for i in y.indices { dx[i] += y[i] > low && y[i] < high ? dy[i] : 0 }
        }
      }
    }
  }
}
