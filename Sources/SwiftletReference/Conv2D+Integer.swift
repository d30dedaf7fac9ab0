package import SwiftletModel

/// The parameters of a weighted operator as the model states them, nothing folded.
package struct IntegerWeights: BitwiseCopyable {
  package let weights: UnsafePointer<Int8>
  package let bias: UnsafePointer<Int32>
  package let multipliers: UnsafePointer<FixedPointMultiplier>
  package let inputZeroPoint: Int32

  package init(
    weights: UnsafePointer<Int8>, bias: UnsafePointer<Int32>, multipliers: UnsafePointer<FixedPointMultiplier>,
    inputZeroPoint: Int32
  ) {
    self.weights = weights
    self.bias = bias
    self.multipliers = multipliers
    self.inputZeroPoint = inputZeroPoint
  }
}

extension Conv2D {
  /// The definition of an integer convolution: one image, plain loops, padding skipped.
  package func integer(
    _ x: UnsafePointer<UInt8>, _ parameters: IntegerWeights, _ plan: WindowPlan, _ stage: OutputStage,
    into y: UnsafeMutableRawPointer
  ) {
    let input = plan.input
    let groupInputs = input.channels / groups
    let groupFilters = filters / groups
    let taps = window.kernel.height * window.kernel.width
    plan.forEachPosition { position in
      for filter in 0..<filters {
        let firstChannel = filter / groupFilters * groupInputs
        var accumulator = parameters.bias[filter]
        plan.forEachTap(of: position) { pixel, tap in
          let from = x + pixel * input.channels + firstChannel
          let weights = parameters.weights + (filter * taps + tap) * groupInputs
          for channel in 0..<groupInputs {
            accumulator &+= (Int32(from[channel]) &- parameters.inputZeroPoint) &* Int32(weights[channel])
          }
        }
        stage.store(parameters.multipliers[filter](accumulator), at: position.output * filters + filter, y)
      }
    }
  }
}

extension Dense {
  /// The definition of an integer dense layer: one sample, plain loops.
  package func integer(
    _ x: UnsafePointer<UInt8>, inputCount: Int, _ parameters: IntegerWeights, _ stage: OutputStage,
    into y: UnsafeMutableRawPointer
  ) {
    for unit in 0..<units {
      var accumulator = parameters.bias[unit]
      let weights = parameters.weights + unit * inputCount
      for i in 0..<inputCount {
        accumulator &+= (Int32(x[i]) &- parameters.inputZeroPoint) &* Int32(weights[i])
      }
      stage.store(parameters.multipliers[unit](accumulator), at: unit, y)
    }
  }
}
