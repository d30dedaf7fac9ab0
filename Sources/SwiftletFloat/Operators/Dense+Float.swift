import SwiftletModel

extension Dense {
  /// y = activation(weights * x + bias) for one sample; the plain definition.
  package func forward(
    _ x: Span<Float>, weights: Span<Float>, bias: Span<Float>, into y: inout MutableSpan<Float>
  ) {
    let bounds = activation.bounds
    for unit in 0..<units {
      var sum = bias[unit]
      for k in x.indices { sum += x[k] * weights[unit * x.count + k] }
      y[unit] = max(bounds.low, min(bounds.high, sum))
    }
  }

  /// Adds the gradients of `forward`, whose output was `y`, to `dx`, `dWeights` and `dBias`.
  package func backward(
    _ x: Span<Float>, y: Span<Float>, weights: Span<Float>, dy: Span<Float>, addingTo dx: inout MutableSpan<Float>,
    _ dWeights: inout MutableSpan<Float>, _ dBias: inout MutableSpan<Float>
  ) {
    let bounds = activation.bounds
    for unit in 0..<units where y[unit] > bounds.low && y[unit] < bounds.high {
      let g = dy[unit]
      dBias[unit] += g
      for k in x.indices {
        dx[k] += g * weights[unit * x.count + k]
        dWeights[unit * x.count + k] += g * x[k]
      }
    }
  }
}
