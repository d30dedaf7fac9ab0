import SwiftletModel

/// What the values of a model held over calibration images: one histogram each, however many images.
public struct Calibration: Sendable {
  public private(set) var histograms: [RangeHistogram]
  public private(set) var imageCount = 0
  /// By node, the mean of each of a filter's inputs; nil where calibration was not asked for it.
  var inputMeans: [Int: [Double]]?
  /// By node, how to round its weights; nil where calibration was not asked for it. A layer may have none.
  var roundings: [Int: CompensatedRounding]?

  /// An empty calibration of a model with so many values.
  public init(valueCount: Int) { histograms = Array(repeating: RangeHistogram(), count: valueCount) }

  /// Adds what `value` held.
  ///
  /// - Returns: false where an element is NaN or infinite.
  public mutating func observe(_ elements: UnsafeBufferPointer<Float>, value: Int) -> Bool {
    histograms[value].add(elements)
  }

  /// Counts an image whose values have all been observed.
  public mutating func imageObserved() { imageCount += 1 }
}
