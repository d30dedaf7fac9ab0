import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// The forms a convolution kernel takes for few inputs, few steps and few windows give the plain Swift kernels' bytes.
@Suite struct WindowFormTests {
  /// Windows around every number that a kernel takes at once, of one pixel and of four, one step to five.
  @Test(arguments: Tables.names, [4, 8, 12, 16, 20])
  func windowCountsAroundEveryBlock(_ table: String, _ channels: Int) throws {
    for filters in [7, 16, 30, 32, 48, 49, 64] {
      for count in 1...18 {
        for pooled in [false, true] {
          var network = TestNetwork(seed: UInt64(count * 100 + filters))
          let side = pooled ? 2 : 1
          let input = network.input(Shape(height: side, width: side * count, channels: channels), zeroPoint: 40)
          var output = try network.weighted(.conv2D(Conv2D(filters: filters, window: SlidingWindow(1))), input)
          if pooled { output = try network.add(.pool2D(Pool2D(.max, window: SlidingWindow(2, stride: 2))), [output]) }
          try expectEqual(network.build([output]), table, maxBatch: 1)
        }
      }
    }
  }

  /// Tall kernels on few channels, whose images are read as words: every remainder of rows and columns, all that a window
  /// can have.
  @Test(arguments: Tables.names, 0..<40 as Range<UInt64>)
  func tallKernelsOnFewChannels(_ table: String, _ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    func number(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(random.next() % UInt64(range.count)) }
    var network = TestNetwork(seed: seed)
    let kernel = Size2D(height: number(4...9), width: number(1...7))
    let dilation = Size2D(height: number(1...2), width: number(1...2))
    let padding = number(0...1)
    let input = network.input(
      Shape(
        height: (kernel.height - 1) * dilation.height + 1 + number(3...20),
        width: (kernel.width - 1) * dilation.width + 1 + number(3...20), channels: number(1...3)),
      zeroPoint: number(0...255))
    let window = SlidingWindow(
      kernel: kernel, stride: Size2D(height: number(1...2), width: number(1...2)), dilation: dilation,
      padding: .explicit(top: padding, left: number(0...2), bottom: 0, right: padding))
    let filters = [9, 16, 20, 33, 64, 70][number(0...5)]
    var output = try network.weighted(.conv2D(Conv2D(filters: filters, window: window)), input)
    let pool = number(1...3)
    if pool > 1 {
      let poolWindow = SlidingWindow(pool, stride: pool, roundsUp: true)
      output = try network.add(.pool2D(Pool2D(.max, window: poolWindow)), [output])
    }
    try expectEqual(network.build([output]), table, maxBatch: 1)
  }

  /// The words are written once for all threads, and for all strips.
  @Test(arguments: Tables.names)
  func threadsAndStripsShareTheWords(_ table: String) throws {
    for padding in [Padding.valid, .sameUpper] {
      var network = TestNetwork(seed: 3)
      let input = network.input(Shape(height: 64, width: 61, channels: 1), zeroPoint: 9)
      let conv = try network.weighted(
        .conv2D(Conv2D(filters: 64, window: SlidingWindow(5, padding: padding), activation: .relu)), input)
      let output = try network.add(.pool2D(Pool2D(.average, window: SlidingWindow(2, stride: 2))), [conv])
      try expectEqual(network.build([output]), table, maxBatch: 1, threads: 2)
    }
  }
}
