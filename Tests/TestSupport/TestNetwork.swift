import SwiftletModel

/// Builds quantized models with random parameters, node by node.
package struct TestNetwork {
  package var model = Model(values: [], nodes: [], inputs: [], outputs: [])
  package var random: SplitMix64
  /// Draws weights from -127 and 127 alone rather than from the whole range.
  package var hasExtremeWeights = false

  package init(seed: UInt64) { random = SplitMix64(seed: seed) }

  package static func scale(_ value: Double) -> Scale {
    guard let scale = Scale(value) else { preconditionFailure("\(value) is no scale") }
    return scale
  }

  package mutating func input(_ shape: Shape, scale: Double = 1.0 / 255, zeroPoint: Int = 0) -> Int {
    let quantization = Quantization(scale: Self.scale(scale), zeroPoint: zeroPoint)
    model.values.append(Value(shape: shape, element: .uint8, quantization: quantization))
    model.inputs.append(model.values.count - 1)
    return model.values.count - 1
  }

  /// A node whose output keeps the first input's quantization unless one is given.
  package mutating func add(
    _ op: Operator, _ inputs: [Int], element: ElementType = .uint8, quantization: Quantization? = nil
  ) throws -> Int {
    let shape = try op.outputShape(for: inputs.map { model.values[$0].shape })
    let result = quantization ?? model.values[inputs[0]].quantization
    model.values.append(Value(shape: shape, element: element, quantization: result))
    let parameters = op.parameterSpecs(for: model.values[inputs[0]].shape).map { parameter($0) }
    model.nodes.append(
      Node(op: op, inputs: inputs, output: model.values.count - 1, parameters: parameters))
    return model.values.count - 1
  }

  /// A convolution or dense layer whose outputs spread over the u8 range, or over many bits where they are s32.
  package mutating func weighted(
    _ op: Operator, _ input: Int, element: ElementType = .uint8, spread: Double = 25
  ) throws -> Int {
    let output = try add(op, [input], element: element)
    guard let from = model.values[input].quantization else { preconditionFailure("inputs are quantized") }
    let weights = model.nodes[model.nodes.count - 1].parameters[0]
    let perFilter = Double(weights.count / weights.shape[0])
    let deviation = perFilter.squareRoot() * 73 * 150
    let scale = from.scale.doubleValue * weights.scales[0].doubleValue * deviation / spread
    model.values[output].quantization = Quantization(
      scale: Self.scale(scale), zeroPoint: element == .int32 ? 0 : 80 + Int(random.next() % 96))
    return output
  }

  private mutating func parameter(_ spec: ParameterSpec) -> Tensor {
    switch spec.role {
    case .weights:
      let values = (0..<spec.count).map { _ in
        hasExtremeWeights ? (random.next() & 1 == 0 ? Int8(127) : -127) : Int8(Int(random.next() % 255) - 127)
      }
      // Scales differ by up to a factor of four, as per-channel scales do.
      let scales = (0..<spec.shape[0]).map { _ in Self.scale(0.002 * (1 + 3 * Double(random.nextUnit()))) }
      return Tensor(shape: spec.shape, storage: .int8(values), scales: scales)
    case .bias, .gamma, .beta, .runningMean, .runningVariance:
      return Tensor(
        shape: spec.shape, storage: .int32((0..<spec.count).map { _ in Int32(random.next() % 40001) - 20000 }))
    }
  }

  package func build(_ outputs: [Int]) throws -> Model {
    var result = model
    result.outputs = outputs
    try result.validate()
    return result
  }
}
