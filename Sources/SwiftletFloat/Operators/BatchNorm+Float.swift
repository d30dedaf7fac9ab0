import SwiftletModel

/// Mean and summed squared deviation of each channel over some pixels; parts merge in a fixed order (Chan et al. 1979).
package struct ChannelMoments {
  package var count = 0
  package var mean, deviation: [Double]

  package init(channels: Int) {
    mean = Array(repeating: 0, count: channels)
    deviation = mean
  }

  package init(_ x: Span<Float>, channels: Int) {
    self.init(channels: channels)
    count = x.count / channels
    guard count > 0 else { return }
    for i in x.indices { mean[i % channels] += Double(x[i]) }
    for c in 0..<channels { mean[c] /= Double(count) }
    for i in x.indices {
      let d = Double(x[i]) - mean[i % channels]
      deviation[i % channels] += d * d
    }
  }

  package mutating func merge(_ other: ChannelMoments) {
    let total = count + other.count
    guard other.count > 0 else { return }
    for c in mean.indices {
      let delta = other.mean[c] - mean[c]
      mean[c] += delta * Double(other.count) / Double(total)
      deviation[c] += other.deviation[c] + delta * delta * Double(count) * Double(other.count) / Double(total)
    }
    count = total
  }

  /// The biased variance, which both normalizes the batch and feeds the running estimate (as in Keras).
  package func variance(_ c: Int) -> Double { deviation[c] / Double(max(count, 1)) }
}

extension BatchNorm {
  /// y = gamma * (x - mean) * inverseDeviation + beta, channel by channel.
  package func forward(
    _ x: Span<Float>, mean: Span<Float>, inverseDeviation: Span<Float>, gamma: Span<Float>, beta: Span<Float>,
    into y: inout MutableSpan<Float>
  ) {
    let channels = gamma.count
    for i in x.indices {
      let c = i % channels
      y[i] = gamma[c] * (x[i] - mean[c]) * inverseDeviation[c] + beta[c]
    }
  }

  /// Adds sum(dy) and sum(dy * normalized x) of each channel to `dBeta` and `dGamma`.
  package func backwardSums(
    _ x: Span<Float>, dy: Span<Float>, mean: Span<Float>, inverseDeviation: Span<Float>,
    addingTo dGamma: inout MutableSpan<Float>, _ dBeta: inout MutableSpan<Float>
  ) {
    let channels = mean.count
    for i in x.indices {
      let c = i % channels
      dBeta[c] += dy[i]
      dGamma[c] += dy[i] * (x[i] - mean[c]) * inverseDeviation[c]
    }
  }

  /// Adds the input gradient through batch statistics of `count` pixels to `dx` (Ioffe and Szegedy 2015, section 3).
  ///
  /// `dGamma` and `dBeta` are the sums over the whole batch.
  package func backward(
    _ x: Span<Float>, dy: Span<Float>, mean: Span<Float>, inverseDeviation: Span<Float>, gamma: Span<Float>,
    dGamma: Span<Float>, dBeta: Span<Float>, count: Int, addingTo dx: inout MutableSpan<Float>
  ) {
    let channels = mean.count
    let share = 1 / Float(count)
    for i in x.indices {
      let c = i % channels
      let normalized = (x[i] - mean[c]) * inverseDeviation[c]
      dx[i] += gamma[c] * inverseDeviation[c] * (dy[i] - share * (dBeta[c] + normalized * dGamma[c]))
    }
  }
}
