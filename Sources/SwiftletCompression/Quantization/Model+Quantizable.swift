import SwiftletData
import SwiftletModel

extension Model {
  /// Tries, before any training, whether what this float network computes can become integers: quantization itself, on
  /// two images of noise, with the parameters as they are.
  ///
  /// What training changes (the scales of layers with weights) counts for nothing.
  /// - Throws: `QuantizationError` naming the node that stands in the way.
  public func checkQuantizable(threads: Int = 1) throws(QuantizationError) {
    let folded = try FoldedModel(self)
    let shape = folded.model.values[folded.model.inputs[0]].shape
    var noise = GoldenInput(seed: 1)
    let images = Dataset(
      height: shape.height, width: shape.width, channels: shape.channels,
      images: (0..<2 * shape.count).map { _ in noise.nextByte() }, labels: [0, 0], classNames: [])
    do {
      _ = try folded.quantized(folded.calibrated(on: images, threads: threads))
    } catch {
      let node = folded.names.firstIndex { $0 == error.node }
      let isTrained = node.map { folded.model.nodes[$0].op.isWeighted } ?? false
      switch error.reason {
      case .nonFiniteActivation, .graph(.accumulatorOverflow): return
      case .scaleRange, .graph(.multiplierRange): if !isTrained { throw error }
      default: throw error
      }
    }
  }
}
