import SwiftletCompression
import SwiftletData
import SwiftletFloat
import SwiftletModel
import SwiftletRuntime

/// A model, float or quantized, of which every layer's output can be looked at in real numbers.
///
/// A float model is folded first, as quantization does, so that its layers are those of the models made from it.
final class ObservedModel {
  /// The float model folded, or the quantized one as it is.
  let model: Model
  private let network: FloatNetwork?
  private let session: Session?
  /// Room for a batch of each node's output, aligned for s32.
  private let outputs: [UnsafeMutableRawPointer]
  static let batch = 32

  /// - Throws: `QuantizationError`, `GraphError` or `PrepareError` where the model cannot run.
  init(_ source: Model, threads: Int) throws {
    if source.isQuantized {
      var every = source
      every.outputs = source.nodes.map(\.output)
      model = source
      session = Session(try PreparedModel(every, maxBatch: Self.batch), threads: threads)
      network = nil
      outputs = source.nodes.map {
        let value = source.values[$0.output]
        return .allocate(byteCount: Self.batch * value.shape.count * value.element.byteCount, alignment: 4)
      }
    } else {
      model = try FoldedModel(source).model
      network = try FloatNetwork(model, maxBatch: Self.batch, threads: threads, fusesPools: false)
      session = nil
      outputs = []
    }
  }

  deinit { for output in outputs { output.deallocate() } }

  /// Replaces the weights and biases of a float model's nodes; the shapes stay.
  func setParameters(of replaced: [Int: Node]) {
    guard let network else { preconditionFailure("only a float model's parameters change") }
    for parameter in network.parameters {
      let node = replaced[parameter.node] ?? model.nodes[parameter.node]
      guard let elements = node.parameters[parameter.index].floats else { continue }
      parameter.withMutableValues { values in for i in values.indices { values[i] = elements[i] } }
    }
    network.parametersChanged()
  }

  /// Runs up to `batch` images.
  func run(_ images: Dataset) {
    precondition(images.count <= Self.batch, "at most one batch at a time")
    if let network {
      images.images.withUnsafeBufferPointer { network.forward($0, count: images.count) }
    } else if let session {
      images.images.withUnsafeBufferPointer { input in
        guard let input = input.baseAddress else { return }
        let (inputs, outputs) = ([input], outputs)
        session.run(inputs: inputs.span, batch: images.count, outputs: outputs.span)
      }
    }
  }

  /// The output of a node for image `image` of the last run, in NHWC order.
  func values(ofNode node: Int, image: Int) -> [Double] {
    let value = model.nodes[node].output
    let count = model.values[value].shape.count
    let range = image * count..<(image + 1) * count
    if let network {
      return network.activations(of: value, count: image + 1)[range].map(Double.init)
    }
    guard let quantization = model.values[value].quantization else { return [] }
    let scale = quantization.scale.doubleValue
    if model.values[value].element == .int32 {
      return range.map { scale * Double(outputs[node].load(fromByteOffset: 4 * $0, as: Int32.self)) }
    }
    return range.map {
      scale * Double(Int(outputs[node].load(fromByteOffset: $0, as: UInt8.self)) - quantization.zeroPoint)
    }
  }
}

extension Model {
  /// A quantized node's weights and bias as the reals they stand for.
  func dequantizedNode(_ index: Int) -> Node? {
    let node = nodes[index]
    guard node.op.isWeighted, let weights = node.parameters[0].int8s, let bias = node.parameters[1].int32s,
      let input = values[node.inputs[0]].quantization?.scale.doubleValue, !bias.isEmpty
    else { return nil }
    let scales = node.parameters[0].scales.map(\.doubleValue)
    let perFilter = weights.count / bias.count
    var result = node
    result.parameters[0].storage = .float32(
      weights.indices.map { Float(Double(weights[$0]) * scales[$0 / perFilter]) })
    result.parameters[1].storage = .float32(bias.indices.map { Float(Double(bias[$0]) * scales[$0] * input) })
    return result
  }
}
