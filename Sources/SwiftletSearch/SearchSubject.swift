import SwiftletData
import SwiftletEvaluation
import SwiftletModel

/// What a search is about: a float model, its images, what is asked for, and how the float model itself does.
package struct SearchSubject {
  package let model: Model
  package let training, validation: Dataset
  package let options: CompressionOptions
  /// Training images that widths and levels are chosen on.
  let sample: Dataset
  /// Training images that candidates are scored on too.
  let trainingImages: Dataset
  /// The float model on the validation images.
  package let float: Evaluation
  /// The time of a validation image in floating point.
  let floatSecondsPerImage: Double
  /// The float model's quality on `trainingImages`.
  let floatTrainingPoints: Double

  /// Images: each rung of the ladder and each choice of levels is a pass over them.
  private static let sampleCount = 512
  /// Images: enough that luck with them is below a tenth of a point, few enough that scoring takes seconds.
  private static let trainingImageCount = 20_000

  /// Scores the float model.
  ///
  /// - Throws: `EvaluationError`.
  package init(_ model: Model, training: Dataset, validation: Dataset, options: CompressionOptions) throws {
    self.model = model
    self.training = training
    self.validation = validation
    self.options = options
    sample = training.subset(0..<min(Self.sampleCount, training.count))
    trainingImages = training.subset(0..<min(Self.trainingImageCount, training.count))
    let start = ContinuousClock.now
    float = try Evaluation.of(model, on: validation, threads: options.threads)
    floatSecondsPerImage = (ContinuousClock.now - start) / .seconds(1) / Double(max(float.imageCount, 1))
    floatTrainingPoints = try Evaluation.of(model, on: trainingImages, threads: options.threads).quality
  }

  /// The float model's quality on the validation images, in percent.
  package var floatPoints: Double { float.quality }

  /// One standard error of a quality on the validation images, in points.
  package var resolution: Double { float.resolution }

  /// Images per step: some fifty steps an epoch at least, as far as whole vectors of images allow.
  var batch: Int {
    if let batch = options.batch { return batch }
    var batch = Batch.usual
    while batch > Batch.smallest, training.count / batch < Batch.leastSteps { batch /= 2 }
    return batch
  }

  private enum Batch {
    static let usual = 64
    /// The floats of the widest vector.
    static let smallest = 16
    /// An epoch.
    static let leastSteps = 50
  }

  /// Whether what is looked for lacks the weights for all that it could be taught.
  func skipsDistillation(after candidates: [CompressionCandidate]) -> Bool {
    options.budget.skipsDistillation(floatPoints: floatPoints, resolution: resolution, lost: candidates.leastLost)
  }
}
