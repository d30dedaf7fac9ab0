import SwiftletCompression
import SwiftletModel
import Testing

@Suite struct PruningTests {
  /// Two dense layers with the weights 1...4 and 5...8, alternating signs.
  static func model() throws -> Model {
    var builder = ModelBuilder(input: Shape(vector: 2))
    try builder.add(.dense(Dense(units: 2)), name: Array("first".utf8))
    try builder.add(.dense(Dense(units: 2)), name: Array("second".utf8))
    var model = try builder.build()
    model.nodes[0].parameters[0].storage = .float32([1, -2, 3, -4])
    model.nodes[0].parameters[1].storage = .float32([0.01, 0.02])
    model.nodes[1].parameters[0].storage = .float32([-5, 6, -7, 8])
    return model
  }

  @Test func globalPruningTakesTheLeastOfAll() throws {
    let model = try Self.model()
    let pruned = model.masked(by: try model.magnitudeMask(sparsity: 0.625))
    #expect(pruned.nodes[0].parameters[0].floats == [0, 0, 0, 0])
    #expect(pruned.nodes[1].parameters[0].floats == [0, 6, -7, 8])
    #expect(pruned.nodes[0].parameters[1].floats == [0.01, 0.02])
    #expect(pruned.layerSparsities().map(\.sparsity) == [1, 0.25])
  }

  @Test func perLayerPruningTakesTheSameShareOfEach() throws {
    let model = try Self.model()
    let pruned = model.masked(by: try model.magnitudeMask(sparsity: 0.5, PruningOptions(scope: .perLayer)))
    #expect(pruned.nodes[0].parameters[0].floats == [0, 0, 3, -4])
    #expect(pruned.nodes[1].parameters[0].floats == [0, 0, -7, 8])
  }

  @Test func excludedLayersStayWhole() throws {
    let model = try Self.model()
    let mask = try model.magnitudeMask(sparsity: 0.5, PruningOptions(excludedLayers: ["first"]))
    #expect(mask.keeps[0] == nil && mask.prunedCount == 2)
    #expect(throws: PruningError.unknownLayer("third", known: ["first", "second"])) {
      _ = try model.magnitudeMask(sparsity: 0.5, PruningOptions(excludedLayers: ["third"]))
    }
    #expect(throws: PruningError.nothingToPrune) {
      _ = try model.magnitudeMask(sparsity: 0.5, PruningOptions(excludedLayers: ["first", "second"]))
    }
  }

  @Test func tiesArePrunedInOrderToTheExactCount() throws {
    var model = try Self.model()
    for index in 0...1 { model.nodes[index].parameters[0].storage = .float32([1, -1, 1, -1]) }
    let mask = try model.magnitudeMask(sparsity: 0.375)
    #expect(mask.keeps == [[false, false, false, true], [true, true, true, true]])
  }

  /// A convolution of 20 filters over 6 channels and a dense layer; block b of the convolution holds weights of b + 1.
  @Test func wholeBlocksArePrunedByTheirMeanMagnitude() throws {
    var builder = ModelBuilder(input: Shape(height: 3, width: 3, channels: 6))
    let window = SlidingWindow(kernel: Size2D(2))
    try builder.add(.conv2D(Conv2D(filters: 20, window: window)), name: Array("conv".utf8))
    try builder.add(.dense(Dense(units: 2)), name: Array("dense".utf8))
    var model = try builder.build()
    // A row of two taps is 12 weights, three runs of four: 2 groups of filters by 2 rows by 3 runs.
    let blocks = model.nodes[0].weightBlocks
    #expect(blocks.count == 12)
    #expect(blocks[5] == WeightBlock(filters: 0..<16, inputs: 20..<24))
    #expect(blocks[6] == WeightBlock(filters: 16..<20, inputs: 0..<4))
    var weights = [Float](repeating: 0, count: 20 * 24)
    for (number, block) in blocks.enumerated() {
      for index in block.indexes(perFilter: 24) { weights[index] = Float(number + 1) * (index % 2 == 0 ? 1 : -1) }
    }
    model.nodes[0].parameters[0].storage = .float32(weights)
    model.nodes[1].parameters[0].storage = .float32([Float](repeating: 100, count: 160))
    // 12 blocks and the dense layer's 20: a quarter of 32 are the convolution's first eight, two of four filters only.
    let mask = try model.magnitudeMask(sparsity: 0.25, PruningOptions(pattern: .block))
    #expect(mask.prunedCount == 6 * 64 + 2 * 16)
    let pruned = model.masked(by: mask)
    #expect(pruned.nodes[0].parameters[0].floats == weights.map { abs($0) <= 8 ? 0 : $0 })
    #expect(pruned.nodes[1].parameters[0].zeroCount == 0)
    // Pruned further, what is zero stays zero.
    let further = try pruned.magnitudeMask(sparsity: 0.3125, PruningOptions(pattern: .block))
    #expect(pruned.masked(by: further).nodes[0].parameters[0].floats == weights.map { abs($0) <= 10 ? 0 : $0 })
    let each = try model.magnitudeMask(sparsity: 0.5, PruningOptions(scope: .perLayer, pattern: .block))
    #expect(model.masked(by: each).nodes[0].parameters[0].floats == weights.map { abs($0) <= 6 ? 0 : $0 })
    #expect(model.masked(by: each).nodes[1].parameters[0].zeroCount == 80)
  }

  /// Filters of 10 inputs: groups of 4, 4 and 2, the last of which keeps both.
  @Test func twoOfFourKeepsTheGreatestOfEachGroup() throws {
    var builder = ModelBuilder(input: Shape(vector: 10))
    try builder.add(.dense(Dense(units: 3)))
    var model = try builder.build()
    let filter: [Float] = [4, -3, 2, 1, 0.5, -0.5, 0.25, 0.125, 0.01, 0.02]
    model.nodes[0].parameters[0].storage = .float32(filter + filter.map { 2 * $0 } + filter.reversed())
    let options = PruningOptions(pattern: .fineGrained(kept: 2, of: 4))
    let whole = try model.magnitudeMask(sparsity: 0.5, options)
    let kept = [true, true, false, false, true, true, false, false, true, true]
    // Backwards the groups are 0.02 0.01 0.125 0.25, -0.5 0.5 1 2 and -3 4.
    let backwards = [false, false, true, true, false, false, true, true, true, true]
    #expect(whole.keeps[0] == kept + kept + backwards)
    // Of the twelve that may go, a tenth of all 30 weights are the least three.
    let tenth = try model.magnitudeMask(sparsity: 0.1, options)
    #expect(tenth.prunedCount == 3)
    #expect(tenth.keeps[0].map { flags in flags.indices.filter { !flags[$0] } } == [7, 20, 21])
  }

  /// Groups of a convolution share no block, and taps apart in memory none either.
  @Test func blocksFollowGroupsAndDilation() throws {
    func blocks(_ conv: Conv2D) throws -> [WeightBlock] {
      var builder = ModelBuilder(input: Shape(height: 9, width: 9, channels: 12))
      try builder.add(.conv2D(conv))
      return try builder.build().nodes[0].weightBlocks
    }
    let window = SlidingWindow(kernel: Size2D(height: 1, width: 3))
    let grouped = try blocks(Conv2D(filters: 40, window: window, groups: 2))
    #expect(grouped.count == 2 * 2 * 3 * 2)
    #expect(grouped[6] == WeightBlock(filters: 16..<20, inputs: 0..<4))
    #expect(grouped[7] == WeightBlock(filters: 16..<20, inputs: 4..<6))
    #expect(grouped[12] == WeightBlock(filters: 20..<36, inputs: 0..<4))
    let dilated = SlidingWindow(kernel: Size2D(height: 1, width: 3), dilation: Size2D(2))
    #expect(try blocks(Conv2D(filters: 16, window: dilated)).count == 9)
  }

  @Test func nonFiniteWeightsAreRefusedByName() throws {
    var model = try Self.model()
    model.nodes[1].parameters[0].storage = .float32([1, .nan, 1, 1])
    #expect(throws: PruningError.nonFiniteWeight(layer: "second")) { _ = try model.magnitudeMask(sparsity: 0.5) }
  }

  /// From 0.2 to 0.9 over steps 10...110: at a half, 0.9 - 0.7 / 8; at a tenth, 0.9 - 0.7 * 0.729.
  @Test func cubicScheduleByHand() {
    let schedule = CubicSchedule(from: 0.2, to: 0.9, begin: 10, end: 110, interval: 20)
    #expect(schedule.sparsity(at: 0) == 0.2 && schedule.sparsity(at: 10) == 0.2)
    #expect(abs(schedule.sparsity(at: 20) - 0.3897) < 1e-12)
    #expect(abs(schedule.sparsity(at: 60) - 0.8125) < 1e-12)
    #expect(schedule.sparsity(at: 110) == 0.9 && schedule.sparsity(at: 1000) == 0.9)
    #expect((0...200).filter(schedule.changesMask) == [10, 30, 50, 70, 90, 110])
  }

  /// A mask grown from a masked model contains the old one: zeros are the least magnitudes.
  @Test func growingMasksNest() throws {
    var model = try Networks.make("plain")
    var last = PruningMask(keeps: Array(repeating: nil, count: model.nodes.count))
    for sparsity in [0.2, 0.5, 0.8, 0.95] {
      let mask = try model.magnitudeMask(sparsity: sparsity)
      for (old, new) in zip(last.keeps, mask.keeps) {
        guard let old, let new else { continue }
        #expect(zip(old, new).allSatisfy { $0 || !$1 })
      }
      model = model.masked(by: mask)
      #expect(PruningMask(nonzerosOf: model).prunedCount == mask.prunedCount)
      last = mask
    }
  }
}
