import SwiftletFloat
import SwiftletModel
import SwiftletReference

/// Any operator without weights in quantization-aware training: floats hold u = q - z, the forward pass is the operator's
/// integer definition on bytes.
///
/// Backward, rounding counts as the identity (straight-through), scales as their ratio, and a clamp that was reached
/// cuts the gradient.
struct IntegerSimulation: OperatorSubstitute {
  private let operation: IntegerOperation
  /// Elements of one sample of each input, and of the output.
  private let inputCounts: [Int]
  private let outputCount: Int
  private let reach: Reach

  init(_ operation: IntegerOperation, inputs: [Shape], output: Shape) {
    self.operation = operation
    inputCounts = inputs.map(\.count)
    outputCount = output.count
    reach = Reach(operation.stage)
  }

  func forward(_ inputs: [UnsafeBufferPointer<Float>], _ output: UnsafeMutableBufferPointer<Float>) {
    guard let y = output.baseAddress else { return }
    let room = inputCounts.reduce(outputCount, +)
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { bytes in
      guard let result = bytes.baseAddress else { return }
      var places: [UnsafeMutablePointer<UInt8>] = []
      var next = result + outputCount
      for count in inputCounts {
        places.append(next)
        next += count
      }
      let outputZeroPoint = Float(operation.outputZeroPoint)
      for sample in 0..<output.count / outputCount {
        for (index, count) in inputCounts.enumerated() {
          guard let x = inputs[index].baseAddress.map({ $0 + sample * count }) else { return }
          let zeroPoint = Float(operation.zeroPoint(ofInput: index))
          for i in 0..<count { places[index][i] = UInt8(truncatingIfNeeded: Int32(x[i] + zeroPoint)) }
        }
        operation.run({ UnsafePointer(places[$0]) }, into: result)
        let y = y + sample * outputCount
        for i in 0..<outputCount { y[i] = Float(result[i]) - outputZeroPoint }
      }
    }
  }

  func backward(
    _ output: UnsafeBufferPointer<Float>, _ outputGradient: UnsafeBufferPointer<Float>,
    addingTo inputGradients: [UnsafeMutableBufferPointer<Float>?]
  ) {
    guard let y = output.baseAddress, let dy = outputGradient.baseAddress else { return }
    let targets = inputGradients.map { $0?.baseAddress }
    for sample in 0..<output.count / outputCount {
      let first = sample * outputCount
      operation.forEachLink { link in
        guard let dx = targets[link.input] else { return }
        FloatKernels.best.gateAdd(
          y + first + link.to, dy + first + link.to, count: link.count, factor: link.factor,
          low: link.isClamped ? reach.low : -.infinity, high: link.isClamped ? reach.high : .infinity,
          to: dx + sample * inputCounts[link.input] + link.from)
      }
    }
  }
}

/// A u8 output of the network as the reals it stands for: scale * u.
struct Dequantization: OperatorSubstitute {
  private let scale: Float

  init(_ scale: Scale) { self.scale = Float(scale.doubleValue) }

  func forward(_ inputs: [UnsafeBufferPointer<Float>], _ output: UnsafeMutableBufferPointer<Float>) {
    for i in output.indices { output[i] = scale * inputs[0][i] }
  }

  func backward(
    _ output: UnsafeBufferPointer<Float>, _ outputGradient: UnsafeBufferPointer<Float>,
    addingTo inputGradients: [UnsafeMutableBufferPointer<Float>?]
  ) {
    guard let dx = inputGradients[0] else { return }
    for i in dx.indices { dx[i] += scale * outputGradient[i] }
  }
}

extension Operator {
  /// What computes this operator on integers, nil where the float operator does so itself.
  ///
  /// - Throws: `QuantizationError` where it has no integer form between these quantizations, with the node's `name`.
  package func simulated(
    _ shapes: [Shape], from: [Quantization], to: Quantization, name: String
  ) throws(QuantizationError) -> (any OperatorSubstitute)? {
    switch quantizationRule {
    case .inheritsInput: return nil
    case .floatOnly: throw QuantizationError(.notTrainableAsIntegers, node: name)
    case .ownRange, .ownRangeOrInput, .sharedWithInputs: break
    }
    let inputs = zip(shapes, from).map { Value(shape: $0, element: .uint8, quantization: $1) }
    guard !isWeighted else { return nil }
    guard let shape = try? outputShape(for: shapes), inputs.allSatisfy({ hasMultipliers(from: $0, to: to) }),
      let operation = IntegerOperation(
        self, inputs: inputs, output: Value(shape: shape, element: .uint8, quantization: to))
    else { throw QuantizationError(.scaleRange, node: name) }
    return IntegerSimulation(operation, inputs: shapes, output: shape)
  }
}
