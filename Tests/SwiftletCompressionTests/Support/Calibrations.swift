import Foundation
import SwiftletCompression
import SwiftletModel
import TestSupport

extension Calibration {
  /// A calibration from the plain double-precision network rather than from SwiftletFloat.
  static func of(_ model: Model, images: [[UInt8]]) -> Calibration {
    var calibration = Calibration(valueCount: model.values.count)
    let network = DoubleNetwork(model)
    for image in images {
      for (value, elements) in network.values(image.map { Double($0) / 255 }).enumerated() {
        let floats = elements.map { Float($0) }
        _ = floats.withUnsafeBufferPointer { calibration.observe($0, value: value) }
      }
      calibration.imageObserved()
    }
    return calibration
  }
}

/// 10 log10 of signal power over error power.
func signalToNoise(_ exact: [Double], _ approximate: [Double]) -> Double {
  let signal = exact.reduce(0) { $0 + $1 * $1 }
  let noise = zip(exact, approximate).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  return 10 * log10(signal / noise)
}

extension Model {
  /// The reals that one sample's output integers stand for.
  func reals(_ integers: [Double]) -> [Double] {
    let quantization = values[outputs[0]].quantization!
    return integers.map { quantization.scale.doubleValue * ($0 - Double(quantization.zeroPoint)) }
  }
}
