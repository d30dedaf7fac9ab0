import SwiftletModel
import SwiftletRuntime

extension QuantizationAwareNetwork {
  /// The integer model whose forward pass is the network's: its weights as they are rounded now, self-test included.
  ///
  /// - Throws: `QuantizationError` where the integers make no valid model.
  public func exported() throws(QuantizationError) -> Model {
    var result = model
    for value in model.values.indices {
      result.values[value].element = .uint8
      result.values[value].quantization = quantizations[value]
    }
    for layer in layers {
      let node = result.nodes[layer.node]
      result.nodes[layer.node].parameters[0] = Tensor(
        shape: node.parameters[0].shape, storage: .int8(layer.weights.map { Int8($0) }),
        scales: (0..<layer.channels).map { Scale(halfPower: layer.halfPowers[$0])! })
      result.nodes[layer.node].parameters[1].storage = .int32(layer.bias.map { Int32($0) })
      if layer.output == nil {
        result.values[node.output].element = .int32
        result.values[node.output].quantization = Quantization(scale: layer.logitScale, zeroPoint: 0)
      }
    }
    result.metadata.normalization = nil
    // The float model's; it would be a good part of a small file.
    result.metadata.provenance = nil
    result.metadata.selfTest = nil
    do { try result.validate() } catch { throw QuantizationError(.graph(error.reason)) }
    do { result.metadata.selfTest = SelfTest(of: try PreparedModel(result)) } catch {
      throw QuantizationError(.notRunnable(error.reason))
    }
    return result
  }
}
