import SwiftletModel

final class FloatPoolingStep: FloatStep, @unchecked Sendable {
  let op: Pool2D
  let plan: WindowPlan

  init(_ op: Pool2D, plan: WindowPlan, _ place: FloatStepPlace) {
    self.op = op
    self.plan = plan
    super.init(place)
  }

  override func forward(_ shard: Shard) {
    for n in shard.samples {
      var y = output.y(n).mutableSpan
      op.forward(inputs[0].x(n).span, into: &y, plan)
    }
  }

  override func backward(_ shard: Shard) {
    guard wantsInputGradient[0] else { return }
    for n in shard.samples {
      var dx = inputs[0].dx(n).mutableSpan
      op.backward(inputs[0].x(n).span, dy: output.dy(n).span, addingTo: &dx, plan)
    }
  }
}

final class FloatActivationStep: FloatStep, @unchecked Sendable {
  let op: Activation

  init(_ op: Activation, _ place: FloatStepPlace) {
    self.op = op
    super.init(place)
  }

  override func forward(_ shard: Shard) {
    var y = output.y(shard.samples).mutableSpan
    op.forward(inputs[0].x(shard.samples).span, into: &y)
  }

  override func backward(_ shard: Shard) {
    guard wantsInputGradient[0] else { return }
    var dx = inputs[0].dx(shard.samples).mutableSpan
    op.backward(y: output.x(shard.samples).span, dy: output.dy(shard.samples).span, addingTo: &dx)
  }
}

final class FloatAdditionStep: FloatStep, @unchecked Sendable {
  let op: Add

  init(_ op: Add, _ place: FloatStepPlace) {
    self.op = op
    super.init(place)
  }

  override func forward(_ shard: Shard) {
    var y = output.y(shard.samples).mutableSpan
    op.forward(inputs[0].x(shard.samples).span, inputs[1].x(shard.samples).span, into: &y)
  }

  override func backward(_ shard: Shard) {
    for (input, isWanted) in zip(inputs, wantsInputGradient) where isWanted {
      var dx = input.dx(shard.samples).mutableSpan
      op.backward(y: output.x(shard.samples).span, dy: output.dy(shard.samples).span, addingTo: &dx)
    }
  }
}

final class FloatConcatenationStep: FloatStep, @unchecked Sendable {
  let op: Concat
  let pixels: Int

  init(_ op: Concat, pixels: Int, _ place: FloatStepPlace) {
    self.op = op
    self.pixels = pixels
    super.init(place)
  }

  override func forward(_ shard: Shard) {
    var offset = 0
    for input in inputs {
      var y = output.y(shard.samples).mutableSpan
      op.forward(input.x(shard.samples).span, at: offset, into: &y, pixels: pixels * shard.samples.count)
      offset += input.count / pixels
    }
  }

  override func backward(_ shard: Shard) {
    var offset = 0
    for (input, isWanted) in zip(inputs, wantsInputGradient) {
      if isWanted {
        var dx = input.dx(shard.samples).mutableSpan
        op.backward(
          dy: output.dy(shard.samples).span, at: offset, addingTo: &dx, pixels: pixels * shard.samples.count)
      }
      offset += input.count / pixels
    }
  }
}

final class FloatSoftmaxStep: FloatStep, @unchecked Sendable {
  let op: Softmax
  let channels: Int

  init(_ op: Softmax, channels: Int, _ place: FloatStepPlace) {
    self.op = op
    self.channels = channels
    super.init(place)
  }

  override func forward(_ shard: Shard) {
    var y = output.y(shard.samples).mutableSpan
    op.forward(inputs[0].x(shard.samples).span, into: &y, channels: channels)
  }

  override func backward(_ shard: Shard) {
    guard wantsInputGradient[0] else { return }
    var dx = inputs[0].dx(shard.samples).mutableSpan
    op.backward(y: output.x(shard.samples).span, dy: output.dy(shard.samples).span, addingTo: &dx, channels: channels)
  }
}

final class FloatDropoutStep: FloatStep, @unchecked Sendable {
  let op: Dropout

  init(_ op: Dropout, _ place: FloatStepPlace) {
    self.op = op
    super.init(place)
  }

  /// Every dropout of a network draws from its own stream.
  private func key(_ shard: Shard) -> UInt64 {
    var generator = SplitMix64(seed: shard.key ^ UInt64(node) << 48)
    return generator.next()
  }

  override func forward(_ shard: Shard) {
    var y = output.y(shard.samples).mutableSpan
    let x = inputs[0].x(shard.samples)
    if shard.isTraining {
      op.forward(x.span, into: &y, first: shard.samples.lowerBound * output.count, key: key(shard))
    } else {
      for i in x.indices { y[i] = x[i] }
    }
  }

  override func backward(_ shard: Shard) {
    guard wantsInputGradient[0] else { return }
    var dx = inputs[0].dx(shard.samples).mutableSpan
    op.backward(
      dy: output.dy(shard.samples).span, addingTo: &dx, first: shard.samples.lowerBound * output.count,
      key: key(shard))
  }
}
