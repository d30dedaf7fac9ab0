import SwiftletCompression
import SwiftletModel
import TestSupport
import Testing

/// The operators without weights that quantization-aware training computes in integers, by hand.
@Suite struct SimulatedOperatorTests {
  private static func quantization(_ halfPower: Int, _ zeroPoint: Int) -> Quantization {
    Quantization(scale: Scale(halfPower: halfPower)!, zeroPoint: zeroPoint)
  }

  /// Numerics.md's example, and the clamp: what it stops passes no gradient.
  @Test func clampsCutTheGradient() throws {
    let (half, quarter) = (Self.quantization(-2, 9), Self.quantization(-4, 0))
    let shape = Shape(height: 1, width: 1, channels: 4)
    let add = try #require(
      try Operator.add(Add(activation: .boundedReLU(Scale(20)!))).simulated(
        [shape, shape], from: [half, quarter], to: Quantization(scale: .one, zeroPoint: 3), name: ""))
    let y = add.outputs(of: [[1, 60, -9, 39], [2, 0, 0, 1]], count: 4)
    #expect(y == [1, 20, 0, 20])
    #expect(
      add.gradients(at: [1, 20, 0, 19], [1, 1, 1, 2], counts: [4, 4]) == [[0.5, 0, 0, 1], [0.25, 0, 0, 0.5]])
  }
}
