import SwiftletModel
import SwiftletReference

extension ProgramBuilder {
  /// The step that runs one node through the plain Swift kernels.
  func referenceStep(_ index: Int) throws(PrepareError) -> Step {
    let node = model.nodes[index]
    let input = node.inputs[0]
    let stage = OutputStage(node.op.fusedActivation, output(of: node))
    let step = ReferenceStep(
      body: try referenceBody(index, node, stage), input: buffer(input), output: buffer(node.output),
      inputStride: byteCount(input),
      outputStride: byteCount(node.output))
    return try memory.step(step, ReferenceStep.functions)
  }

  private func referenceBody(
    _ index: Int, _ node: Node, _ stage: OutputStage
  ) throws(PrepareError) -> ReferenceStep.Body {
    let shape = model.values[node.inputs[0]].shape
    switch node.op {
    case .conv2D(let conv):
      return .conv2D(
        try memory.store([conv]), try memory.store([try plan { () throws(ShapeError) in try conv.plan(for: shape) }]),
        try integerWeights(index, node), stage)
    case .dense(let dense):
      return .dense(
        try memory.store([dense]), inputCount: shape.count, try integerWeights(index, node), stage)
    case .pool2D(let pool):
      let plan = try plan { () throws(ShapeError) in try pool.plan(for: shape) }
      let reference = ReferenceStep.PoolReference(
        pool: pool, plan: plan, from: quantization(node.inputs[0]), to: quantization(node.output))
      return .pool2D(try memory.store([reference]))
    case .activation(let activation):
      let table = activation.integerTable(from: quantization(node.inputs[0]), to: output(of: node))
      return .table(try memory.store(table), count: shape.count)
    case .add(let add):
      let left = quantization(node.inputs[0])
      let right = quantization(node.inputs[1])
      guard
        let factors = AdditionMultipliers(
          left: left.scale, right: right.scale, output: quantization(node.output).scale)
      else { throw PrepareError(.graph(.multiplierRange(channel: 0))) }
      let reference = ReferenceStep.AddReference(
        add: add, right: buffer(node.inputs[1]), count: shape.count, leftZeroPoint: Int32(left.zeroPoint),
        rightZeroPoint: Int32(right.zeroPoint), multipliers: factors, stage: stage)
      return .add(try memory.store([reference]))
    case .concat: return .concat(try concatStep(node))
    case .reshape, .softmax, .batchNorm, .dropout: throw PrepareError(.graph(.floatOnly), node: index)
    }
  }

  private func integerWeights(_ index: Int, _ node: Node) throws(PrepareError) -> IntegerWeights {
    let folded: FoldedChannels
    do { folded = try model.foldedChannels(ofNode: index) } catch { throw PrepareError(error) }
    return IntegerWeights(
      weights: try memory.store(node.parameters[0].int8s ?? []),
      bias: try memory.store(node.parameters[1].int32s ?? []),
      multipliers: try memory.store(folded.multipliers),
      inputZeroPoint: Int32(quantization(node.inputs[0]).zeroPoint))
  }

  private func plan(_ make: () throws(ShapeError) -> WindowPlan) throws(PrepareError) -> WindowPlan {
    do { return try make() } catch { throw PrepareError(.graph(.shape(error))) }
  }
}
