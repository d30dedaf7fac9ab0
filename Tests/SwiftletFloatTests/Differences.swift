import SwiftletFloat
import TestSupport
import Testing

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
