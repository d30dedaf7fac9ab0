import CSwiftletKernels
import SwiftletFloat
import SwiftletModel
import TestSupport
import Testing

/// Winograd's transform and the winners' own taps against plain loops.
@Suite struct WinogradTests {
  private static let names = FloatKernels.supported.map(\.name)
  private static let guardValue: Float = 12345

  private func table(_ name: String) -> swl_float_table { FloatKernels.supported.first { $0.name == name }!.table }

  /// Small integers stay exact through the transform: outputs and winners are those of the plain kernel, and nothing else
  /// is written.
  @Test(arguments: names, [1, 3, 8, 9, 15, 16, 17, 24, 31, 32])
  func transformedConvolutionsMatch(_ name: String, _ columns: Int) {
    var draws = Draws(41)
    let table = table(name)
    let width = columns <= 16 ? 16 : 32
    for (count, channels) in [(1, 8), (5, 9), (12, 16), (13, 20), (25, 33)] {
      // Windows of 4 x 4 pixels, each an image of its own.
      let x = draws.integers(count * 16 * channels + Int(SWL_FLOAT_LANES), within: 9)
      let weights = draws.integers(9 * channels * width, within: 7)
      let bias = draws.integers(width, within: 20)
      let segments: [Int32] = (0..<3).map { Int32($0 * 4 * channels) }
      let start = [Float](repeating: Self.guardValue, count: count * columns + 1)
      let unset = [UInt8](repeating: 99, count: count * columns + 1)
      var (expected, expectedWinners, actual, winners) = (start, unset, start, unset)
      var filters = [Float](repeating: 0, count: 16 * channels * width)
      var points = [Float](repeating: 0, count: 16 * (count * channels + Int(SWL_FLOAT_LANES)))
      x.withUnsafeBufferPointer { x in
        let windows = (0..<count).map { Optional(x.baseAddress! + $0 * 16 * channels) }
        table.convpool(
          windows, count, channels, 4 * channels, segments, 3, 3 * channels, weights, width, bias, 0, 900, &expected,
          &expectedWinners, columns, columns)
        table.winograd_filters(weights, channels, width, &filters)
        table.winograd_input(windows, count, channels, 4 * channels, channels, &points)
        table.winograd_convpool(
          points, count, channels, filters, width, bias, 0, 900, &actual, &winners, columns, columns)
      }
      #expect(actual == expected)
      #expect(winners == expectedWinners)
      let sums = (0..<width).map { k in (0..<16 * channels).reduce(Float(0)) { $0 + abs(filters[$1 * width + k]) } }
      #expect(table.winograd_reach(filters, channels, width) == sums.max()!)
    }
  }

  @Test(arguments: names, [1, 7, 9, 16, 20, 32, 33])
  func winnersPickTheirOwnTaps(_ name: String, _ channels: Int) {
    var draws = Draws(43)
    let stride = (channels + 15) / 16 * 16
    for (height, width) in [(1, 1), (3, 2), (2, 3), (3, 3), (4, 4), (5, 5), (7, 5), (2, 6), (3, 7)] {
      let (count, pitch) = (5, 11)
      let x = draws.integers(pitch * (height + 1) + count + 16, within: 9)
      let dy = draws.integers(count * channels + Int(SWL_FLOAT_LANES), within: 9)
      let winners = dy.map { _ in [0, 1, 2, 3, UInt8(SWL_NO_WINNER)][Int(draws.generator.next() % 5)] }
      let start = [Float](repeating: 2, count: (height * width + 1) * stride)
      var (expected, actual) = (start, start)
      for i in 0..<count {
        for c in 0..<channels where winners[i * channels + c] != UInt8(SWL_NO_WINNER) {
          let (g, p) = (dy[i * channels + c], Int(winners[i * channels + c]))
          for y in 0..<height {
            for t in 0..<width {
              expected[(y * width + t) * stride + c] += g * x[i + (y + p / 2) * pitch + t + p % 2]
            }
          }
          expected[height * width * stride + c] += g
        }
      }
      x.withUnsafeBufferPointer { x in
        let windows = (0..<count).map { Optional(x.baseAddress! + $0) }
        table(name).winner_filters(windows, count, pitch, height, width, winners, dy, channels, &actual, stride)
      }
      for row in 0...height * width {
        let used = row * stride..<row * stride + channels
        #expect(actual[used] == expected[used], "\(height)x\(width), row \(row)")
      }
    }
  }

  /// Sums that floats hold exactly only without the transform's quarters: a network of integers must not use it there.
  @Test(arguments: [Float(7), 127])
  func integersStayExact(_ level: Float) throws {
    var b = ModelBuilder(input: Shape(height: 6, width: 6, channels: 40))
    try b.add(.conv2D(Conv2D(filters: 40, window: SlidingWindow(kernel: Size2D(3)), activation: .relu)))
    try b.add(.pool2D(Pool2D(.max, window: SlidingWindow(kernel: Size2D(2), stride: Size2D(2)))))
    let model = try b.build()
    let plain = try FloatNetwork(model, maximumBatch: 4, options: FloatNetwork.Options(isReference: true))
    for kernels in FloatKernels.supported {
      let fast = try FloatNetwork(model, maximumBatch: 4, options: FloatNetwork.Options(kernels: kernels))
      fast.integerLimit = 255
      for network in [plain, fast] {
        var draws = Draws(47)
        let x = (0..<network.input().count).map { _ in Float(draws.generator.next() % 256) }
        _ = network.input().update(fromContentsOf: x)
        // Odd sums of about 2^23.
        network.parameters[0].withMutableValues { weights in
          for i in weights.indices { weights[i] = draws.generator.next() % 16 == 0 ? -level : level - 1 }
        }
        network.parametersChanged()
        network.forward(count: 4)
      }
      #expect(Array(fast.values(of: model.outputs[0])!) == Array(plain.values(of: model.outputs[0])!))
    }
  }
}
