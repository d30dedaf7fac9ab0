import SwiftletData
import SwiftletModel
import SwiftletRuntime

extension Evaluation {
  static let batch = 64

  /// Scores a quantized model with the integer runtime, `batch` images at a time.
  static func integer(
    _ model: Model, on data: Dataset, threads: Int, memoryLimit: Int?
  ) throws(EvaluationError) -> Evaluation {
    let prepared: PreparedModel
    do { prepared = try PreparedModel(model, maxBatch: batch, memoryLimit: memoryLimit) } catch {
      throw .notRunnable("the runtime refuses the model: \(error.reason)")
    }
    let session = Session(prepared, threads: threads)
    let classes = model.values[model.outputs[0]].shape.count
    let isInt32 = model.values[model.outputs[0]].element == .int32
    var predictions: [Int] = []
    predictions.reserveCapacity(data.count)
    for first in stride(from: 0, to: data.count, by: batch) {
      let count = min(batch, data.count - first)
      let images = data.images.span.extracting(first * data.imageByteCount..<(first + count) * data.imageByteCount)
      if isInt32 {
        var logits = [Int32](repeating: 0, count: count * classes)
        var output = logits.mutableSpan
        session.run(images, batch: count, into: &output)
        predictions += logits.rowMaxima(classes)
      } else {
        var bytes = [UInt8](repeating: 0, count: count * classes)
        var output = bytes.mutableSpan
        session.run(images, batch: count, into: &output)
        predictions += bytes.rowMaxima(classes)
      }
    }
    return Evaluation(predictions: predictions, on: data)
  }
}

extension Array where Element: Comparable {
  /// The position of the greatest element of each row, the first of equals.
  func rowMaxima(_ columns: Int) -> [Int] {
    stride(from: 0, to: count, by: columns).map { start in
      var best = start
      for index in start..<start + columns where self[index] > self[best] { best = index }
      return best - start
    }
  }
}
