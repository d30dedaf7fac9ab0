import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// Depthwise convolutions drawn at random around the edges of vectors, blocks and runs of windows.
@Suite struct DepthwiseTests {
  /// A layer of `channels`, perhaps with a max pool behind it.
  private static func network(channels: Int, seed: UInt64) throws -> (model: Model, image: [UInt8]) {
    var network = TestNetwork(seed: seed)
    func number(_ range: ClosedRange<Int>) -> Int {
      range.lowerBound + Int(network.random.next() % UInt64(range.count))
    }
    network.hasExtremeWeights = number(0...4) == 0
    let kernel = number(0...1) == 0 ? Size2D(3) : Size2D(height: number(1...5), width: number(1...5))
    let window = SlidingWindow(
      kernel: kernel, stride: Size2D(height: number(1...2), width: number(1...3)),
      dilation: Size2D(height: number(1...2), width: number(0...3) == 0 ? 2 : 1),
      padding: [.valid, .sameUpper, .sameLower, .explicit(top: 0, left: 2, bottom: 1, right: 0)][number(0...3)])
    let input = network.input(
      Shape(height: number(9...11), width: number(9...24), channels: channels), zeroPoint: number(0...255))
    let activation: Activation = number(0...1) == 0 ? .relu : .none
    var output = try network.weighted(
      .conv2D(.depthwise(channels: channels, window: window, activation: activation)), input)
    // Multipliers on both sides of the upper-half shortcut.
    if number(0...4) == 0 { network.model.values[output].quantization?.scale = TestNetwork.scale(1e-9) }
    if number(0...3) == 0 {
      let pool = SlidingWindow(number(2...3), stride: 2, roundsUp: true)
      if let pooled = try? network.add(.pool2D(Pool2D(.max, window: pool)), [output]) { output = pooled }
    }
    let model = try network.build([output])
    return (model, model.randomInput(batch: 1, seed: seed))
  }

  @Test(arguments: Tables.names)
  func anyLayerIsExact(_ table: String) throws {
    for channels in 1...130 {
      for round in 0..<6 {
        let seed = UInt64(channels * 10 + round)
        let (model, image) = try Self.network(channels: channels, seed: seed)
        #expect(
          try model.output(Tables.table(table), image) == model.output(.reference, image), "\(channels), seed \(seed)")
      }
    }
  }

  /// Runs of every length around a group, of one and two columns apart, and rows that no run joins.
  @Test(arguments: Tables.names, [8, 24, 31, 64, 96])
  func runsOfAnyLength(_ table: String, _ channels: Int) throws {
    for width in 3...23 {
      for stride in 1...2 {
        var network = TestNetwork(seed: UInt64(width))
        let input = network.input(Shape(height: 5, width: width, channels: channels), zeroPoint: 3)
        let window = SlidingWindow(3, stride: stride, padding: width % 2 == 0 ? .sameUpper : .valid)
        let output = try network.weighted(.conv2D(.depthwise(channels: channels, window: window)), input)
        let model = try network.build([output])
        let image = model.randomInput(batch: 1, seed: 5)
        #expect(try model.output(Tables.table(table), image) == model.output(.reference, image), "\(width), \(stride)")
      }
    }
  }
}
