import SwiftletFloat
import SwiftletModel
import Testing

/// Reproducible numbers for the tests.
struct Draws {
  var generator: SplitMix64
  init(_ seed: UInt64) { generator = SplitMix64(seed: seed) }

  /// Uniform in -1 ..< 1.
  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in generator.nextUnit() * 2 - 1 } }

  /// Distinct integers in random order, so that a nudge below one half never changes which is largest.
  mutating func distinct(_ count: Int) -> [Float] {
    (0..<count).map { Float($0) - Float(count / 2) + 0.25 }.shuffled(using: &generator)
  }
}

/// Compares `backward` with central differences of `forward`, projected on a random direction of outputs.
///
/// `forward` writes outputs for inputs; `backward` adds the gradient of `dy` to the zeroed input gradient. The difference
/// quotient is taken in Double over Float outputs: `step` must be large enough that rounding stays below `tolerance`.
func expectGradient(
  at x: [Float], outputCount: Int, step: Float, tolerance: Float = 1e-2,
  sourceLocation: SourceLocation = #_sourceLocation,
  forward: ([Float], inout [Float]) -> Void,
  backward: (_ x: [Float], _ y: [Float], _ dy: [Float], inout [Float]) -> Void
) {
  var draws = Draws(77)
  let direction = draws.floats(outputCount)
  func value(_ x: [Float]) -> Double {
    var y = [Float](repeating: 0, count: outputCount)
    forward(x, &y)
    return zip(y, direction).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  var y = [Float](repeating: 0, count: outputCount)
  forward(x, &y)
  var dx = [Float](repeating: 0, count: x.count)
  backward(x, y, direction, &dx)
  var isNonZero = false
  for i in x.indices {
    var nudged = x
    nudged[i] = x[i] + step
    let above = value(nudged)
    nudged[i] = x[i] - step
    let expected = Float((above - value(nudged)) / Double(2 * step))
    isNonZero = isNonZero || expected != 0
    #expect(
      abs(dx[i] - expected) <= tolerance * max(1, abs(expected)), "element \(i): \(dx[i]), differences say \(expected)",
      sourceLocation: sourceLocation)
  }
  #expect(isNonZero, "a gradient of zeros proves nothing", sourceLocation: sourceLocation)
}

extension SlidingWindow {
  /// Windows around every corner of the geometry.
  static let samples: [SlidingWindow] = [
    SlidingWindow(kernel: Size2D(2), stride: Size2D(2)),
    SlidingWindow(kernel: Size2D(3), padding: .sameUpper),
    SlidingWindow(kernel: Size2D(3), stride: Size2D(2), padding: .sameLower),
    SlidingWindow(kernel: Size2D(height: 2, width: 3), stride: Size2D(height: 1, width: 2), padding: .uniform(1)),
    SlidingWindow(kernel: Size2D(2), dilation: Size2D(2), padding: .valid),
    SlidingWindow(kernel: Size2D(3), stride: Size2D(2), roundsUp: true),
    SlidingWindow(
      kernel: Size2D(3), stride: Size2D(2), padding: .explicit(top: 0, left: 1, bottom: 2, right: 0), roundsUp: true),
  ]
}

/// A model with random parameters, non-zero biases included.
func randomized(_ model: Model, seed: UInt64 = 5, scale: Float = 0.5) -> Model {
  var draws = Draws(seed)
  var result = model
  for node in result.nodes.indices {
    let specs = result.nodes[node].op.parameterSpecs(for: result.values[result.nodes[node].inputs[0]].shape)
    for (index, spec) in specs.enumerated() {
      let fanIn = Float(max(spec.count / spec.shape[0], 1)).squareRoot()
      var values = draws.floats(spec.count)
      switch spec.role {
      case .weights: values = values.map { $0 * 2 * scale / fanIn }
      case .bias, .beta, .runningMean: values = values.map { $0 * scale }
      case .gamma, .runningVariance: values = values.map { 1 + $0 * 0.5 }
      }
      result.nodes[node].parameters[index].storage = .float32(values)
    }
  }
  return result
}
