import SwiftletData
import SwiftletFloat
import SwiftletModel

extension FoldedModel {
  /// Observes every value over `count` images, taken evenly through `images` so that sorted classes all take part, and
  /// what else `options` need: the moments of each layer's input.
  ///
  /// Give training images: ranges chosen on the images that later score the model would flatter it. Memory does not
  /// depend on `count`.
  /// - Throws: `QuantizationError` where the images do not fit, or a value is NaN or infinite.
  public func calibrated(
    on images: Dataset, count: Int = 1024, options: QuantizationOptions = QuantizationOptions(), threads: Int = 1
  ) throws(QuantizationError) -> Calibration {
    let expected = model.values[model.inputs[0]].shape
    let actual = Shape(height: images.height, width: images.width, channels: images.channels)
    guard actual == expected else { throw QuantizationError(.imageShape(expected: expected, actual: actual)) }
    let total = min(count, images.count)
    guard total > 0 else { throw QuantizationError(.noCalibrationImages) }
    let batch = min(32, total)
    let network: FloatNetwork
    do { network = try FloatNetwork(model, maxBatch: batch, threads: threads, fusesPools: false) } catch {
      throw QuantizationError(.graph(error.reason), node: error.node.map { names[$0] })
    }
    var calibration = Calibration(valueCount: model.values.count)
    let isCompensated = options.rounding == .compensated
    var moments: [(node: Int, moments: InputMoments)] = []
    if isCompensated || options.correctsBias {
      for (index, node) in model.nodes.enumerated() {
        guard let length = node.op.filterLength(for: model.values[node.inputs[0]].shape) else { continue }
        moments.append((index, InputMoments(length: length, wantsGram: isCompensated)))
      }
    }
    for first in stride(from: 0, to: total, by: batch) {
      let chosen = (first..<min(first + batch, total)).map { $0 * images.count / total }
      let part = images.subset(chosen)
      part.images.withUnsafeBufferPointer { network.forward($0, count: part.count) }
      for (index, node) in model.nodes.enumerated() {
        guard calibration.observe(network.activations(of: node.output, count: part.count), value: node.output) else {
          throw QuantizationError(.nonFiniteActivation, node: names[index])
        }
      }
      for (node, moments) in moments {
        let value = model.nodes[node].inputs[0]
        let shape = model.values[value].shape
        guard let start = network.activations(of: value, count: part.count).baseAddress else { continue }
        for image in 0..<part.count { moments.add(start + image * shape.count, shape, model.nodes[node].op) }
      }
      for _ in chosen { calibration.imageObserved() }
    }
    if isCompensated || options.correctsBias { calibration.inputMeans = [:] }
    if isCompensated { calibration.roundings = [:] }
    for (node, moments) in moments {
      calibration.inputMeans?[node] = moments.mean
      guard let gram = moments.gram else { continue }
      calibration.roundings?[node] = CompensatedRounding(gram: gram, length: moments.length)
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
    let folded = try FoldedModel(self, equalizes: options.equalizesLayers)
    let calibration = try folded.calibrated(on: images, count: count, options: options, threads: threads)
    return try folded.quantized(calibration, options: options)
  }
}
