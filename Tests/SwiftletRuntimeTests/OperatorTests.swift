import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// Pools, additions, concatenations and activations: every kernel table gives the plain Swift kernels' bytes.
@Suite struct OperatorTests {
  static let channelCounts = [1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 130]
  static let windows = [
    SlidingWindow(2, stride: 2), SlidingWindow(3, stride: 2), SlidingWindow(3, stride: 2, padding: .uniform(1)),
    SlidingWindow(3, stride: 1, padding: .sameUpper), SlidingWindow(2, stride: 3, padding: .uniform(1), roundsUp: true),
    SlidingWindow(2, stride: 2, dilation: 2), SlidingWindow(3, stride: 2, roundsUp: true),
    SlidingWindow(kernel: Size2D(height: 8, width: 7)),
    SlidingWindow(
      kernel: Size2D(height: 2, width: 3), stride: Size2D(height: 1, width: 2),
      padding: .explicit(top: 1, left: 2, bottom: 0, right: 1)),
  ]

  private func expectEqual(_ model: Model, _ table: String, batch: Int = 2) throws {
    let images = model.inputs.indices.map { model.randomInput(batch: batch, seed: UInt64($0 + 3), input: $0) }
    let expected = try model.outputs(.reference, images, batch: batch)
    #expect(try model.outputs(Tables.table(table), images, batch: batch, maxBatch: batch) == expected)
    for output in expected { #expect(Set(output).count > 1 || output.count < 4) }
  }

  @Test(arguments: Tables.names, channelCounts)
  func maxPool(_ table: String, _ channels: Int) throws {
    for window in Self.windows {
      var network = TestNetwork(seed: 1)
      let input = network.input(Shape(height: 8, width: 7, channels: channels), zeroPoint: 40)
      let output = try network.add(.pool2D(Pool2D(.max, window: window)), [input])
      try expectEqual(network.build([output]), table)
    }
  }

  /// Same scale and own scale; valid cells, counted padding, and divisors below, at and above the cells.
  @Test(arguments: Tables.names, channelCounts)
  func averagePool(_ table: String, _ channels: Int) throws {
    for window in Self.windows {
      for (countsPadding, divisor) in [
        (false, nil), (true, nil), (false, 1), (true, 3), (false, 100), (false, 1 << 25),
      ]
        as [(Bool, Int?)]
      {
        for hasOwnScale in [false, true] {
          var network = TestNetwork(seed: 1)
          let input = network.input(Shape(height: 8, width: 7, channels: channels), scale: 0.02, zeroPoint: 140)
          let pool = Pool2D(.average, window: window, countsPadding: countsPadding, divisorOverride: divisor)
          let output = try network.add(
            .pool2D(pool), [input],
            quantization: hasOwnScale ? Quantization(scale: TestNetwork.scale(0.013), zeroPoint: 99) : nil)
          let model = try network.build([output])
          let image = model.randomInput(batch: 2, seed: 4)
          #expect(
            try model.output(Tables.table(table), image, batch: 2, maxBatch: 2)
              == model.output(.reference, image, batch: 2))
        }
      }
    }
  }

  @Test(arguments: Tables.names, channelCounts)
  func addition(_ table: String, _ channels: Int) throws {
    for (scale, activation) in [(0.02, Activation.none), (0.5, .relu), (1e-4, .boundedReLU(.one)), (0.004, .relu)] {
      var network = TestNetwork(seed: 1)
      let shape = Shape(height: 3, width: 5, channels: channels)
      let left = network.input(shape, scale: 0.01, zeroPoint: 120)
      let right = network.input(shape, scale: 0.017, zeroPoint: 30)
      let sum = try network.add(
        .add(Add(activation: activation)), [left, right],
        quantization: Quantization(scale: TestNetwork.scale(scale), zeroPoint: 128))
      // An activation of the same quantization folds into the sum.
      let output = try network.add(.activation(.relu), [sum])
      let model = try network.build([output])
      let images = [model.randomInput(batch: 2, seed: 4), model.randomInput(batch: 2, seed: 5)]
      #expect(
        try model.outputs(Tables.table(table), images, batch: 2, maxBatch: 2)
          == model.outputs(.reference, images, batch: 2))
    }
  }

  @Test(arguments: Tables.names)
  func concatenationOfEqualAndOtherScales(_ table: String) throws {
    var network = TestNetwork(seed: 2)
    let a = network.input(Shape(height: 3, width: 2, channels: 5), scale: 0.01, zeroPoint: 20)
    let b = network.input(Shape(height: 3, width: 2, channels: 1), scale: 0.02, zeroPoint: 90)
    let c = network.input(Shape(height: 3, width: 2, channels: 33), scale: 0.003, zeroPoint: 0)
    let output = try network.add(.concat(Concat()), [a, b, c, a])
    try expectEqual(network.build([output]), table)
  }

  @Test(arguments: Tables.names)
  func standaloneActivations(_ table: String) throws {
    var network = TestNetwork(seed: 2)
    let input = network.input(Shape(height: 3, width: 7, channels: 5), scale: 0.01, zeroPoint: 100)
    let same = try network.add(.activation(.relu), [input])
    let other = try network.add(
      .activation(.boundedReLU(.one)), [input],
      quantization: Quantization(scale: TestNetwork.scale(0.005), zeroPoint: 3))
    try expectEqual(network.build([same, other]), table)
  }

  /// Branches, a residual sum, reshapes, several outputs of both types, an output that is also read on.
  @Test(arguments: Tables.names, [1, 2, 5])
  func residualNetwork(_ table: String, _ batch: Int) throws {
    var network = TestNetwork(seed: 7)
    let input = network.input(Shape(height: 12, width: 12, channels: 3), zeroPoint: 12)
    let stem = try network.weighted(
      .conv2D(Conv2D(filters: 24, window: SlidingWindow(3, padding: .sameUpper), activation: .relu)), input)
    let left = try network.weighted(
      .conv2D(.depthwise(channels: 24, window: SlidingWindow(3, padding: .sameUpper), activation: .relu)), stem)
    let left2 = try network.weighted(.conv2D(Conv2D(filters: 24, window: SlidingWindow(1))), left)
    let sum = try network.add(
      .add(Add(activation: .relu)), [stem, left2],
      quantization: network.model.values[stem].quantization)
    let pool = try network.add(.pool2D(Pool2D(.max, window: SlidingWindow(2, stride: 2))), [sum])
    let mean = try network.add(.pool2D(Pool2D(.average, window: SlidingWindow(2, stride: 2))), [left2])
    let joined = try network.add(.concat(Concat()), [pool, mean])
    let flat = try network.add(.reshape(.flatten), [joined])
    let logits = try network.weighted(.dense(Dense(units: 11)), flat, element: .int32, spread: 1e5)
    let square = try network.add(.reshape(.to(Shape(height: 12, width: 12, channels: 12))), [flat])
    try expectEqual(network.build([logits, sum, square]), table, batch: batch)
  }
}
