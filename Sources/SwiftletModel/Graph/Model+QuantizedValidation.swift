/// The integers a weighted node computes with: one bias and one multiplier per output channel.
public struct FoldedChannels: Hashable, Sendable {
  /// bias - zeroPoint * sum(weights): what the accumulator starts from when it sums q * w.
  public var bias: [Int32]
  /// input scale * weight scale / output scale.
  public var multipliers: [FixedPointMultiplier]
}

extension Model {
  /// Folds the input's zero point into the bias of a quantized `Conv2D` or `Dense` node and derives its multipliers.
  ///
  /// Padding is the zero point, so padded taps fold like any other.
  /// - Throws: `GraphError` where an accumulator could pass 32 bits, or a multiplier is out of range.
  public func foldedChannels(ofNode index: Int) throws(GraphError) -> FoldedChannels {
    let node = nodes[index]
    guard node.parameters.count == 2, let weights = node.parameters[0].int8s, let bias = node.parameters[1].int32s,
      let input = values[node.inputs[0]].quantization, let output = values[node.output].quantization
    else { throw GraphError(.parameterElement(index: 0), node: index) }
    let channels = bias.count
    let perChannel = weights.count / channels
    var folded = FoldedChannels(bias: [], multipliers: [])
    folded.bias.reserveCapacity(channels)
    folded.multipliers.reserveCapacity(channels)
    for channel in 0..<channels {
      let (sum, magnitude) = weightSums(weights.span.extracting(channel * perChannel..<(channel + 1) * perChannel))
      let start = Int64(bias[channel]) - Int64(input.zeroPoint) * sum
      guard magnitude * 255 + abs(start) <= Int64(Int32.max) else {
        throw GraphError(.accumulatorOverflow(channel: channel), node: index)
      }
      let scale = node.parameters[0].scales[channel]
      guard let multiplier = FixedPointMultiplier(input: input.scale, weight: scale, output: output.scale) else {
        throw GraphError(.multiplierRange(channel: channel), node: index)
      }
      folded.bias.append(Int32(start))
      folded.multipliers.append(multiplier)
    }
    return folded
  }

  /// The numeric contract at one node of a quantized model.
  func validateQuantized(_ node: Node, at index: Int, checkingAccumulators: Bool) throws(GraphError) {
    let input = values[node.inputs[0]]
    let output = values[node.output]
    guard let from = input.quantization, let to = output.quantization else {
      throw GraphError(.quantization(value: node.output), node: index)
    }
    for value in node.inputs where values[value].element != .uint8 {
      throw GraphError(.quantization(value: value), node: index)
    }
    if node.op.isWeighted {
      if checkingAccumulators { _ = try foldedChannels(ofNode: index) }
      return
    }
    switch node.op.quantizationRule {
    case .floatOnly: throw GraphError(.floatOnly, node: index)
    case .inheritsInput: guard from == to else { throw GraphError(.quantization(value: node.output), node: index) }
    case .ownRange, .ownRangeOrInput, .sharedWithInputs: break
    }
    guard output.element == .uint8 else { throw GraphError(.quantization(value: node.output), node: index) }
    for value in node.inputs where !node.op.hasMultipliers(from: values[value], to: to) {
      throw GraphError(.multiplierRange(channel: 0), node: index)
    }
  }
}
