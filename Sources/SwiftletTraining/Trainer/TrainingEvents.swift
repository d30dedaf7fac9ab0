import SwiftletFloat
import SwiftletModel

/// How a run is getting on, after each batch.
public struct TrainingProgress: Sendable {
  /// From 1.
  public var epoch, epochs: Int
  public var batch, batches: Int
  /// Over the epoch so far.
  public var loss, accuracy: Double
  public var imagesPerSecond: Double
  public var secondsLeft: Double
  /// What `loss` is; with the mean squared error the accuracy is 0 and says nothing.
  public var kind = Loss.crossEntropy

  /// From 0 to 1 over the whole run.
  public var fraction: Double { (Double(epoch - 1) + Double(batch) / Double(max(batches, 1))) / Double(max(epochs, 1)) }
}

/// One epoch's outcome.
public struct EpochSummary: Sendable, Hashable {
  /// From 1.
  public var epoch: Int
  /// Mean over the training images as they were seen, augmented and with dropout.
  public var trainingLoss, trainingAccuracy: Double
  public var validationLoss: Double
  public var validationCorrect, validationCount: Int
  public var seconds: Double
  /// Whether this is the best epoch so far on validation; ties go to the lower loss.
  public var isBest: Bool
  /// What the losses are; with the mean squared error there are no correct predictions.
  public var kind = Loss.crossEntropy
  /// What is to be kept, in points, as `Evaluation.quality` has it: accuracy or explained variance in percent.
  public var validationQuality: Double

  public var validationAccuracy: Double { Double(validationCorrect) / Double(max(validationCount, 1)) }

  package init(
    epoch: Int, trainingLoss: Double, trainingAccuracy: Double, validationLoss: Double, validationCorrect: Int,
    validationCount: Int, seconds: Double, isBest: Bool, kind: Loss = .crossEntropy, validationQuality: Double
  ) {
    self.epoch = epoch
    self.trainingLoss = trainingLoss
    self.trainingAccuracy = trainingAccuracy
    self.validationLoss = validationLoss
    self.validationCorrect = validationCorrect
    self.validationCount = validationCount
    self.seconds = seconds
    self.isBest = isBest
    self.kind = kind
    self.validationQuality = validationQuality
  }
}

public enum TrainingEvent: Sendable {
  case progress(TrainingProgress)
  case epoch(EpochSummary)
}

/// Why training could not go on, in one line with advice.
public enum TrainingError: Error, Sendable, CustomStringConvertible {
  /// The loss became NaN, infinite or absurd.
  case diverged(epoch: Int, loss: Double, learningRate: Float)
  /// The network's output count is not the number of classes.
  case classCount(outputs: Int, classes: Int)
  /// The images have no labels and the network is a classifier.
  case noLabels
  /// The loss asked for is not what the network's output is for.
  case loss(Loss)
  /// The images have another size than the network's input.
  case imageSize(images: String, input: String)
  /// The validation split leaves nothing to train on.
  case tooFewImages(count: Int, validation: Int)
  /// The checkpoint belongs to another run, which differs in this; nothing where its tensors do not fit.
  case otherRun([RunDifference])
  /// The checkpoint has more epochs than are asked for.
  case epochsDone(Int, asked: Int)
  /// The model has several inputs or outputs, or is quantized.
  case notTrainable(String)

  public var description: String {
    switch self {
    case .diverged(let epoch, let loss, let rate):
      "training diverged in epoch \(epoch) (loss \(loss)): lower the learning rate (now \(rate))"
    case .classCount(let outputs, let classes):
      "the network has \(outputs) outputs and the data \(classes) classes; give the last layer \(classes) units, or "
        + "other data"
    case .noLabels:
      "the images have no labels, which a classifier needs: give class folders, or train a network whose output has "
        + "the shape of its input (such as 'autoencoder')"
    case .loss(.crossEntropy):
      "the network gives back its input; it is trained by mean squared error, not cross-entropy"
    case .loss(.meanSquaredError): "the network's output has another shape than its input; it needs cross-entropy"
    case .imageSize(let images, let input):
      "the images are \(images) (height x width x channels) and the network's input is \(input); change 'input' in the "
        + "architecture, or give other images"
    case .tooFewImages(let count, let validation):
      "\(count) images cannot give up \(validation) for validation; lower the validation count"
    case .otherRun(let differences):
      "the checkpoint is of another run: \(differences.isEmpty ? "its tensors do not fit" : differences.text); give the "
        + "same to resume, or start anew with --force instead of --resume"
    case .epochsDone(let done, let asked):
      "the checkpoint has \(done) epochs behind it, more than the \(asked) asked for; give --epochs \(done) or more"
    case .notTrainable(let reason): "this model cannot be trained: \(reason)"
    }
  }
}

public struct TrainingResult: Sendable {
  /// The best epoch's parameters (the last epoch's where nothing was held out).
  public var model: Model
  /// From 1; 0 where no epoch was finished or nothing was held out.
  public var bestEpoch: Int
  /// Correct predictions of the best epoch on the validation images.
  public var bestCorrect: Int
  /// Mean loss of the best epoch on the validation images; infinite where there is none.
  public var bestLoss: Double
  /// The epochs of this call; those before a resumption are not among them.
  public var history: [EpochSummary]
  /// Whether it was cancelled before the last epoch; the checkpoint then tells where to go on.
  public var isInterrupted: Bool
}
