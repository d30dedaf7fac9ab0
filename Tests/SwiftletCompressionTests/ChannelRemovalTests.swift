import SwiftletCompression
import SwiftletModel
import TestSupport
import Testing

@Suite struct ChannelRemovalTests {
  /// `model` with all that makes the channels of `removed`, and batch statistics of them, at 0.
  static func zeroed(_ removed: Set<Int>, of groups: ChannelGroups, in model: Model) -> Model {
    var result = model
    for (index, node) in model.nodes.enumerated() {
      let channels = groups.ofValue[node.output]
      for (position, tensor) in node.parameters.enumerated() where tensor.shape[0] == channels.count {
        guard var elements = tensor.floats else { continue }
        let inner = elements.count / channels.count
        for (channel, group) in channels.enumerated() where removed.contains(group) {
          for i in 0..<inner { elements[channel * inner + i] = 0 }
        }
        result.nodes[index].parameters[position].storage = .float32(elements)
      }
    }
    return result
  }

  static func kindsAndNorm() throws -> [(String, Model)] {
    var models = try Networks.kinds.map { ($0, try Networks.make($0)) }
    var builder = ModelBuilder(input: Shape(height: 8, width: 8, channels: 2))
    try builder.add(Networks.conv(6, activation: .none))
    try builder.add(.batchNorm(BatchNorm()))
    try builder.add(.activation(.relu))
    try builder.add(Networks.pool(.max))
    try builder.add(.reshape(.flatten))
    try builder.add(.dense(Dense(units: 5)))
    models.append(("norm", Networks.randomized(try builder.build(), seed: 5)))
    return models
  }

  @Test func removingComputesWhatZeroingDoes() throws {
    for (kind, model) in try Self.kindsAndNorm() {
      let groups = ChannelGroups(model)
      var random = SplitMix64(seed: 7)
      for round in 0..<4 {
        let candidates = (0..<groups.count).filter { groups.isRemovable[$0] }
        #expect(!candidates.isEmpty)
        let removed = Set(candidates.filter { _ in random.nextUnit() < 0.3 })
        let smaller = try model.removing(removed, of: groups)
        #expect(throws: Never.self) { try smaller.validate() }
        #expect(removed.isEmpty || smaller.parameterCount < model.parameterCount, "\(kind), round \(round)")
        let zeroed = Self.zeroed(removed, of: groups, in: model)
        let input = (0..<model.values[model.inputs[0]].shape.count).map { _ in Double(random.nextUnit()) }
        let expected = DoubleNetwork(zeroed).output(input)
        let actual = DoubleNetwork(smaller).output(input)
        for (a, b) in zip(expected, actual) { #expect(abs(a - b) < 1e-9, "\(kind), round \(round)") }
      }
    }
  }

  @Test func additionTiesAndOutputsStay() throws {
    let model = try Networks.make("residual")
    let groups = ChannelGroups(model)
    #expect(groups.made(by: 0, of: model) == groups.made(by: 2, of: model))
    #expect(groups.made(by: 0, of: model) != groups.made(by: 1, of: model))
    #expect(groups.makers[groups.made(by: 0, of: model)[3]].map(\.node) == [0, 2])
    let last = model.nodes.count - 1
    #expect(groups.made(by: last, of: model).allSatisfy { !groups.isRemovable[$0] })
    #expect(throws: ChannelRemovalError.notRemovable(layer: "dense_7")) {
      _ = try model.removing([groups.made(by: last, of: model)[0]], of: groups)
    }
  }

  @Test func narrowingKeepsTheHighestScores() throws {
    let model = try PruningTests.model()
    let groups = ChannelGroups(model)
    let squares = model.nodes.map { node in node.parameters.first?.floats.map { $0.map { $0 * $0 } } }
    let scores = model.channelScores(squares, of: groups)
    let units = groups.made(by: 0, of: model)
    #expect(units.map { scores[$0] } == [5, 25])
    let narrow = try model.narrowed(to: ["first": 1], scores: scores, of: groups)
    #expect(narrow.nodes[0].parameters[0].floats == [3, -4] && narrow.nodes[0].parameters[1].floats == [0.02])
    #expect(narrow.nodes[1].parameters[0].floats == [6, 8] && narrow.nodes[1].parameters[0].shape == [2, 1])
  }

  @Test func badWidthsAreNamed() throws {
    let model = try Networks.make("residual")
    let groups = ChannelGroups(model)
    let scores = [Double](repeating: 1, count: groups.count)
    func narrow(_ widths: [String: Int]) throws { _ = try model.narrowed(to: widths, scores: scores, of: groups) }
    #expect(throws: ChannelRemovalError.badWidth(layer: "conv2d_0", width: 9, most: 8)) { try narrow(["conv2d_0": 9]) }
    #expect(throws: ChannelRemovalError.badWidth(layer: "conv2d_0", width: 0, most: 8)) { try narrow(["conv2d_0": 0]) }
    #expect(throws: ChannelRemovalError.widthsDiffer("conv2d_0", "conv2d_2")) {
      try narrow(["conv2d_0": 4, "conv2d_2": 5])
    }
    #expect(throws: ChannelRemovalError.notRemovable(layer: "dense_7")) { try narrow(["dense_7": 3]) }
    #expect(throws: ChannelRemovalError.self) { try narrow(["conv9": 3]) }
    #expect(throws: ChannelRemovalError.empties(layer: "conv2d_1")) {
      _ = try model.removing(Set(groups.made(by: 1, of: model)), of: groups)
    }
    let same = try model.narrowed(to: ["conv2d_0": 4, "conv2d_2": 4], scores: scores, of: groups)
    #expect(same.values[same.nodes[3].output].shape.channels == 4)
  }
}
