import SwiftletCompression
import SwiftletData
import SwiftletFormat
import SwiftletModel
import SwiftletTraining

/// How a compression is getting on.
public enum CompressionEvent: Sendable {
  /// The float model's score on the validation images.
  case floatScored(correct: Int, total: Int)
  /// Pruning to this sparsity begins.
  case pruning(sparsity: Double)
  case training(TrainingEvent)
  case candidate(CompressionReport.Candidate)
}

/// The smallest model found within the budget.
public struct CompressionResult: Sendable {
  /// Quantized, with self-test and provenance.
  public var model: Model
  public var file: WrittenModel
  /// The float model it was quantized from.
  public var pruned: Model
  public var report: CompressionReport
}

/// Prunes, fine-tunes, quantizes and packs a float model to an accuracy budget.
///
/// The dense model first, then one sparsity after the other, each fine-tuned from the last, until one misses the
/// budget; then the gap is halved a few times. Each is quantized with ever fewer weight levels while it meets the
/// budget. The smallest file wins. Accuracy is measured on the validation images recorded in the model, which no
/// training and no calibration sees; test images are never looked at.
public struct Compressor: Sendable {
  public let options: CompressionOptions
  let model: Model
  let training, validation: Dataset
  let split: DataSplit

  /// Holds out the validation images that the model's training did.
  ///
  /// - Parameter data: The images the model was trained on, validation included.
  /// - Throws: `CompressionError` where they are not.
  public init(
    _ model: Model, data: Dataset, options: CompressionOptions = CompressionOptions()
  ) throws(CompressionError) {
    guard !model.isQuantized else { throw .quantized }
    let parts = try HeldOut(model, data: data)
    self.model = model
    self.options = options
    training = parts.training
    validation = parts.validation
    split = parts.split
  }

  /// Finds the smallest file within the budget.
  ///
  /// - Throws: `CompressionError`, or what pruning, training, quantization or evaluation throws.
  public func run(
    isCancelled: @escaping () -> Bool = { false }, onEvent: @escaping (CompressionEvent) -> Void = { _ in }
  ) throws -> CompressionResult {
    var search = try Search(self, isCancelled: isCancelled, onEvent: onEvent)
    var (low, high) = (0.0, 1.0)
    var current = model
    _ = try search.tryQuantizing(model, sparsity: 0)
    for sparsity in options.sparsities.sorted() {
      let pruned = try search.prune(current, to: sparsity)
      guard try search.tryQuantizing(pruned, sparsity: sparsity) else {
        high = sparsity
        break
      }
      (low, current) = (sparsity, pruned)
    }
    if high < 1 {
      for _ in 0..<options.refinements {
        let sparsity = (low + high) / 2
        let pruned = try search.prune(current, to: sparsity)
        if try search.tryQuantizing(pruned, sparsity: sparsity) {
          (low, current) = (sparsity, pruned)
        } else {
          high = sparsity
        }
      }
    }
    return try search.result()
  }
}

/// The validation images a model's training held out, found again in its data.
public struct HeldOut: Sendable {
  public let training, validation: Dataset
  public let split: DataSplit

  /// - Parameter data: The images the model was trained on, validation included.
  /// - Throws: `CompressionError.noSplit`, `.tooFewImages` or `.splitMismatch`.
  public init(_ model: Model, data: Dataset) throws(CompressionError) {
    guard let recorded = model.metadata.provenance?.split, recorded.validationCount > 0 else { throw .noSplit }
    guard recorded.validationCount < data.count else {
      throw .tooFewImages(count: data.count, validationCount: recorded.validationCount)
    }
    let parts = data.split(validationCount: recorded.validationCount, seed: recorded.seed)
    guard parts.split == recorded else {
      throw .splitMismatch(seed: recorded.seed, validationCount: recorded.validationCount)
    }
    (training, validation, split) = parts
  }
}
