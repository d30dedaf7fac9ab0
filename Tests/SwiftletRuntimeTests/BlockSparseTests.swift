import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// Block-sparse layers give the plain Swift kernels' bytes, and are chosen where most blocks are zero.
@Suite struct BlockSparseTests {
  static let percents = [0, 1, 5, 10, 25, 50, 75, 90, 100]

  private func kernel(_ model: Model, _ table: String, step: Int = 0) throws -> String {
    String(decoding: try PreparedModel(model, kernels: Tables.table(table)).steps[step].kernel, as: UTF8.self)
  }

  @Test(arguments: Tables.names, percents)
  func everyDensity(_ table: String, _ percent: Int) throws {
    for (index, filters) in [1, 15, 16, 17, 33, 64, 70, 130].enumerated() {
      for channels in [3, 8, 17, 32] {
        var network = TestNetwork(seed: UInt64(filters * 100 + channels))
        let input = network.input(Shape(height: 7, width: 5, channels: channels), zeroPoint: 3 + index)
        let conv = Conv2D(filters: filters, window: SlidingWindow(3, padding: .sameUpper), activation: .relu)
        let output = try network.weighted(.conv2D(conv), input)
        let model = try network.build([output]).keepingBlocks(percent, ofNode: 0, seed: UInt64(index))
        try expectEqual(model, table, isVaried: false, "\(filters) filters, \(channels) channels")
      }
    }
  }

  static let windows = [
    SlidingWindow(1), SlidingWindow(2, stride: 2), SlidingWindow(3, stride: 2, dilation: 2, padding: .uniform(2)),
    SlidingWindow(kernel: Size2D(height: 9, width: 8)),
  ]
  static let pools: [SlidingWindow?] = [
    nil, SlidingWindow(2, stride: 2, roundsUp: true), SlidingWindow(3, stride: 3),
    SlidingWindow(kernel: Size2D(height: 1, width: 2), stride: Size2D(height: 1, width: 2)),
  ]

  /// Windows, groups, fused pools and whole groups of channels without a block.
  @Test(arguments: Tables.names, windows)
  func everyGeometry(_ table: String, _ window: SlidingWindow) throws {
    for (index, pool) in Self.pools.enumerated() {
      for (channels, filters, groups, empty) in [
        (20, 52, 1, [0, 2]), (16, 80, 1, []), (24, 60, 3, [1]), (8, 34, 2, []),
      ] {
        for element in pool == nil ? [ElementType.uint8, .int32] : [.uint8] {
          var network = TestNetwork(seed: UInt64(channels * 10 + index))
          let input = network.input(Shape(height: 9, width: 8, channels: channels), zeroPoint: 200)
          let conv = Conv2D(filters: filters, window: window, groups: groups)
          var output = try network.weighted(
            .conv2D(conv), input, element: element, spread: element == .int32 ? 1e5 : 25)
          if let pool, pool.kernel.height <= network.model.values[output].shape.height,
            pool.kernel.width <= network.model.values[output].shape.width
          {
            output = try network.add(.pool2D(Pool2D(.max, window: pool)), [output])
          }
          let model = try network.build([output]).keepingBlocks(20, ofNode: 0, seed: 9, empty: empty)
          try expectEqual(
            model, table, batch: 3, isVaried: false, "pool \(index), \(filters) filters, \(groups) groups, \(element)")
        }
      }
    }
  }

  @Test(arguments: Tables.names, [10, 16, 100, 128])
  func dense(_ table: String, _ units: Int) throws {
    for (inputs, batch) in [(5, 3), (64, 1), (67, 2), (400, 9), (1600, 5), (1600, 1)] {
      for percent in [0, 3, 10, 40] {
        var network = TestNetwork(seed: UInt64(units + inputs))
        let input = network.input(Shape(vector: inputs), zeroPoint: 9)
        let hidden = try network.weighted(.dense(Dense(units: units, activation: .relu)), input)
        let output = try network.weighted(.dense(Dense(units: 10)), hidden, element: .int32, spread: 1e6)
        let model = try network.build([output]).keepingBlocks(percent, ofNode: 0).keepingBlocks(percent, ofNode: 1)
        try expectEqual(model, table, batch: batch, isVaried: false, "\(inputs) inputs, \(percent) %, batch \(batch)")
      }
    }
  }

  /// Multipliers on both sides of the upper-half shortcut.
  @Test(arguments: Tables.names, [1e-3, 0.24, 0.5, 3, 1e4])
  func everyShift(_ table: String, _ multiplier: Double) throws {
    for filters in [16, 21, 64] {
      var network = TestNetwork(seed: UInt64(filters))
      let input = network.input(Shape(height: 6, width: 6, channels: 16), scale: 1, zeroPoint: 100)
      let output = try network.weighted(.conv2D(Conv2D(filters: filters, window: SlidingWindow(2))), input)
      network.model.values[output].quantization?.scale = TestNetwork.scale(0.004 / multiplier)
      try expectEqual(
        network.build([output]).keepingBlocks(25, ofNode: 0), table, isVaried: false, "\(filters) filters")
    }
  }

  /// Accumulators as large as they get.
  @Test(arguments: Tables.names)
  func extremeValuesDoNotSaturate(_ table: String) throws {
    var network = TestNetwork(seed: 1)
    network.hasExtremeWeights = true
    let input = network.input(Shape(height: 5, width: 5, channels: 256))
    let output = try network.weighted(
      .conv2D(Conv2D(filters: 33, window: SlidingWindow(3))), input, element: .int32, spread: 40)
    let model = try network.build([output]).keepingBlocks(40, ofNode: 0)
    let image = [UInt8](repeating: 255, count: 5 * 5 * 256)
    #expect(try model.output(Tables.table(table), image) == model.output(.reference, image))
  }

  @Test(arguments: Tables.names)
  func theSparseKernelIsChosenByTheBlocksLeft(_ table: String) throws {
    let seed = try SessionTests.seedNetwork()
    #expect(try !kernel(seed, table, step: 1).hasPrefix("sparse"))
    #expect(try !kernel(seed.keepingBlocks(80, ofNode: 2), table, step: 1).hasPrefix("sparse"))
    let pruned = seed.keepingBlocks(10, ofNode: 2).keepingBlocks(10, ofNode: 5)
    for step in [1, 2] { #expect(try kernel(pruned, table, step: step).hasPrefix("sparse_u8s8__")) }
    // Weights that are not there are not read: the packed layers shrink with their blocks.
    let dense = try PreparedModel(seed, kernels: Tables.table(table)).steps
    let sparse = try PreparedModel(pruned, kernels: Tables.table(table)).steps
    #expect(sparse[2].packedByteCount * 4 < dense[2].packedByteCount)
    // Inputs that no filter reads are dropped by the dense kernel as well.
    var channels = seed
    guard var weights = seed.nodes[2].parameters[0].int8s else { preconditionFailure("weights are int8") }
    for i in weights.indices where i % 32 >= 8 { weights[i] = 0 }
    channels.nodes[2].parameters[0].storage = .int8(weights)
    #expect(try !kernel(channels, table, step: 1).hasPrefix("sparse"))
    try expectEqual(pruned, table, batch: 5, isVaried: false, "the seed network")
  }
}
