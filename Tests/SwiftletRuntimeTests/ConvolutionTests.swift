import SwiftletModel
import TestSupport
import Testing

import SwiftletRuntime

/// Every kernel table gives the plain Swift kernels' bytes.
@Suite struct ConvolutionTests {
  /// Around every vector width.
  static let channelCounts = [1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 80, 96, 130]

  @Test(arguments: Tables.names, channelCounts)
  func filtersAroundEveryVectorWidth(_ table: String, _ filters: Int) throws {
    for (index, channels) in [1, 3, 4, 6, 17].enumerated() {
      var network = TestNetwork(seed: UInt64(filters * 10 + index))
      let input = network.input(Shape(height: 6, width: 5, channels: channels), zeroPoint: 3)
      let output = try network.weighted(.conv2D(Conv2D(filters: filters, window: SlidingWindow(3))), input)
      try expectEqual(network.build([output]), table)
    }
  }

  @Test(arguments: Tables.names, channelCounts)
  func inputChannelsAroundEveryVectorWidth(_ table: String, _ channels: Int) throws {
    for filters in [5, 16, 40] {
      var network = TestNetwork(seed: UInt64(channels))
      let input = network.input(Shape(height: 5, width: 4, channels: channels), zeroPoint: 250)
      let output = try network.weighted(
        .conv2D(Conv2D(filters: filters, window: SlidingWindow(2), activation: .relu)), input)
      try expectEqual(network.build([output]), table)
    }
  }

  static let windows = [
    SlidingWindow(1), SlidingWindow(3, padding: .sameUpper), SlidingWindow(3, stride: 2, padding: .sameUpper),
    SlidingWindow(3, stride: 2, padding: .sameLower), SlidingWindow(2, stride: 3), SlidingWindow(3, dilation: 2),
    SlidingWindow(3, stride: 2, dilation: 2, padding: .uniform(2), roundsUp: true),
    SlidingWindow(
      kernel: Size2D(height: 1, width: 4), stride: Size2D(height: 2, width: 1),
      padding: .explicit(top: 1, left: 0, bottom: 2, right: 3)),
    SlidingWindow(7, padding: .uniform(6)), SlidingWindow(1, stride: 4, padding: .uniform(3)),
    SlidingWindow(kernel: Size2D(height: 9, width: 8)),
  ]

  @Test(arguments: Tables.names, windows)
  func everyGeometry(_ table: String, _ window: SlidingWindow) throws {
    for (channels, filters, groups) in [(1, 3, 1), (3, 20, 1), (8, 6, 2), (12, 36, 3), (5, 5, 5), (4, 12, 4)] {
      var network = TestNetwork(seed: UInt64(channels * 100 + filters))
      let input = network.input(Shape(height: 9, width: 8, channels: channels), zeroPoint: 77)
      let output = try network.weighted(
        .conv2D(Conv2D(filters: filters, window: window, groups: groups)), input)
      try expectEqual(network.build([output]), table, batch: 3)
    }
  }

  static let pools = [
    SlidingWindow(2, stride: 2), SlidingWindow(2, stride: 2, roundsUp: true), SlidingWindow(3, stride: 3),
    SlidingWindow(2, stride: 3),
    SlidingWindow(kernel: Size2D(height: 1, width: 2), stride: Size2D(height: 1, width: 2)),
    SlidingWindow(3, stride: 2), SlidingWindow(2, stride: 2, padding: .uniform(1)), SlidingWindow(5, stride: 5),
    SlidingWindow(kernel: Size2D(height: 4, width: 1), stride: Size2D(height: 4, width: 1)),
  ]

  @Test(arguments: Tables.names, pools)
  func fusedWithActivationAndMaxPool(_ table: String, _ pool: SlidingWindow) throws {
    for (index, filters) in [3, 8, 16, 24, 32, 48, 64, 65, 100].enumerated() {
      var network = TestNetwork(seed: UInt64(filters))
      let size = 11 + index % 3
      let input = network.input(Shape(height: size, width: size + 1, channels: [1, 3, 32][index % 3]))
      let conv = try network.weighted(.conv2D(Conv2D(filters: filters, window: SlidingWindow(3))), input)
      let relu = try network.add(.activation(.relu), [conv])
      let output = try network.add(.pool2D(Pool2D(.max, window: pool)), [relu])
      try expectEqual(network.build([output]), table, batch: 3)
    }
  }

  @Test(arguments: Tables.names, [1, 2, 7, 8, 9, 16, 31, 64, 65])
  func depthwise(_ table: String, _ channels: Int) throws {
    for window in [SlidingWindow(3, padding: .sameUpper), SlidingWindow(3, stride: 2), SlidingWindow(5, dilation: 1)] {
      var network = TestNetwork(seed: UInt64(channels))
      let input = network.input(Shape(height: 7, width: 6, channels: channels), zeroPoint: 128)
      let conv = try network.weighted(
        .conv2D(.depthwise(channels: channels, window: window, activation: .relu)), input)
      let output = try network.add(.pool2D(Pool2D(.max, window: SlidingWindow(2, stride: 2, roundsUp: true))), [conv])
      try expectEqual(network.build([output]), table)
    }
  }

  /// More windows than a chunk, more taps than the pairs kept, multipliers on both sides of the upper-half shortcut.
  @Test(arguments: Tables.names, [15, 16, 17, 33, 48])
  func wideDepthwise(_ table: String, _ channels: Int) throws {
    for (window, scale) in [
      (SlidingWindow(3, padding: .sameUpper), 0.004), (SlidingWindow(8, padding: .sameUpper), 1e-3),
      (SlidingWindow(9, padding: .sameUpper), 1e-3), (SlidingWindow(2), 1e-9),
    ] {
      var network = TestNetwork(seed: UInt64(channels))
      let input = network.input(Shape(height: 12, width: 11, channels: channels), zeroPoint: 7)
      let output = try network.weighted(.conv2D(.depthwise(channels: channels, window: window)), input)
      network.model.values[output].quantization?.scale = TestNetwork.scale(scale)
      let model = try network.build([output])
      let image = model.randomInput(batch: 1, seed: 3)
      #expect(try model.output(Tables.table(table), image) == model.output(.reference, image))
    }
  }

  /// Several filters for each channel.
  @Test(arguments: Tables.names, [1, 2, 3, 4, 5, 8])
  func depthwiseMultiplier(_ table: String, _ multiplier: Int) throws {
    for channels in [2, 3, 8, 17, 33] {
      for window in [SlidingWindow(3, padding: .sameLower), SlidingWindow(3, stride: 2), SlidingWindow(2, dilation: 2)]
      {
        for pooled in [false, true] {
          var network = TestNetwork(seed: UInt64(channels * 10 + multiplier))
          let input = network.input(Shape(height: 7, width: 6, channels: channels), zeroPoint: 17)
          var output = try network.weighted(
            .conv2D(.depthwise(channels: channels, multiplier: multiplier, window: window)), input)
          if pooled {
            output = try network.add(.pool2D(Pool2D(.max, window: SlidingWindow(2, stride: 2))), [output])
          }
          let model = try network.build([output])
          try expectEqual(model, table, batch: 3)
          let kernel = try PreparedModel(model, kernels: Tables.table(table)).steps[0].kernel
          #expect(String(decoding: kernel, as: UTF8.self).hasPrefix("depthwise_u8s"))
        }
      }
    }
  }

  @Test(arguments: Tables.names, [1, 3, 10, 16, 64, 100, 128, 200])
  func dense(_ table: String, _ units: Int) throws {
    for (inputs, batch) in [(1, 1), (5, 3), (64, 1), (67, 2), (400, 9), (1600, 5)] {
      var network = TestNetwork(seed: UInt64(units + inputs))
      let input = network.input(Shape(vector: inputs), zeroPoint: 9)
      let hidden = try network.weighted(.dense(Dense(units: units, activation: .relu)), input)
      let output = try network.weighted(.dense(Dense(units: 10)), hidden, element: .int32, spread: 1e6)
      try expectEqual(network.build([output]), table, batch: batch)
    }
  }

  /// Accumulators as large as they get: 255 * 127 a tap, every saturating instruction would show.
  @Test(arguments: Tables.names)
  func extremeValuesDoNotSaturate(_ table: String) throws {
    for element in [ElementType.uint8, .int32] {
      var network = TestNetwork(seed: 1)
      network.hasExtremeWeights = true
      let input = network.input(Shape(height: 5, width: 5, channels: 256))
      let output = try network.weighted(
        .conv2D(Conv2D(filters: 33, window: SlidingWindow(3))), input, element: element, spread: 40)
      var model = try network.build([output])
      // One filter of nothing but 127, one of nothing but -127.
      guard var weights = model.nodes[0].parameters[0].int8s else { preconditionFailure("weights are int8") }
      let perFilter = weights.count / 33
      for i in 0..<perFilter {
        weights[i] = 127
        weights[perFilter + i] = -127
      }
      model.nodes[0].parameters[0].storage = .int8(weights)
      let image = [UInt8](repeating: 255, count: 5 * 5 * 256)
      #expect(try model.output(Tables.table(table), image) == model.output(.reference, image))
    }
  }

  /// Multipliers from 2^-32 to almost 2^30: the upper-half shortcut, the 64-bit path, and both in one layer.
  @Test(arguments: Tables.names, [1e-8, 1e-3, 0.1, 0.24, 0.26, 0.5, 3, 1e4, 5e8])
  func everyShift(_ table: String, _ multiplier: Double) throws {
    for element in [ElementType.uint8, .int32] {
      for filters in [1, 16, 21, 64] {
        var network = TestNetwork(seed: UInt64(filters))
        let input = network.input(Shape(height: 4, width: 4, channels: 2), scale: 1, zeroPoint: 100)
        let output = try network.weighted(
          .conv2D(Conv2D(filters: filters, window: SlidingWindow(2))), input, element: element)
        network.model.values[output].quantization?.scale = TestNetwork.scale(0.004 / multiplier)
        let model = try network.build([output])
        let image = model.randomInput(batch: 1, seed: 3)
        #expect(try model.output(Tables.table(table), image) == model.output(.reference, image))
      }
    }
  }

  /// Steps whose weights are all zero are dropped; a filter may lose all of them.
  @Test(arguments: Tables.names)
  func zeroWeights(_ table: String) throws {
    var network = TestNetwork(seed: 8)
    let input = network.input(Shape(height: 6, width: 6, channels: 8), zeroPoint: 30)
    let output = try network.weighted(.conv2D(Conv2D(filters: 20, window: SlidingWindow(3))), input)
    var model = try network.build([output])
    guard var weights = model.nodes[0].parameters[0].int8s else { preconditionFailure("weights are int8") }
    for i in weights.indices where i % 8 < 4 || i / 72 == 7 { weights[i] = 0 }
    model.nodes[0].parameters[0].storage = .int8(weights)
    try expectEqual(model, table)
    model.nodes[0].parameters[0].storage = .int8(weights.map { _ in 0 })
    let image = model.randomInput(batch: 1, seed: 3)
    #expect(try model.output(Tables.table(table), image) == model.output(.reference, image))
  }
}
