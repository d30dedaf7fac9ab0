import SwiftletModel

extension Concat {
  /// Copies input `x`, the channels from `offset` on, into the joined image `y` of `pixels` pixels.
  package func forward(_ x: Span<Float>, at offset: Int, into y: inout MutableSpan<Float>, pixels: Int) {
    let channels = x.count / pixels
    let joined = y.count / pixels
    precondition(x.count == channels * pixels && y.count == joined * pixels && offset + channels <= joined)
    for pixel in 0..<pixels {
      for c in 0..<channels { y[pixel * joined + offset + c] = x[pixel * channels + c] }
    }
  }

  /// Adds the gradient of the input that `forward` put at `offset` to `dx`.
  package func backward(dy: Span<Float>, at offset: Int, addingTo dx: inout MutableSpan<Float>, pixels: Int) {
    let channels = dx.count / pixels
    let joined = dy.count / pixels
    precondition(dx.count == channels * pixels && dy.count == joined * pixels && offset + channels <= joined)
    for pixel in 0..<pixels {
      for c in 0..<channels { dx[pixel * channels + c] += dy[pixel * joined + offset + c] }
    }
  }
}
