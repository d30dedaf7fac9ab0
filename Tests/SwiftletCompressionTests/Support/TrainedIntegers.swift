import SwiftletCompression
import SwiftletData
import SwiftletFloat
import SwiftletModel
import SwiftletRuntime

/// A network in training: some steps of Adam in integers, scales moving, weights being pruned.
struct TrainedIntegers {
  static let batch = 50

  let quantized: QuantizationAwareNetwork
  let network: FloatNetwork

  init(
    _ folded: FoldedModel, images: Dataset, levels: [Int], steps: Int, keepsEveryValue: Bool = false
  ) throws {
    let calibration = try folded.calibrated(on: images, count: 128)
    quantized = try QuantizationAwareNetwork(
      folded, calibration: calibration, options: QuantizationAwareOptions(levels: levels))
    network = try FloatNetwork(quantized.trainable, maxBatch: Self.batch, threads: 1, fusesPools: !keepsEveryValue)
    quantized.attach(to: network)
    let optimizer = Optimizer(.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7), weightDecay: 0, network: network)
    let pruner = FisherPruner(quantized)
    for step in 0..<steps {
      let first = step * Self.batch % images.count
      QuantizationAwareGraphs.train(network, images.subset(first..<first + Self.batch), key: UInt64(step))
      quantized.takeGradients(network)
      pruner.takeGradients(network)
      optimizer.step(rate: 3e-3)
      pruner.apply(to: network)
      quantized.refresh(network)
      if step == steps / 2 {
        pruner.prune(network, toBits: pruner.bits * 0.7)
        quantized.refitScales(network)
        quantized.refresh(network)
      }
    }
  }

  /// How many values the training graph shows, and how many of their elements are not the runtime's integers.
  func difference(over images: Dataset) throws -> (values: Int, elements: Int) {
    var model = try quantized.exported()
    model.outputs = model.nodes.map(\.output).filter { network.values(of: $0) != nil }
    let session = Session(try PreparedModel(model, maxBatch: Self.batch))
    var different = 0
    for first in stride(from: 0, to: images.count, by: Self.batch) {
      let part = images.subset(first..<first + Self.batch)
      part.images.withUnsafeBufferPointer { network.forward($0, count: Self.batch) }
      for (value, integers) in zip(model.outputs, run(session, part)) {
        guard let quantization = model.values[value].quantization else { throw Missing.quantization }
        let unit = model.values[value].element == .int32 ? Float(quantization.scale.doubleValue) : 1
        let elements = network.activations(of: value, count: Self.batch)
        guard elements.count == integers.count else { throw Missing.elements }
        for (u, q) in zip(elements, integers) where u != Float(Int(q) - quantization.zeroPoint) * unit {
          different += 1
        }
      }
    }
    return (model.outputs.count, different)
  }

  private enum Missing: Error { case quantization, elements }

  private func run(_ session: Session, _ part: Dataset) -> [[Int32]] {
    let model = session.model.model
    let buffers = model.outputs.map { value in
      UnsafeMutableRawPointer.allocate(byteCount: 4 * Self.batch * model.values[value].shape.count, alignment: 64)
    }
    defer { for buffer in buffers { buffer.deallocate() } }
    part.images.withUnsafeBufferPointer { images in
      let inputs = [images.baseAddress!]
      session.run(inputs: inputs.span, batch: Self.batch, outputs: buffers.span)
    }
    return zip(model.outputs, buffers).map { value, buffer in
      let count = Self.batch * model.values[value].shape.count
      return model.values[value].element == .int32
        ? Array(UnsafeBufferPointer(start: buffer.assumingMemoryBound(to: Int32.self), count: count))
        : UnsafeBufferPointer(start: buffer.assumingMemoryBound(to: UInt8.self), count: count).map(Int32.init)
    }
  }
}
