import SwiftletBenchmark
import SwiftletModel
import SwiftletTraining
import Testing

/// Useful multiply-accumulates against a count tap by tap.
@Suite struct UsefulWorkTests {
  /// Walks every output pixel, or every pixel of every pool window once, and counts the taps on the image.
  private func counted(_ conv: Conv2D, _ input: Shape, pool: Pool2D?) throws -> Int {
    let plan = try conv.plan(for: input)
    var pixels: Set<[Int]> = []
    if let pool {
      let windows = try pool.plan(for: plan.output)
      for py in 0..<windows.output.height {
        for px in 0..<windows.output.width {
          for ky in 0..<pool.window.kernel.height {
            for kx in 0..<pool.window.kernel.width {
              let pixel = [windows.rows.position(py, ky), windows.columns.position(px, kx)]
              if (0..<plan.output.height).contains(pixel[0]), (0..<plan.output.width).contains(pixel[1]) {
                pixels.insert(pixel)
              }
            }
          }
        }
      }
    } else {
      for oy in 0..<plan.output.height { for ox in 0..<plan.output.width { pixels.insert([oy, ox]) } }
    }
    var taps = 0
    for pixel in pixels {
      for ky in 0..<conv.window.kernel.height {
        for kx in 0..<conv.window.kernel.width {
          let (iy, ix) = (plan.rows.position(pixel[0], ky), plan.columns.position(pixel[1], kx))
          if (0..<input.height).contains(iy), (0..<input.width).contains(ix) { taps += 1 }
        }
      }
    }
    return taps * conv.filters * (input.channels / conv.groups)
  }

  @Test func matchesACountTapByTap() throws {
    var random = SplitMix64(seed: 11)
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    var pooled = 0
    for _ in 0..<300 {
      let groups = [1, 1, 2, 4][draw(0...3)]
      let input = Shape(height: draw(3...13), width: draw(3...13), channels: groups * draw(1...3))
      let paddings: [Padding] = [
        .valid, .sameUpper, .sameLower, .explicit(top: draw(0...3), left: draw(0...3), bottom: 1, right: 0),
      ]
      let window = SlidingWindow(
        kernel: Size2D(height: draw(1...3), width: draw(1...3)),
        stride: Size2D(height: draw(1...2), width: draw(1...3)), dilation: Size2D(draw(1...2)),
        padding: paddings[draw(0...3)])
      let conv = Conv2D(filters: groups * draw(1...3), window: window, groups: groups)
      guard let plan = try? conv.plan(for: input) else { continue }
      let pool = Pool2D(
        .max,
        window: SlidingWindow(
          kernel: Size2D(draw(1...3)), stride: Size2D(draw(1...3)), padding: [.valid, .sameUpper][draw(0...1)]))
      var builder = ModelBuilder(input: input)
      try builder.add(.conv2D(conv))
      let fits = (try? pool.plan(for: plan.output)) != nil
      if fits { try builder.add(.pool2D(pool)) }
      let model = try builder.build()
      #expect(model.usefulMultiplyAccumulates(ofFused: [0]) == (try counted(conv, input, pool: nil)))
      if fits {
        pooled += 1
        #expect(model.usefulMultiplyAccumulates(ofFused: [0, 1]) == (try counted(conv, input, pool: pool)))
      }
    }
    #expect(pooled > 100)
  }

  /// 28 x 28: valid 3 x 3 gives 26 x 26, all pooled; then 11 x 11 of which floor pooling reads 10 x 10.
  @Test func theSeedNetworkByHand() throws {
    let model = try Architecture.named("mnist-cnn")
    #expect(model.usefulMultiplyAccumulates(ofFused: [0, 1]) == 26 * 26 * 32 * 9)
    #expect(model.usefulMultiplyAccumulates(ofFused: [2, 3]) == 10 * 10 * 64 * 9 * 32)
    #expect(model.usefulMultiplyAccumulates(ofFused: [2]) == 11 * 11 * 64 * 9 * 32)
    #expect(model.usefulMultiplyAccumulates(ofFused: [5]) == 128 * 1600)
    #expect(model.usefulMultiplyAccumulates(ofFused: [1]) == 0 && model.usefulMultiplyAccumulates(ofFused: []) == 0)
  }

  @Test func paddingTapsAreNotUseful() throws {
    var builder = ModelBuilder(input: Shape(height: 4, width: 4, channels: 1))
    try builder.add(
      .conv2D(Conv2D(filters: 1, window: SlidingWindow(kernel: Size2D(3), padding: .sameUpper))))
    let model = try builder.build()
    // Along each axis 2 + 3 + 3 + 2 taps.
    #expect(model.usefulMultiplyAccumulates(ofFused: [0]) == 100)
    #expect(model.multiplyAccumulates == 144)
  }
}
