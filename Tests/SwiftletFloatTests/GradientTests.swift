import SwiftletFloat
import SwiftletModel
import TestSupport
import Testing

/// What gradients are beyond differences, and those of losses; operators have theirs in OperatorTests.
@Suite struct GradientTests {
  /// The scratch of a window follows the image it covers, not a kernel that may be absurd.
  @Test func aHugeKernelWithSamePaddingAveragesTheImage() throws {
    let op = Pool2D(
      .average, window: SlidingWindow(kernel: Size2D(4_000_000), stride: Size2D(2), padding: .sameUpper))
    let plan = try op.plan(for: Shape(height: 2, width: 2, channels: 1))
    let x: [Float] = [1, 2, 3, 6]
    var y: [Float] = [0]
    var span = y.mutableSpan
    op.forward(x.span, into: &span, plan)
    #expect(y == [3])
  }

  @Test func maxPoolingGivesATieToTheFirst() throws {
    let op = Pool2D(.max, window: SlidingWindow(kernel: Size2D(2), stride: Size2D(2)))
    let plan = try op.plan(for: Shape(height: 2, width: 2, channels: 1))
    let x: [Float] = [1, 3, 3, 3]
    let dy: [Float] = [5]
    var dx = [Float](repeating: 0, count: 4)
    var out = dx.mutableSpan
    op.backward(x.span, dy: dy.span, addingTo: &out, plan)
    #expect(dx == [0, 5, 0, 0])
  }

  @Test(arguments: 0..<4)
  func crossEntropy(_ label: Int) {
    let x: [Float] = [0.5, -1, 2, 0.25]
    var dx = [Float](repeating: 0, count: x.count)
    x.withUnsafeBufferPointer { x in
      dx.withUnsafeMutableBufferPointer { SoftmaxCrossEntropy.backward(x, label: label, factor: 0.75, addingTo: $0) }
    }
    let expected = centralDifferences(at: x, step: 1 / 64) { x in
      0.75 * x.withUnsafeBufferPointer { SoftmaxCrossEntropy.forward($0, label: label).loss }
    }
    for (actual, expected) in zip(dx, expected) { #expect(abs(actual - expected) <= 2e-3) }
  }

  @Test func dropoutKeepsItsMaskAndScales() {
    let op = Dropout(rate: 0.25)
    let factors = (0..<4096).map { op.factor($0, key: 9) }
    let dropped = factors.count { $0 == 0 }
    // 4096 draws: one standard deviation is 28.
    #expect(abs(dropped - 1024) < 140)
    #expect(factors.allSatisfy { $0 == 0 || $0 == 1 / 0.75 })
    #expect((0..<4096).map { op.factor($0, key: 10) } != factors)
  }

  @Test func momentsMergeToThoseOfTheWhole() {
    var draws = Draws(11)
    let x = draws.floats(2 * 30).map { $0 + 100 }
    let whole = ChannelMoments(x.span, channels: 2)
    var merged = ChannelMoments(channels: 2)
    for range in [0..<2, 2..<28, 28..<60] {
      let part = Array(x[range])
      merged.merge(ChannelMoments(part.span, channels: 2))
    }
    #expect(merged.count == whole.count)
    for c in 0..<2 {
      #expect(abs(merged.mean[c] - whole.mean[c]) < 1e-9)
      #expect(abs(merged.variance(c) - whole.variance(c)) < 1e-9)
    }
  }
}
