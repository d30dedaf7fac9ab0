import SwiftletData
import SwiftletModel

/// How a model did on images: a classifier by its predictions, one that gives back its input by its errors.
public struct Evaluation: Hashable, Sendable, Codable {
  public var classNames: [String]
  /// `confusion[actual][predicted]` counts images; empty where the model does not classify.
  public var confusion: [[Int]]
  /// The class predicted for each image, in order; empty where the model does not classify.
  public var predictions: [Int]
  public var correctCount: Int
  /// Present where the model gives back its input instead of classifying it.
  public var reconstruction: Reconstruction?

  public var imageCount: Int { reconstruction?.squaredErrors.count ?? predictions.count }
  /// What is to be kept, in points, in which drops are counted: accuracy or explained variance in percent.
  public var quality: Double { reconstruction?.explainedVariance ?? 100 * accuracy }
  /// Correct predictions of all, 0...1; 0 where the model does not classify.
  public var accuracy: Double { predictions.isEmpty ? 0 : Double(correctCount) / Double(imageCount) }

  init(predictions: [Int], on data: Dataset) {
    let classes = data.classNames.count
    classNames = data.classNames
    confusion = Array(repeating: Array(repeating: 0, count: classes), count: classes)
    correctCount = 0
    self.predictions = predictions
    for (label, prediction) in zip(data.labels, predictions) {
      confusion[Int(label)][prediction] += 1
      if Int(label) == prediction { correctCount += 1 }
    }
  }

  init(_ reconstruction: Reconstruction, classNames: [String]) {
    self.classNames = classNames
    self.reconstruction = reconstruction
    confusion = []
    predictions = []
    correctCount = 0
  }

  /// The entry for a model's provenance; none where there are no correct predictions to count.
  public func provenance(_ subset: Provenance.Accuracy.Subset) -> [Provenance.Accuracy] {
    reconstruction == nil ? [.init(subset, correct: correctCount, total: imageCount)] : []
  }
}

/// Why a model cannot be scored on images.
public enum EvaluationError: Error, Hashable, Sendable {
  /// The model takes other images.
  case imageShape(model: Shape, images: Shape)
  /// The model tells another number of classes apart.
  case classCount(model: Int, images: Int)
  /// The model's classes are others.
  case classesDiffer(ClassMismatch)
  /// Of two models to be compared one classifies and the other gives back its input.
  case kindsDiffer
  /// Not one input and one output.
  case endpoints
  case noImages
  /// The images have no labels and the model is a classifier.
  case noLabels
  /// The runtime refuses the model; a line about why.
  case notRunnable(String)
}

extension EvaluationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .imageShape(let model, let images):
      "the model takes images of \(model.text) (height x width x channels), these are \(images.text)"
    case .classCount(let model, let images): "the model has \(model) outputs for \(images) classes of images"
    case .classesDiffer(let mismatch): mismatch.description
    case .kindsDiffer: "one model classifies images and the other gives them back; there is nothing to compare"
    case .endpoints: "only models with one input and one output can be scored"
    case .noLabels:
      "the images have no labels, which a classifier needs to be scored; give class folders of images, or MNIST's files"
    case .noImages: "there are no images to score"
    case .notRunnable(let why): why
    }
  }
}
