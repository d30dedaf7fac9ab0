import SwiftletModel
import SwiftletReference

extension ProgramBuilder {
  /// The step that runs one node through its definition.
  func referenceStep(_ index: Int) throws(PrepareError) -> Step {
    let node = model.nodes[index]
    let inputs = node.inputs.map { ReferenceStep.Place(buffer: buffer($0), stride: byteCount($0)) }
    let step = ReferenceStep(
      body: try referenceBody(index, node), inputs: try memory.store(inputs), inputCount: inputs.count,
      output: ReferenceStep.Place(buffer: buffer(node.output), stride: byteCount(node.output)))
    return try memory.step(step, ReferenceStep.functions)
  }

  private func referenceBody(_ index: Int, _ node: Node) throws(PrepareError) -> ReferenceStep.Body {
    let input = model.values[node.inputs[0]].shape
    let stage = OutputStage(node.op.fusedActivation, output(of: node))
    switch node.op {
    case .conv2D(let conv):
      let plan: WindowPlan
      do { plan = try conv.plan(for: input) } catch { throw PrepareError(.graph(.shape(error))) }
      return .conv2D(try memory.store([conv]), try memory.store([plan]), try integerWeights(index, node), stage)
    case .dense(let dense):
      return .dense(try memory.store([dense]), inputCount: input.count, try integerWeights(index, node), stage)
    case .pool2D, .activation, .add, .concat:
      let values = node.inputs.map { model.values[$0] }
      guard let operation = IntegerOperation(node.op, inputs: values, output: output(of: node)) else {
        throw PrepareError(.graph(.multiplierRange(channel: 0)), node: index)
      }
      return .operation(memory.keep(operation))
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
}
