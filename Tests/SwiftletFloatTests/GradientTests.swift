import SwiftletFloat
import SwiftletModel
import TestSupport
import Testing

/// Every backward definition against central differences of its forward.
@Suite struct GradientTests {
  private let input = Shape(height: 5, width: 6, channels: 4)
  static let activations: [Activation] = [.none, .relu, .boundedReLU(Scale(6.0)!)]

  /// Small integers, and biases half way between them: sums stay half a unit from the activations' bends, so that a
  /// nudge of 1/16 times a weight of at most 3 never crosses one.
  private func integers(_ count: Int, _ draws: inout Draws) -> [Float] {
    (0..<count).map { _ in Float(Int.random(in: -3...3, using: &draws.generator)) }
  }

  @Test(arguments: SlidingWindow.samples, [1, 2, 4])
  func convolution(_ window: SlidingWindow, groups: Int) throws {
    for activation in Self.activations {
      let op = Conv2D(filters: 4, window: window, groups: groups, activation: activation)
      let plan = try op.plan(for: input)
      let weightCount = Operator.conv2D(op).parameterSpecs(for: input)[0].count
      var draws = Draws(1)
      // One vector of everything the output depends on, so that one check covers all gradients.
      let all = integers(input.count + weightCount, &draws) + (0..<4).map { Float($0) * 3 - 4.5 }
      expectGradient(at: all, outputCount: plan.output.count, step: 1 / 16) { all, y in
        let (x, w, b) = split(all, input.count, weightCount)
        var out = y.mutableSpan
        op.forward(x.span, weights: w.span, bias: b.span, into: &out, plan)
      } backward: { all, y, dy, gradient in
        let (x, w, _) = split(all, input.count, weightCount)
        var (dx, dw, db) = split(gradient, input.count, weightCount)
        var a = dx.mutableSpan
        var b = dw.mutableSpan
        var c = db.mutableSpan
        op.backward(x.span, y: y.span, weights: w.span, dy: dy.span, addingTo: &a, &b, &c, plan)
        gradient = dx + dw + db
      }
    }
  }

  @Test(arguments: activations)
  func dense(_ activation: Activation) {
    let op = Dense(units: 5, activation: activation)
    var draws = Draws(2)
    let all = integers(7 + 35, &draws) + [-2.5, -1.5, 0.5, 1.5, 2.5]
    expectGradient(at: all, outputCount: 5, step: 1 / 16) { all, y in
      let (x, w, b) = split(all, 7, 35)
      var out = y.mutableSpan
      op.forward(x.span, weights: w.span, bias: b.span, into: &out)
    } backward: { all, y, dy, gradient in
      let (x, w, _) = split(all, 7, 35)
      var (dx, dw, db) = split(gradient, 7, 35)
      var a = dx.mutableSpan
      var b = dw.mutableSpan
      var c = db.mutableSpan
      op.backward(x.span, y: y.span, weights: w.span, dy: dy.span, addingTo: &a, &b, &c)
      gradient = dx + dw + db
    }
  }

  private func split(_ all: [Float], _ first: Int, _ second: Int) -> ([Float], [Float], [Float]) {
    (Array(all[..<first]), Array(all[first..<first + second]), Array(all[(first + second)...]))
  }

  @Test(arguments: Pool2D.Reduction.allCases, SlidingWindow.samples)
  func pooling(_ reduction: Pool2D.Reduction, _ window: SlidingWindow) throws {
    for (countsPadding, divisor) in [(false, nil), (true, nil), (false, 5)] as [(Bool, Int?)] {
      let op = Pool2D(reduction, window: window, countsPadding: countsPadding, divisorOverride: divisor)
      let plan = try op.plan(for: input)
      var draws = Draws(3)
      expectGradient(at: draws.distinct(input.count), outputCount: plan.output.count, step: 0.25) { x, y in
        var out = y.mutableSpan
        op.forward(x.span, into: &out, plan)
      } backward: { x, _, dy, dx in
        var out = dx.mutableSpan
        op.backward(x.span, dy: dy.span, addingTo: &out, plan)
      }
    }
  }

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

  @Test(arguments: activations)
  func activation(_ op: Activation) {
    var draws = Draws(4)
    expectGradient(at: draws.distinct(24), outputCount: 24, step: 0.125) { x, y in
      var out = y.mutableSpan
      op.forward(x.span, into: &out)
    } backward: { _, y, dy, dx in
      var out = dx.mutableSpan
      op.backward(y: y.span, dy: dy.span, addingTo: &out)
    }
  }

  @Test(arguments: activations)
  func addition(_ activation: Activation) {
    let op = Add(activation: activation)
    var draws = Draws(5)
    let b = (0..<24).map { Float($0 % 3) }
    expectGradient(at: draws.distinct(24), outputCount: 24, step: 0.125) { x, y in
      var out = y.mutableSpan
      op.forward(x.span, b.span, into: &out)
    } backward: { _, y, dy, dx in
      var out = dx.mutableSpan
      op.backward(y: y.span, dy: dy.span, addingTo: &out)
    }
  }

  @Test func concatenation() {
    let op = Concat()
    var draws = Draws(6)
    let other = draws.floats(4 * 2)
    expectGradient(at: draws.floats(4 * 3), outputCount: 4 * 5, step: 0.25) { x, y in
      var out = y.mutableSpan
      op.forward(other.span, at: 0, into: &out, pixels: 4)
      op.forward(x.span, at: 2, into: &out, pixels: 4)
    } backward: { _, _, dy, dx in
      var out = dx.mutableSpan
      op.backward(dy: dy.span, at: 2, addingTo: &out, pixels: 4)
    }
  }

  @Test func softmax() {
    var draws = Draws(7)
    expectGradient(at: draws.floats(12).map { $0 * 3 }, outputCount: 12, step: 1 / 64, tolerance: 2e-3) { x, y in
      var out = y.mutableSpan
      Softmax().forward(x.span, into: &out, channels: 4)
    } backward: { _, y, dy, dx in
      var out = dx.mutableSpan
      Softmax().backward(y: y.span, dy: dy.span, addingTo: &out, channels: 4)
    }
  }

  @Test(arguments: 0..<4)
  func crossEntropy(_ label: Int) {
    expectGradient(at: [0.5, -1, 2, 0.25], outputCount: 1, step: 1 / 64, tolerance: 2e-3) { x, y in
      y[0] = Float(x.withUnsafeBufferPointer { SoftmaxCrossEntropy.forward($0, label: label).loss })
    } backward: { x, _, dy, dx in
      x.withUnsafeBufferPointer { x in
        dx.withUnsafeMutableBufferPointer {
          SoftmaxCrossEntropy.backward(x, label: label, factor: dy[0], addingTo: $0)
        }
      }
    }
  }

  @Test func dropoutKeepsItsMaskAndScales() {
    let op = Dropout(rate: 0.25)
    var draws = Draws(8)
    let x = draws.floats(4096)
    expectGradient(at: Array(x[..<64]), outputCount: 64, step: 0.25) { x, y in
      var out = y.mutableSpan
      op.forward(x.span, into: &out, first: 100, key: 9)
    } backward: { _, _, dy, dx in
      var out = dx.mutableSpan
      op.backward(dy: dy.span, addingTo: &out, first: 100, key: 9)
    }
    let factors = (0..<4096).map { op.factor($0, key: 9) }
    let dropped = factors.count { $0 == 0 }
    // 4096 draws: one standard deviation is 28.
    #expect(abs(dropped - 1024) < 140)
    #expect(factors.allSatisfy { $0 == 0 || $0 == 1 / 0.75 })
    #expect((0..<4096).map { op.factor($0, key: 10) } != factors)
  }

  @Test func batchNormThroughItsStatistics() {
    let op = BatchNorm(epsilon: 0.01)
    let channels = 3
    let pixels = 8
    var draws = Draws(10)
    let all = draws.floats(channels * pixels).map { $0 * 2 } + [1.5, 0.5, -1] + [0.25, -1, 2]
    func statistics(_ x: [Float]) -> (mean: [Float], inverse: [Float]) {
      let moments = ChannelMoments(x.span, channels: channels)
      return (
        moments.mean.map { Float($0) },
        (0..<channels).map { Float(1 / (moments.variance($0) + Double(op.epsilon)).squareRoot()) }
      )
    }
    expectGradient(at: all, outputCount: channels * pixels, step: 1 / 64) { all, y in
      let (x, gamma, beta) = split(all, channels * pixels, channels)
      let (mean, inverse) = statistics(x)
      var out = y.mutableSpan
      op.forward(
        x.span, mean: mean.span, inverseDeviation: inverse.span, gamma: gamma.span, beta: beta.span, into: &out)
    } backward: { all, _, dy, gradient in
      let (x, gamma, _) = split(all, channels * pixels, channels)
      let (mean, inverse) = statistics(x)
      var (dx, dGamma, dBeta) = split(gradient, channels * pixels, channels)
      do {
        var a = dGamma.mutableSpan
        var b = dBeta.mutableSpan
        op.backwardSums(
          x.span, dy: dy.span, mean: mean.span, inverseDeviation: inverse.span, addingTo: &a, &b)
      }
      var out = dx.mutableSpan
      op.backward(
        x.span, dy: dy.span, mean: mean.span, inverseDeviation: inverse.span, gamma: gamma.span,
        dGamma: dGamma.span, dBeta: dBeta.span, count: pixels, addingTo: &out)
      gradient = dx + dGamma + dBeta
    }
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
