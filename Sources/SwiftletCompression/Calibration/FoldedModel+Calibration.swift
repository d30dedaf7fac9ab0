import SwiftletData
import SwiftletFloat
import SwiftletModel

extension FoldedModel {
  /// Observes every value over `count` images, taken evenly through `images` so that sorted classes all take part.
  ///
  /// Give training images: ranges chosen on the images that later score the model would flatter it. Memory does not
  /// depend on `count`.
  /// - Throws: `QuantizationError` where the images do not fit, or a value is NaN or infinite.
  public func calibrated(
    on images: Dataset, count: Int = 1024, threads: Int = 1
  ) throws(QuantizationError) -> Calibration {
    let expected = model.values[model.inputs[0]].shape
    let actual = Shape(height: images.height, width: images.width, channels: images.channels)
    guard actual == expected else { throw QuantizationError(.imageShape(expected: expected, actual: actual)) }
    let total = min(count, images.count)
    guard total > 0 else { throw QuantizationError(.noCalibrationImages) }
    let batch = 32
    let network: FloatNetwork
    do { network = try FloatNetwork(model, maxBatch: batch, threads: threads, fusesPools: false) } catch {
      throw QuantizationError(.graph(error.reason), node: error.node.map { names[$0] })
    }
    var calibration = Calibration(valueCount: model.values.count)
    for first in stride(from: 0, to: total, by: batch) {
      let chosen = (first..<min(first + batch, total)).map { $0 * images.count / total }
      let part = images.subset(chosen)
      part.images.withUnsafeBufferPointer { network.forward($0, count: part.count) }
      for (index, node) in model.nodes.enumerated() {
        guard calibration.observe(network.activations(of: node.output, count: part.count), value: node.output) else {
          throw QuantizationError(.nonFiniteActivation, node: names[index])
        }
      }
      for _ in chosen { calibration.imageObserved() }
    }
    return calibration
  }
}

extension Model {
  /// Post-training quantization in one call: folds, calibrates on `count` of `images`, quantizes.
  ///
  /// - Throws: `QuantizationError` naming the node that stands in the way.
  public func quantized(
    calibratingOn images: Dataset, count: Int = 1024, options: QuantizationOptions = QuantizationOptions(),
    threads: Int = 1
  ) throws(QuantizationError) -> Model {
    let folded = try FoldedModel(self)
    return try folded.quantized(try folded.calibrated(on: images, count: count, threads: threads), options: options)
  }
}
