import SwiftletModel

/// Normalizes by the batch's statistics in training, by the running ones otherwise.
final class FloatBatchNormStep: FloatShardedStep, @unchecked Sendable {
  let op: BatchNorm
  let channels: Int
  private let moments: UnsafeMutableBufferPointer<ChannelMoments>
  private let mean, inverseDeviation: FloatBuffer
  private let sums: [FloatBuffer]
  private var pixelCount = 0

  init(_ op: BatchNorm, channels: Int, _ place: FloatStepPlace) {
    self.op = op
    self.channels = channels
    mean = FloatBuffer(channels)
    inverseDeviation = FloatBuffer(channels)
    sums = [FloatBuffer(channels), FloatBuffer(channels)]
    moments = .allocate(capacity: place.context.shardCount)
    moments.initialize(repeating: ChannelMoments(channels: channels))
    super.init(place)
  }

  deinit {
    moments.deinitialize()
    moments.deallocate()
  }

  override var hasBatchStatistics: Bool { true }

  override func gatherForward(_ shard: Shard) {
    moments[shard.index] = ChannelMoments(inputs[0].x(shard.samples).span, channels: channels)
  }

  override func finishForward(shards: Int) {
    var whole = ChannelMoments(channels: channels)
    for part in moments[..<shards] { whole.merge(part) }
    pixelCount = whole.count
    let (running, runningVariance) = (parameters[2].value.all, parameters[3].value.all)
    for c in 0..<channels {
      mean.all[c] = Float(whole.mean[c])
      inverseDeviation.all[c] = Float(1 / (whole.variance(c) + Double(op.epsilon)).squareRoot())
      running[c] = op.momentum * running[c] + (1 - op.momentum) * Float(whole.mean[c])
      runningVariance[c] = op.momentum * runningVariance[c] + (1 - op.momentum) * Float(whole.variance(c))
    }
  }

  override func forward(_ shard: Shard) {
    var y = output.y(shard.samples).mutableSpan
    if shard.isTraining {
      op.forward(
        inputs[0].x(shard.samples).span, mean: mean.readable.span, inverseDeviation: inverseDeviation.readable.span,
        gamma: parameters[0].weights.span, beta: parameters[1].weights.span, into: &y)
    } else {
      let inverse = parameters[3].value.all.map { 1 / ($0 + op.epsilon).squareRoot() }
      op.forward(
        inputs[0].x(shard.samples).span, mean: parameters[2].value.readable.span, inverseDeviation: inverse.span,
        gamma: parameters[0].weights.span, beta: parameters[1].weights.span, into: &y)
    }
  }

  override func gatherBackward(_ shard: Shard) {
    zeroPartials(shard)
    var dGamma = partial(0, shard).mutableSpan
    var dBeta = partial(1, shard).mutableSpan
    op.backwardSums(
      inputs[0].x(shard.samples).span, dy: output.dy(shard.samples).span, mean: mean.readable.span,
      inverseDeviation: inverseDeviation.readable.span, addingTo: &dGamma, &dBeta)
  }

  override func finishBackward(shards: Int) {
    for (index, sum) in sums.enumerated() {
      sum.all.update(repeating: 0)
      for shard in 0..<shards { context.kernels.table.add(partialAddress(index, shard), channels, sum.pointer) }
    }
  }

  override func backward(_ shard: Shard) {
    guard wantsInputGradient[0] else { return }
    var dx = inputs[0].dx(shard.samples).mutableSpan
    op.backward(
      inputs[0].x(shard.samples).span, dy: output.dy(shard.samples).span, mean: mean.readable.span,
      inverseDeviation: inverseDeviation.readable.span, gamma: parameters[0].weights.span,
      dGamma: sums[0].readable.span, dBeta: sums[1].readable.span, count: pixelCount, addingTo: &dx)
  }
}
