import SwiftletData
import SwiftletFloat
import SwiftletModel

extension Evaluation {
  /// Scores a model, float or quantized, on images, 64 at a time: a classifier by their labels, its classes found among
  /// theirs by name (`ClassMapping`), a model that gives back its input (`Model.reconstructsInput`) by its mean squared
  /// error, u8 outputs taken for the reals they stand for.
  ///
  /// - Throws: `EvaluationError` where model and images do not fit together.
  public static func of(
    _ model: Model, on data: Dataset, threads: Int = 1, memoryLimit: Int? = nil
  ) throws(EvaluationError) -> Evaluation {
    guard data.count > 0 else { throw .noImages }
    guard model.inputs.count == 1, model.outputs.count == 1 else { throw .endpoints }
    let input = model.values[model.inputs[0]].shape
    let images = Shape(height: data.height, width: data.width, channels: data.channels)
    guard input == images else { throw .imageShape(model: input, images: images) }
    if model.reconstructsInput {
      return try reconstruction(model, on: data, threads: threads, memoryLimit: memoryLimit)
    }
    guard data.isLabelled else { throw .noLabels }
    let outputs = model.values[model.outputs[0]].shape.count
    guard outputs == data.classNames.count else { throw .classCount(model: outputs, images: data.classNames.count) }
    let mapping: ClassMapping
    do throws(ClassMismatch) { mapping = try ClassMapping(model, classNames: data.classNames) } catch {
      throw .classesDiffer(error)
    }
    let result =
      model.isQuantized
      ? try integer(model, on: data, threads: threads, memoryLimit: memoryLimit)
      : try float(model, on: data, threads: threads)
    guard !mapping.isIdentity else { return result }
    return Evaluation(predictions: result.predictions.map { mapping.classes[$0] }, on: data)
  }

  private static func float(_ model: Model, on data: Dataset, threads: Int) throws(EvaluationError) -> Evaluation {
    let network: FloatNetwork
    do { network = try FloatNetwork(model, maxBatch: batch, threads: threads) } catch {
      throw .notRunnable("the model is not valid: \(error.reason)")
    }
    let classes = data.classNames.count
    var predictions: [Int] = []
    predictions.reserveCapacity(data.count)
    data.images.withUnsafeBufferPointer { images in
      for first in stride(from: 0, to: data.count, by: batch) {
        let count = min(batch, data.count - first)
        let range = first * data.imageByteCount..<(first + count) * data.imageByteCount
        network.forward(UnsafeBufferPointer(rebasing: images[range]), count: count)
        predictions += Array(network.activations(of: model.outputs[0], count: count)).rowMaxima(classes)
      }
    }
    return Evaluation(predictions: predictions, on: data)
  }
}
