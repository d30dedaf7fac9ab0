import SwiftletData
import SwiftletModel
import SwiftletRuntime

extension Evaluation {
  static let batch = 64

  /// Scores a quantized model with the integer runtime, `batch` images at a time.
  static func integer(_ model: Model, on data: Dataset, threads: Int) throws(EvaluationError) -> Evaluation {
    let prepared: PreparedModel
    do { prepared = try PreparedModel(model, maxBatch: batch) } catch {
      throw .notRunnable("the runtime refuses the model: \(error.reason)")
    }
    let session = Session(prepared, threads: threads)
    let classes = model.values[model.outputs[0]].shape.count
    let isInt32 = model.values[model.outputs[0]].element == .int32
    var logits = [Int32](repeating: 0, count: batch * classes)
    var bytes = [UInt8](repeating: 0, count: batch * classes)
    var predictions: [Int] = []
    predictions.reserveCapacity(data.count)
    for first in stride(from: 0, to: data.count, by: batch) {
      let count = min(batch, data.count - first)
      let images = data.images.span.extracting(first * data.imageByteCount..<(first + count) * data.imageByteCount)
      if isInt32 {
        var output = logits.mutableSpan
        var part = output.extracting(0..<count * classes)
        session.run(images, batch: count, into: &part)
      } else {
        var output = bytes.mutableSpan
        var part = output.extracting(0..<count * classes)
        session.run(images, batch: count, into: &part)
      }
      for image in 0..<count {
        let range = image * classes..<(image + 1) * classes
        predictions.append(isInt32 ? logits[range].firstMaximum : bytes[range].firstMaximum)
      }
    }
    return Evaluation(predictions: predictions, on: data)
  }
}

extension ArraySlice where Element: Comparable {
  /// The position of the greatest element, the first of equals, counted from the slice's start.
  var firstMaximum: Int {
    var best = startIndex
    for index in indices where self[index] > self[best] { best = index }
    return best - startIndex
  }
}
