import SwiftletModel
public import SwiftletRuntime

/// A class and its probability.
public struct RankedClass: Hashable, Sendable {
  public var index: Int
  /// In ten-thousandths.
  public var probability: Int
}

/// Runs a classifier of one u8 input and one output, and ranks the classes of each sample.
public struct Predictor {
  /// The most samples computed at a time; it bounds the memory for outputs.
  public static var batch: Int { 64 }

  public let classes: ClassLabels
  /// Elements of one sample.
  public let sampleSize: Int
  private let session: Session
  private let isInt32: Bool
  private let quantization: Quantization
  private let top: Int

  /// - Parameters:
  ///   - prepared: A model of one input and one output.
  ///   - top: Classes to rank for each sample, all where the model has fewer.
  /// - Throws: `PredictError` where the output is no vector of quantized scores.
  public init(_ prepared: PreparedModel, top: Int = 1, threads: Int = 1) throws(PredictError) {
    let model = prepared.model
    let output = model.values[model.outputs[0]]
    guard let quantization = output.quantization else { throw .noQuantization }
    guard output.shape.isVector else { throw .notAVector(output.shape) }
    self.quantization = quantization
    isInt32 = output.element == .int32
    classes = ClassLabels(names: model.metadata.labels, count: output.shape.count)
    sampleSize = model.values[model.inputs[0]].shape.count
    self.top = min(top, classes.count)
    session = Session(prepared, threads: threads)
  }

  /// The scores of each of `count` samples, at most `batch`, `[sample][class]`.
  public func scores(_ samples: Span<UInt8>, count: Int) -> [Int32] {
    if isInt32 {
      var logits = [Int32](repeating: 0, count: count * classes.count)
      var room = logits.mutableSpan
      session.run(samples, batch: count, into: &room)
      return logits
    }
    var bytes = [UInt8](repeating: 0, count: count * classes.count)
    var room = bytes.mutableSpan
    session.run(samples, batch: count, into: &room)
    return bytes.map { Int32($0) - Int32(quantization.zeroPoint) }
  }

  /// The likeliest classes of sample `index` of `scores`, likeliest first, ties by the lower index.
  public func ranked(_ scores: [Int32], sample index: Int) -> [RankedClass] {
    rank(Array(scores[index * classes.count..<(index + 1) * classes.count]))
  }

  private func rank(_ scores: [Int32]) -> [RankedClass] {
    var order: [Int] = []
    order.reserveCapacity(top + 1)
    for index in scores.indices {
      if order.count == top && scores[index] <= scores[order[top - 1]] { continue }
      var place = order.count
      while place > 0 && scores[order[place - 1]] < scores[index] { place -= 1 }
      order.insert(index, at: place)
      if order.count > top { order.removeLast() }
    }
    let shares = IntegerSoftmax.tenThousandths(scores, scale: quantization.scale)
    return order.map { RankedClass(index: $0, probability: shares[$0]) }
  }
}
