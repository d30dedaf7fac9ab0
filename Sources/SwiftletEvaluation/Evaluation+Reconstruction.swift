import SwiftletData
import SwiftletFloat
import SwiftletModel
import SwiftletRuntime

extension Evaluation {
  /// How near a model that gives back its input comes to it, pixels in 0...1.
  public struct Reconstruction: Hashable, Sendable, Codable {
    /// The mean squared error of each image, in order.
    public var squaredErrors: [Double]
    /// The images' `Dataset.pixelVariance`.
    public var variance: Double

    public var meanSquaredError: Double { squaredErrors.reduce(0, +) / Double(max(squaredErrors.count, 1)) }

    /// The share of the images' variance that the model gives back, in percent: 100 * (1 - mean squared error /
    /// variance), the coefficient of determination weighted by the pixels' variances.
    ///
    /// 100 is perfect, 0 no better than the mean image; below 0 worse. Images that are all alike have no variance: 100
    /// where they are given back exactly, else 0.
    public var explainedVariance: Double {
      Dataset.explainedVariance(meanSquaredError: meanSquaredError, variance: variance)
    }
  }

  /// Scores a model whose output has its input's shape; labels take no part.
  static func reconstruction(
    _ model: Model, on data: Dataset, threads: Int, memoryLimit: Int?
  ) throws(EvaluationError) -> Evaluation {
    let errors =
      try model.isQuantized
      ? integerErrors(model, on: data, threads: threads, memoryLimit: memoryLimit)
      : floatErrors(model, on: data, threads: threads)
    return Evaluation(
      Reconstruction(squaredErrors: errors, variance: data.pixelVariance), classNames: data.classNames)
  }

  private static func floatErrors(
    _ model: Model, on data: Dataset, threads: Int
  ) throws(EvaluationError) -> [Double] {
    let network: FloatNetwork
    do { network = try FloatNetwork(model, maxBatch: batch, threads: threads) } catch {
      throw .notRunnable("the model is not valid: \(error.reason)")
    }
    let result = errors(on: data) { images, count in
      images.withUnsafeBufferPointer { network.forward($0, count: count) }
      return network.activations(of: model.outputs[0], count: count).map(Double.init)
    }
    guard result.allSatisfy(\.isFinite) else { throw .notRunnable("the model's output is not finite; train it again") }
    return result
  }

  private static func integerErrors(
    _ model: Model, on data: Dataset, threads: Int, memoryLimit: Int?
  ) throws(EvaluationError) -> [Double] {
    let output = model.values[model.outputs[0]]
    guard let quantization = output.quantization else { throw .notRunnable("the output has no quantization") }
    let prepared: PreparedModel
    do { prepared = try PreparedModel(model, maxBatch: batch, memoryLimit: memoryLimit) } catch {
      throw .notRunnable("the runtime refuses the model: \(error.reason)")
    }
    let session = Session(prepared, threads: threads)
    let scale = quantization.scale.doubleValue
    return errors(on: data) { images, count in
      guard output.element == .int32 else {
        var integers = [UInt8](repeating: 0, count: count * output.shape.count)
        var room = integers.mutableSpan
        session.run(images.span, batch: count, into: &room)
        return integers.map { scale * Double(Int($0) - quantization.zeroPoint) }
      }
      var integers = [Int32](repeating: 0, count: count * output.shape.count)
      var room = integers.mutableSpan
      session.run(images.span, batch: count, into: &room)
      return integers.map { scale * Double($0) }
    }
  }

  /// The mean squared error of each image, whose outputs `outputs` computes a batch at a time.
  private static func errors(
    on data: Dataset, outputs: (_ images: ArraySlice<UInt8>, _ count: Int) -> [Double]
  ) -> [Double] {
    let size = data.imageByteCount
    var result: [Double] = []
    result.reserveCapacity(data.count)
    for first in stride(from: 0, to: data.count, by: batch) {
      let count = min(batch, data.count - first)
      let images = data.images[first * size..<(first + count) * size]
      let reals = outputs(images, count)
      for image in 0..<count {
        var sum = 0.0
        for i in image * size..<(image + 1) * size {
          let difference = reals[i] - Double(images[images.startIndex + i]) / 255
          sum += difference * difference
        }
        result.append(sum / Double(size))
      }
    }
    return result
  }
}
