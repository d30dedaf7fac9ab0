import SwiftletModel
import SwiftletReference
import Testing

extension Model {
  /// What `SwiftletReference` makes of one sample of the only node, u8 widened; nil for operators of float models alone.
  func definition(_ inputs: [[UInt8]]) throws -> [Int32]? {
    let node = nodes[0]
    let (from, to) = (self.inputs.map { values[$0] }, values[outputs[0]])
    let result = UnsafeMutableRawPointer.allocate(byteCount: 4 * to.shape.count, alignment: 16)
    let pointers = inputs.map { bytes in
      let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
      copy.initialize(from: bytes, count: bytes.count)
      return UnsafePointer(copy)
    }
    defer {
      result.deallocate()
      for pointer in pointers { pointer.deallocate() }
    }
    let stage = OutputStage(node.op.fusedActivation, to)
    switch node.op {
    case .conv2D(let conv):
      let plan = try conv.plan(for: from[0].shape)
      try withWeights { conv.integer(pointers[0], $0, plan, stage, into: result) }
    case .dense(let dense):
      try withWeights { dense.integer(pointers[0], inputCount: from[0].shape.count, $0, stage, into: result) }
    case .reshape: return inputs[0].map { Int32($0) }
    case .pool2D, .activation, .add, .concat:
      let operation = try #require(IntegerOperation(node.op, inputs: from, output: to))
      operation.run({ pointers[$0] }, into: result.assumingMemoryBound(to: UInt8.self))
    case .softmax, .batchNorm, .dropout: return nil
    }
    return to.element == .int32
      ? Array(UnsafeBufferPointer(start: result.assumingMemoryBound(to: Int32.self), count: to.shape.count))
      : UnsafeBufferPointer(start: result.assumingMemoryBound(to: UInt8.self), count: to.shape.count).map { Int32($0) }
  }

  /// The parameters of the only node as its definition takes them.
  private func withWeights(_ body: (IntegerWeights) -> Void) throws {
    let node = nodes[0]
    let (from, to) = (values[inputs[0]].quantization, values[outputs[0]].quantization)
    let (input, output) = (try #require(from), try #require(to))
    let weights = try #require(node.parameters[0].int8s)
    let bias = try #require(node.parameters[1].int32s)
    let multipliers = try node.parameters[0].scales.map {
      try #require(FixedPointMultiplier(input: input.scale, weight: $0, output: output.scale))
    }
    weights.withUnsafeBufferPointer { weights in
      bias.withUnsafeBufferPointer { bias in
        multipliers.withUnsafeBufferPointer { multipliers in
          body(
            IntegerWeights(
              weights: weights.baseAddress!, bias: bias.baseAddress!, multipliers: multipliers.baseAddress!,
              inputZeroPoint: Int32(input.zeroPoint)))
        }
      }
    }
  }
}
