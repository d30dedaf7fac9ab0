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
