import SwiftletData
import SwiftletModel

/// The validation images a model's training held out, found again in its data.
public struct HeldOut: Sendable {
  public let training, validation: Dataset
  public let split: DataSplit

  /// Which images a model's training held out.
  ///
  /// - Throws: `CompressionError.noSplit`.
  @discardableResult
  public static func split(of model: Model) throws(CompressionError) -> DataSplit {
    guard let recorded = model.metadata.provenance?.split, recorded.validationCount > 0 else { throw .noSplit }
    return recorded
  }

  /// Both parts have their classes in the model's order.
  ///
  /// - Parameter data: The images the model was trained on, validation included.
  /// - Throws: `CompressionError.noSplit`, `.tooFewImages`, `.classesDiffer` or `.splitMismatch`.
  public init(_ model: Model, data: Dataset) throws(CompressionError) {
    let recorded = try Self.split(of: model)
    guard recorded.validationCount < data.count else {
      throw .tooFewImages(count: data.count, validationCount: recorded.validationCount)
    }
    let ordered: Dataset
    do throws(ClassMismatch) { ordered = try data.inClassOrder(of: model) } catch { throw .classesDiffer(error) }
    let parts = ordered.split(validationCount: recorded.validationCount, seed: recorded.seed)
    guard parts.split == recorded else {
      throw .splitMismatch(seed: recorded.seed, validationCount: recorded.validationCount)
    }
    (training, validation, split) = parts
  }
}
