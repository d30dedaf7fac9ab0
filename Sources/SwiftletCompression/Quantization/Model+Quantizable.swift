import SwiftletData
import SwiftletModel

extension Model {
  /// Tries, before any training, whether what this float network computes can become integers: quantization itself, on
  /// two images of noise, with the parameters as they are.
  ///
  /// What training changes (a scale, a range) counts for nothing.
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
      switch error.reason {
      case .scaleRange, .nonFiniteActivation, .graph(.multiplierRange), .graph(.accumulatorOverflow): return
      default: throw error
      }
    }
  }
}
