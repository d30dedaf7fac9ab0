import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// Sums with what folds into them, and graphs of many branches: every kernel table gives the plain Swift kernels' bytes.
@Suite struct ResidualTests {
  static let channelCounts = [1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 130]

  /// An activation of the same quantization folds into the sum.
  @Test(arguments: Tables.names, channelCounts)
  func anActivationAfterASumIsPartOfIt(_ table: String, _ channels: Int) throws {
    for (scale, activation) in [(0.02, Activation.none), (0.5, .relu), (1e-4, .boundedReLU(.one)), (0.004, .relu)] {
      var network = TestNetwork(seed: 1)
      let shape = Shape(height: 3, width: 5, channels: channels)
      let left = network.input(shape, scale: 0.01, zeroPoint: 120)
      let right = network.input(shape, scale: 0.017, zeroPoint: 30)
      let sum = try network.add(
        .add(Add(activation: activation)), [left, right],
        quantization: Quantization(scale: TestNetwork.scale(scale), zeroPoint: 128))
      let output = try network.add(.activation(.relu), [sum])
      let model = try network.build([output])
      let images = [model.randomInput(batch: 2, seed: 4), model.randomInput(batch: 2, seed: 5)]
      #expect(
        try model.outputs(Tables.table(table), images, batch: 2, maxBatch: 2)
          == model.outputs(.reference, images, batch: 2))
    }
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
