import SwiftletFloat
import SwiftletModel
import Testing

/// Every backward definition against central differences of its forward.
@Suite struct GradientTests {
  static let activations: [Activation] = [.none, .relu, .boundedReLU(Scale(1.5)!)]
  private let input = Shape(height: 5, width: 6, channels: 4)

  @Test(arguments: SlidingWindow.samples, [1, 2, 4])
  func convolution(_ window: SlidingWindow, groups: Int) throws {
    let op = Conv2D(filters: 4, window: window, groups: groups)
    let plan = try op.plan(for: input)
    let specs = Operator.conv2D(op).parameterSpecs(for: input)
    var draws = Draws(1)
    let x = draws.floats(input.count)
    let w = draws.floats(specs[0].count)
    let b = draws.floats(specs[1].count)
    let count = plan.output.count
    func forward(_ x: [Float], _ w: [Float], _ b: [Float], _ y: inout [Float]) {
      var out = y.mutableSpan
      op.forward(x.span, weights: w.span, bias: b.span, into: &out, plan)
    }
    func backward(_ y: [Float], _ dy: [Float]) -> (dx: [Float], dw: [Float], db: [Float]) {
      var dx = x.map { _ in Float(0) }
      var dw = w.map { _ in Float(0) }
      var db = b.map { _ in Float(0) }
      var (a, c, d) = (dx.mutableSpan, dw.mutableSpan, db.mutableSpan)
      op.backward(x.span, y: y.span, weights: w.span, dy: dy.span, addingTo: &a, &c, &d, plan)
      return (dx, dw, db)
    }
    expectGradient(at: x, outputCount: count, step: 0.25) { forward($0, w, b, &$1) } backward: {
      $3 = backward($1, $2).dx
    }
    expectGradient(at: w, outputCount: count, step: 0.25) { forward(x, $0, b, &$1) } backward: {
      $3 = backward($1, $2).dw
    }
    expectGradient(at: b, outputCount: count, step: 0.25) { forward(x, w, $0, &$1) } backward: {
      $3 = backward($1, $2).db
    }
  }
}
