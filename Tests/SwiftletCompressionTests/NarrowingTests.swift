import SwiftletCompression
import SwiftletFloat
import SwiftletModel
import Testing

/// Channels removed, with the consumers' weights that read them.
@Suite struct NarrowingTests {
  /// Removing channels that are zero, and read with zero weights, changes no output.
  @Test func deadChannelsAreRemovedWithoutTrace() throws {
    var builder = ModelBuilder(input: Shape(height: 12, width: 12, channels: 1))
    try builder.add(Networks.conv(6))
    try builder.add(.batchNorm(BatchNorm()))
    try builder.add(Networks.pool(.max))
    try builder.add(Networks.conv(5))
    try builder.add(.dropout(Dropout(rate: 0.5)))
    try builder.add(.reshape(.flatten))
    try builder.add(.dense(Dense(units: 8, activation: .relu)))
    try builder.add(.dense(Dense(units: 4)))
    var model = Networks.randomized(builder.model, seed: 3)
    // Channels 1 and 4 of six, 0 and 3 of five, 2 and 7 of eight are read by nobody.
    zeroColumns([1, 4], of: 6, node: 3, &model)
    zeroColumns([0, 3], of: 5, node: 6, &model)
    zeroColumns([2, 7], of: 8, node: 7, &model)
    let narrow = try model.narrowed(to: [4, 3, 6])
    try narrow.validate()
    #expect(narrow.values[narrow.nodes[0].output].shape.channels == 4)
    #expect(narrow.values[narrow.nodes[2].output].shape == Shape(height: 5, width: 5, channels: 4))
    #expect(narrow.nodes[1].parameters.allSatisfy { $0.shape == [4] })
    #expect(narrow.nodes[6].parameters[0].shape == [6, 27])
    let input = (0..<144).map { Float($0 * 37 % 101) / 101 }
    let (whole, cut) = (try output(model, input), try output(narrow, input))
    #expect(whole.contains { $0 != 0 })
    for (a, b) in zip(whole, cut) { #expect(abs(a - b) < 1e-4) }
  }

  /// Hand-worked: the norms of what makes a channel times the norms of what reads it.
  @Test func importanceIsTheProductOfBothNorms() throws {
    var builder = ModelBuilder(input: Shape(vector: 1))
    try builder.add(.dense(Dense(units: 3)))
    try builder.add(.dense(Dense(units: 2)))
    var model = builder.model
    model.nodes[0].parameters[0].storage = .float32([3, 1, 2])
    model.nodes[0].parameters[1].storage = .float32([10, 20, 30])
    // Reader norms 1, 25, 4: products 9, 25, 16.
    model.nodes[1].parameters[0].storage = .float32([1, 3, 2, 0, 4, 0])
    let narrow = try model.narrowed(to: [2])
    #expect(narrow.nodes[0].parameters[0].floats == [1, 2])
    #expect(narrow.nodes[0].parameters[1].floats == [20, 30])
    #expect(narrow.nodes[1].parameters[0].floats == [3, 2, 4, 0])
  }

  @Test(arguments: [[3], [3, 0], [13, 2], [1, 1, 1]])
  func widthsThatDoNotFitAreRefused(_ widths: [Int]) throws {
    var builder = ModelBuilder(input: Shape(vector: 4))
    try builder.add(.dense(Dense(units: 12)))
    try builder.add(.dense(Dense(units: 6)))
    try builder.add(.dense(Dense(units: 2)))
    #expect(throws: PruningError.widths(widths, layers: [12, 6])) { try builder.model.narrowed(to: widths) }
  }

  @Test(arguments: ["residual", "concat", "depthwise"])
  func tiedChannelsAreRefused(_ kind: String) throws {
    let model = try Networks.make(kind)
    let layers = model.nodes.filter { !$0.parameters.isEmpty }.dropLast().map { $0.parameters[0].shape[0] }
    #expect { try model.narrowed(to: layers.map { $0 - 1 }) } throws: {
      if case PruningError.tiedChannels = $0 { true } else { false }
    }
  }

  private func zeroColumns(_ columns: [Int], of channels: Int, node: Int, _ model: inout Model) {
    var weights = model.nodes[node].parameters[0].floats!
    for i in weights.indices where columns.contains(i % channels) { weights[i] = 0 }
    model.nodes[node].parameters[0].storage = .float32(weights)
  }

  private func output(_ model: Model, _ input: [Float]) throws -> [Float] {
    let network = try FloatNetwork(model, maximumBatch: 1)
    _ = network.input().update(fromContentsOf: input)
    network.forward(count: 1)
    return Array(network.activations(of: model.outputs[0], count: 1))
  }
}
