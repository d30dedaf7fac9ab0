import SwiftletCompression
import SwiftletModel
import TestSupport
import Testing

/// What an operator's traits promise about channels holds of what it computes, told by a plain network in doubles.
@Suite struct ChannelTraitTests {
  private static func image(of model: Model, seed: UInt64) -> [Double] {
    var draws = Draws(seed)
    return draws.floats(model.values[0].shape.count).map(Double.init)
  }

  /// Channels are removed with all that makes and reads them; what is left gives the numbers that it gave where the
  /// removed channels were 0.
  @Test(arguments: OperatorCase.all)
  func removingAGroupOfChannelsLeavesTheOthersAsTheyWere(_ entry: OperatorCase) throws {
    let model = try entry.surrounded()
    let node = try entry.node(in: model)
    let groups = ChannelGroups(model)
    let touched = Set((model.nodes[node].inputs + [model.nodes[node].output]).flatMap { groups.ofValue[$0] })
    let output = model.nodes[node].output
    let input = Self.image(of: model, seed: 2)
    for group in touched.sorted() where groups.isRemovable[group] && !groups.empties(group) {
      let removed = try model.removing([group], of: groups)
      try removed.validate()
      let before = DoubleNetwork(model.zeroing(groups.makers[group])).values(input)[output]
      let kept = groups.ofValue[output].indices.filter { groups.ofValue[output][$0] != group }
      let channels = groups.ofValue[output].count
      let expected = stride(from: 0, to: before.count, by: channels).flatMap { pixel in
        kept.map { before[pixel + $0] }
      }
      #expect(DoubleNetwork(removed).values(input)[output] == expected)
    }
  }

  /// Where channels come from says which can be removed at all.
  @Test(arguments: OperatorCase.all)
  func channelsCanBeRemovedWhereTheirFlowSays(_ entry: OperatorCase) throws {
    let model = try entry.surrounded()
    let node = try entry.node(in: model)
    let groups = ChannelGroups(model)
    let read = model.nodes[node].inputs.flatMap { groups.ofValue[$0] }.map { groups.isRemovable[$0] }
    let made = groups.ofValue[model.nodes[node].output].map { groups.isRemovable[$0] }
    switch entry.traits.channels {
    case .makes, .makesOneFromOne, .passes, .ties, .concatenates, .repeatsForPixels:
      #expect(!(read + made).contains(false))
    case .makesInGroups, .passesAll, .reorders: #expect(!(read + made).contains(true))
    }
  }

  @Test(arguments: OperatorCase.all)
  func parametersHaveTheExtentsOfWhatTheirAxesCount(_ entry: OperatorCase) throws {
    let output = try entry.op.outputShape(for: entry.shapes)
    for spec in entry.op.parameterSpecs(for: entry.shapes[0]) {
      #expect(spec.shape[0] == output.channels)
      let last = try #require(spec.shape.last)
      switch spec.axes {
      case .outputChannels: #expect(spec.shape.count == 1)
      case .inputChannelsLast: #expect(last == entry.shapes[0].channels && spec.shape.count > 1)
      case .inputElementsLast: #expect(last == entry.shapes[0].count && spec.shape.count > 1)
      case .fixedAfterOutputChannels: #expect(spec.shape.count > 1)
      }
    }
  }

  /// Every channel that can be scaled is, by a power of two where it is made and back where it is read: nothing else
  /// changes, not by one rounding.
  @Test(arguments: OperatorCase.all.filter(\.scalesWithItsInput))
  func aFactorOfAChannelComesOutAsItWentIn(_ entry: OperatorCase) throws {
    let model = try entry.surrounded()
    let groups = ChannelGroups(model)
    var draws = Draws(8)
    let factors = groups.isRemovable.map { isRemovable in
      isRemovable ? Float(sign: .plus, exponent: Int.random(in: -3...3, using: &draws.generator), significand: 1) : 1
    }
    let scaled = model.scaling(groups, by: factors)
    let input = Self.image(of: model, seed: 3)
    #expect(DoubleNetwork(scaled).output(input) == DoubleNetwork(model).output(input))
  }

  /// A map of each channel of the first input is taken up by weights behind the operator, where its rule allows, or
  /// becomes a layer; the network computes the same.
  @Test(arguments: OperatorCase.all, [(1.5, 0), (1.5, 0.7), (-0.8, 0), (-0.8, 0.7)] as [(Float, Float)])
  func foldingAMapOfChannelsLeavesTheOutputs(_ entry: OperatorCase, _ map: (gain: Float, offset: Float)) throws {
    var model = try entry.surrounded(normalizesFirst: true)
    let norm = try #require(
      model.nodes.firstIndex { if case .batchNorm = $0.op { $0.op.kind == .batchNorm } else { false } })
    for (index, start) in [map.gain, map.offset, 0, 1].enumerated() {
      let count = model.nodes[norm].parameters[index].count
      // Another gain and offset for each channel, of the same signs.
      model.nodes[norm].parameters[index].storage = .float32(
        (0..<count).map { start * (index < 2 ? 1 + Float($0) / 8 : 1) })
    }
    let folded = try model.foldingBatchNorm()
    try folded.validate()
    let input = Self.image(of: model, seed: 4)
    let (before, after) = (DoubleNetwork(model).output(input), DoubleNetwork(folded).output(input))
    let greatest = before.map(abs).max() ?? 0
    for (b, a) in zip(before, after) { #expect(abs(b - a) <= 1e-5 * max(1, greatest)) }
    // A batch normalization as the case itself is folded too.
    guard entry.op.kind != .batchNorm else { return }
    let isTaken =
      switch entry.traits.affine {
      case .absorbs, .absorbsInChannels, .passes, .passesInChannels: true
      case .absorbsGainsInChannels: map.offset == 0
      case .passesPositiveGainsInChannels: map.gain > 0
      case .blocks: false
      }
    #expect(folded.nodes.count == model.nodes.count - (isTaken ? 1 : 0))
  }
}

extension OperatorCase {
  /// A bounded activation bends at a number that does not scale.
  fileprivate var scalesWithItsInput: Bool {
    if case .boundedReLU = op.fusedActivation { return false }
    return traits.isHomogeneous
  }
}

extension ChannelGroups {
  /// Whether some value has channels of this group alone.
  fileprivate func empties(_ group: Int) -> Bool { ofValue.contains { $0.allSatisfy { $0 == group } } }
}

extension Model {
  /// The model with the weights and biases of these filters and units at 0.
  fileprivate func zeroing(_ makers: [ChannelGroups.Maker]) -> Model {
    var result = self
    for maker in makers {
      for index in result.nodes[maker.node].parameters.indices {
        guard var elements = result.nodes[maker.node].parameters[index].floats else { continue }
        let count = elements.count / result.nodes[maker.node].parameters[index].shape[0]
        for i in maker.filter * count..<(maker.filter + 1) * count { elements[i] = 0 }
        result.nodes[maker.node].parameters[index].storage = .float32(elements)
      }
    }
    return result
  }

  /// The model with the channels of each group larger by its factor, and the weights that read them smaller.
  fileprivate func scaling(_ groups: ChannelGroups, by factors: [Float]) -> Model {
    var result = self
    for index in nodes.indices where nodes[index].op.isWeighted {
      guard var weights = nodes[index].parameters[0].floats, var bias = nodes[index].parameters[1].floats else {
        continue
      }
      let (made, read) = (groups.ofValue[nodes[index].output], groups.ofValue[nodes[index].inputs[0]])
      let depth = traits(of: nodes[index]).groups == 1 ? read.count : 0
      for i in weights.indices {
        weights[i] *= factors[made[i / (weights.count / made.count)]]
        // A depthwise filter reads the channel that it makes.
        let reader = depth > 0 ? read[i % depth] : made[i / (weights.count / made.count)]
        weights[i] /= factors[reader]
      }
      for i in bias.indices { bias[i] *= factors[made[i]] }
      result.nodes[index].parameters[0].storage = .float32(weights)
      result.nodes[index].parameters[1].storage = .float32(bias)
    }
    return result
  }
}
