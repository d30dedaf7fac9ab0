import SwiftletModel

extension Dropout {
  /// The factor of element `index`: 0 with probability `rate`, else 1 / (1 - rate).
  ///
  /// It depends on `key` and `index` alone, so any thread may ask, and the backward pass asks again.
  @inline(__always)
  package func factor(_ index: Int, key: UInt64) -> Float {
    var generator = SplitMix64(seed: key &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
    return generator.nextUnit() < rate ? 0 : 1 / (1 - rate)
  }

  /// Drops elements of `x`; the first has index `first` in the batch. The gradient is the same function of `dy`.
  package func forward(_ x: Span<Float>, into y: inout MutableSpan<Float>, first: Int, key: UInt64) {
    for i in x.indices { y[i] = x[i] * factor(first + i, key: key) }
  }

  /// Adds the input gradient of `forward` with the same `first` and `key` to `dx`.
  package func backward(dy: Span<Float>, addingTo dx: inout MutableSpan<Float>, first: Int, key: UInt64) {
    for i in dy.indices { dx[i] += dy[i] * factor(first + i, key: key) }
  }
}
