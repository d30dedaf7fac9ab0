import SwiftletModel
import SwiftletRuntime

extension FoldedModel {
  /// The integer model: u8 activations, s8 weights per output channel, s32 biases, s32 logits (post-training
  /// quantization after Jacob et al. 2018, with the numeric contract of SwiftletModel's Numerics.md), self-test included.
  ///
  /// - Throws: `QuantizationError` naming the node that cannot be expressed.
  public func quantized(
    _ calibration: Calibration, options: QuantizationOptions = QuantizationOptions()
  ) throws(QuantizationError) -> Model {
    guard calibration.histograms.count == model.values.count else { throw QuantizationError(.calibrationMismatch) }
    guard calibration.imageCount > 0 else { throw QuantizationError(.noCalibrationImages) }
    guard options.rounding != .compensated || calibration.roundings != nil,
      !options.correctsBias || calibration.inputMeans != nil
    else { throw QuantizationError(.calibrationMismatch) }
    var scales = ActivationScales(model, input: input, calibration.histograms, options)
    let assigned = scales.assigned()
    let consumers = model.consumers()
    var result = model
    for value in model.inputs { result.values[value] = quantizedValue(value, input) }
    for (index, node) in model.nodes.enumerated() {
      guard let output = assigned[node.output] else { throw QuantizationError(.scaleRange, node: names[index]) }
      result.values[node.output] = quantizedValue(node.output, output)
      guard node.op.isWeighted, let weights = node.parameters[0].floats, let bias = node.parameters[1].floats,
        let source = result.values[node.inputs[0]].quantization
      else { continue }
      let isLogits = consumers[node.output].isEmpty
      let quantizer = WeightQuantizer(
        input: source, output: isLogits ? nil : output.scale, options: options,
        means: calibration.inputMeans?[index], rounding: calibration.roundings?[index])
      let layer = isLogits ? quantizer.logits(weights, bias: bias) : quantizer.layer(weights, bias: bias)
      guard let layer else { throw QuantizationError(.scaleRange, node: names[index]) }
      result.nodes[index].parameters[0] = Tensor(
        shape: node.parameters[0].shape, storage: .int8(layer.weights), scales: layer.scales)
      result.nodes[index].parameters[1].storage = .int32(layer.bias)
      if isLogits {
        result.values[node.output].element = .int32
        result.values[node.output].quantization = Quantization(scale: layer.output, zeroPoint: 0)
      }
    }
    result.metadata.normalization = nil
    result.metadata.selfTest = nil
    do { try result.validate() } catch {
      throw QuantizationError(.graph(error.reason), node: error.node.map { names[$0] })
    }
    do { result.metadata.selfTest = SelfTest(of: try PreparedModel(result)) } catch {
      throw QuantizationError(.notRunnable(error.reason), node: error.node.map { names[$0] })
    }
    return result
  }

  private func quantizedValue(_ value: Int, _ quantization: Quantization) -> Value {
    Value(shape: model.values[value].shape, element: .uint8, quantization: quantization)
  }
}
