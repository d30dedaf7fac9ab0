import Foundation
import SwiftletCompression
import SwiftletTraining

/// Everything that decides how a float model becomes a small integer one, besides the model and the data.
///
/// First the channels are cut to `widths` and what is left is trained in floating point; then the weights are trained as
/// the integers that will run, while the least important ones are pruned until the file has `targetBytes`; then the
/// zeros and the scales stay, and the rest is trained on. A recipe is one JSON object; with the same model, data and
/// float kernels it gives the same file.
public struct ShrinkRecipe: Hashable, Sendable, Codable {
  /// Learning from the float model it started from, beside the labels.
  public struct Distillation: Hashable, Sendable, Codable {
    /// The share of the loss, 0...1.
    public var weight: Float
    public var temperature: Float

    public init(weight: Float = 0.5, temperature: Float = 1) {
      self.weight = weight
      self.temperature = temperature
    }
  }

  /// Channels that each weighted layer but the last keeps; nil leaves them all.
  public var widths: [Int]?
  /// Training after the cut, in floating point; no epochs where nothing is cut.
  public var floatTraining: TrainingConfiguration
  public var quantization: QuantizationAwareOptions
  /// Training in integers.
  public var training: TrainingConfiguration
  /// The file to aim at; nil prunes nothing.
  public var targetBytes: Int?
  /// Epochs of `training` over which the budget falls to the target, by the cubic schedule.
  public var pruningEpochs: Int
  /// Epochs of `training` after which weight scales stay; until then they follow the weights.
  public var scaleEpochs: Int
  /// So many epochs at the end of `training` are there to choose from, on the validation images; nil takes all that have
  /// the final size and scales. While rates are high the accuracy of an epoch is luck: the best of many is not the best.
  public var finalEpochs: Int?
  /// During the cut and during training in integers.
  public var floatDistillation, distillation: Distillation?
  /// Who is learnt from besides the float model; they are trained first. Absent is nobody.
  public var furtherTeachers: FurtherTeachers?
  /// Training images observed for activation ranges.
  public var calibrationCount: Int
  /// Says that the validation images are among those to train on, for a final run once everything is settled: the last
  /// epoch in integers is kept, and only it, and what is measured on them says nothing. `swiftlet shrink` then passes all images;
  /// who calls `ShrinkRun.run` must. Absent is false.
  public var usesAllImages: Bool?
  /// What the file holds besides the network; nil keeps names, labels and self-test.
  public var stored: StoredMetadata?

  public init(widths: [Int]? = nil, targetBytes: Int? = nil, epochs: Int = 60, floatEpochs: Int = 12, seed: UInt64 = 0)
  {
    self.widths = widths
    self.targetBytes = targetBytes
    floatTraining = PruningRun.fineTuning(epochs: widths == nil ? 0 : floatEpochs, seed: seed)
    floatTraining.learningRate = 2e-3
    floatTraining.augmentation = .light
    quantization = QuantizationAwareOptions()
    training = PruningRun.fineTuning(epochs: epochs, seed: seed &+ 1)
    training.learningRate = 2e-3
    training.augmentation = .light
    pruningEpochs = targetBytes == nil ? 0 : epochs / 3
    scaleEpochs = epochs / 2
    calibrationCount = 1024
  }

  /// The recipe as one JSON object, keys sorted.
  public func json() throws -> Data { try Self.encoder.encode(self) }

  static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return encoder
  }

  /// - Throws: `DecodingError` where the object lacks a key or a value has another type, `CompressionError` where a
  ///   value makes no sense.
  public init(json: Data) throws {
    self = try JSONDecoder().decode(ShrinkRecipe.self, from: json)
    try check()
  }

  /// Whether anything is learnt from teachers.
  public var distils: Bool {
    distillation?.weight ?? 0 > 0 || widths != nil && floatTraining.epochs > 0 && floatDistillation?.weight ?? 0 > 0
  }

  /// - Throws: `CompressionError.recipe` naming what makes no sense.
  public func check() throws(CompressionError) {
    guard !quantization.levels.isEmpty, quantization.levels.allSatisfy({ (1...127).contains($0) }) else {
      throw .recipe("levels must be from 1 to 127")
    }
    guard training.epochs >= 1, floatTraining.epochs >= 0 else { throw .recipe("training needs at least one epoch") }
    if let furtherTeachers {
      guard (1...16).contains(furtherTeachers.seeds.count), furtherTeachers.training.epochs >= 1 else {
        throw .recipe("from 1 to 16 further teachers train for at least one epoch")
      }
    }
    for phase in [floatTraining, training, furtherTeachers?.training].compactMap({ $0 }) { try Self.check(phase) }
    guard targetBytes ?? 1 > 0 else { throw .recipe("the target must be at least one byte") }
    guard (0..<training.epochs).contains(pruningEpochs), (0..<training.epochs).contains(scaleEpochs) else {
      throw .recipe("pruning and the training of scales must end before the last epoch")
    }
    guard finalEpochs ?? 1 >= 1 else { throw .recipe("there must be a final epoch to keep") }
    for distillation in [floatDistillation, distillation].compactMap({ $0 }) {
      guard (0...1).contains(distillation.weight), distillation.temperature > 0, distillation.temperature.isFinite
      else { throw .recipe("distillation takes a weight from 0 to 1 and a temperature above 0") }
    }
    guard calibrationCount >= 1 else { throw .recipe("calibration needs at least one image") }
  }

  /// Checks what any training of a recipe must keep to.
  static func check(_ phase: TrainingConfiguration) throws(CompressionError) {
    guard (0...100_000).contains(phase.epochs) else { throw .recipe("training takes from 0 to 100000 epochs") }
    guard (1...4096).contains(phase.batch) else { throw .recipe("a batch has from 1 to 4096 images") }
    guard phase.learningRate > 0, phase.learningRate.isFinite else {
      throw .recipe("the learning rate must be a number above 0")
    }
    guard (1...100_000).contains(phase.augmentationCycle ?? 1) else {
      throw .recipe("distortions come again after 1 to 100000 epochs")
    }
    guard (0...100_000).contains(phase.undistortedEpochs ?? 0) else {
      throw .recipe("from 0 to 100000 epochs at the end show undistorted images")
    }
  }
}
