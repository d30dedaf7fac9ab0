import SwiftletCompression
import SwiftletData
import SwiftletFloat
import SwiftletModel
import SwiftletRuntime

/// A network in training: some steps of Adam in integers, scales moving, weights being pruned.
package struct TrainedIntegers {
  package static let batch = 50

  package let quantized: QuantizationAwareNetwork
  package let network: FloatNetwork

  package init(
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
      Self.pass(network, images.subset(first..<first + Self.batch), key: UInt64(step))
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

  /// One training pass: cross-entropy of the labels, or, of a network that gives images, the squared error of each
  /// pixel. Returns the loss summed over the samples.
  @discardableResult
  package static func pass(_ network: FloatNetwork, _ part: Dataset, key: UInt64) -> Float {
    let size = part.imageByteCount
    guard network.model.values[network.model.outputs[0]].shape.count == size else {
      return part.images.withUnsafeBufferPointer {
        Float(network.train($0, labels: part.labels, count: part.count, key: key).loss)
      }
    }
    let images = part.images
    let factor = 1 / Float(part.count)
    network.trainingPass(count: part.count, key: key) { sample, x in
      for i in x.indices { x[i] = Float(images[sample * size + i]) / 255 }
    } lossGradient: { sample, y, dy in
      for i in y.indices { dy[i] = factor * (y[i] - Float(images[sample * size + i]) / 255) }
    }
    let outputs = network.activations(of: network.model.outputs[0], count: part.count)
    return zip(outputs, images).reduce(0) { sum, pair in
      let error = pair.0 - Float(pair.1) / 255
      return sum + error * error / 2
    }
  }

  /// How many values the training graph shows, and how many of their elements are not the runtime's integers.
  package func difference(over images: Dataset) throws -> (values: Int, elements: Int) {
    var model = try quantized.exported()
    model.outputs = model.nodes.map(\.output).filter { network.values(of: $0) != nil }
    let session = Session(try PreparedModel(model, maxBatch: Self.batch))
    var different = 0
    for first in stride(from: 0, to: images.count, by: Self.batch) {
      let part = images.subset(first..<first + Self.batch)
      part.images.withUnsafeBufferPointer { network.forward($0, count: Self.batch) }
      for (value, integers) in zip(model.outputs, session.outputs([part.images], batch: Self.batch)) {
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
}
