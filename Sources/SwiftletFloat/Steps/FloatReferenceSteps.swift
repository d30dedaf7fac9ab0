import SwiftletModel

/// Convolution by its plain definition: the oracle of the fast steps.
final class FloatReferenceConvolutionStep: FloatShardedStep, @unchecked Sendable {
  let op: Conv2D
  let plan: WindowPlan
  private let spare: [FloatBuffer]

  init(_ op: Conv2D, plan: WindowPlan, _ place: FloatStepPlace) {
    self.op = op
    self.plan = plan
    spare = (0..<place.context.workers).map { _ in FloatBuffer(plan.input.count) }
    super.init(place)
  }

  override func forward(_ shard: Shard) {
    for n in shard.samples {
      var y = output.y(n).mutableSpan
      op.forward(
        inputs[0].x(n).span, weights: parameters[0].weights.span, bias: parameters[1].weights.span, into: &y, plan)
    }
  }

  override func backward(_ shard: Shard) {
    zeroPartials(shard)
    var dWeights = partial(0, shard).mutableSpan
    var dBias = partial(1, shard).mutableSpan
    for n in shard.samples {
      var dx = (wantsInputGradient[0] ? inputs[0].dx(n) : spare[shard.worker].all).mutableSpan
      op.backward(
        inputs[0].x(n).span, y: output.x(n).span, weights: parameters[0].weights.span, dy: output.dy(n).span,
        addingTo: &dx,
        &dWeights, &dBias, plan)
    }
  }
}

/// A dense layer by its plain definition.
final class FloatReferenceDenseStep: FloatShardedStep, @unchecked Sendable {
  let op: Dense
  private let spare: [FloatBuffer]

  init(_ op: Dense, _ place: FloatStepPlace) {
    self.op = op
    spare = (0..<place.context.workers).map { _ in FloatBuffer(place.inputs[0].count) }
    super.init(place)
  }

  override func forward(_ shard: Shard) {
    for n in shard.samples {
      var y = output.y(n).mutableSpan
      op.forward(inputs[0].x(n).span, weights: parameters[0].weights.span, bias: parameters[1].weights.span, into: &y)
    }
  }

  override func backward(_ shard: Shard) {
    zeroPartials(shard)
    var dWeights = partial(0, shard).mutableSpan
    var dBias = partial(1, shard).mutableSpan
    for n in shard.samples {
      var dx = (wantsInputGradient[0] ? inputs[0].dx(n) : spare[shard.worker].all).mutableSpan
      op.backward(
        inputs[0].x(n).span, y: output.x(n).span, weights: parameters[0].weights.span, dy: output.dy(n).span,
        addingTo: &dx,
        &dWeights, &dBias)
    }
  }
}
