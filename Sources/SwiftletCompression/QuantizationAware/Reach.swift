import SwiftletModel
import SwiftletReference

/// What an output's integers u = q - z are clamped to, in floats.
struct Reach: Sendable {
  let low, high: Float

  init(_ stage: OutputStage) {
    low = Float(stage.lo) - Float(stage.zeroPoint)
    high = Float(stage.hi) - Float(stage.zeroPoint)
  }

  /// Of the outputs of a layer with `activation`; s32 logits have zero point 0.
  init(_ activation: Activation, _ quantization: Quantization, _ element: ElementType) {
    let value = Value(shape: Shape(vector: 1), element: element, quantization: quantization)
    self.init(OutputStage(activation, value))
  }
}
