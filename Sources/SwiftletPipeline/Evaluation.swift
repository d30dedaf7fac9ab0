import SwiftletCompression
import SwiftletData
import SwiftletModel

/// How a model did on labelled images.
public struct Evaluation: Hashable, Sendable, Codable {
  public var classNames: [String]
  /// `confusion[actual][predicted]` counts images.
  public var confusion: [[Int]]
  /// The class predicted for each image, in order.
  public var predictions: [Int]
  public var correctCount: Int

  public var imageCount: Int { predictions.count }
  /// Correct predictions of all, 0...1.
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
}

/// Why a model cannot be scored on images.
public enum EvaluationError: Error, Hashable, Sendable {
  /// The model takes other images.
  case imageShape(model: Shape, images: Shape)
  /// The model tells another number of classes apart.
  case classCount(model: Int, images: Int)
  /// Not one input and one output.
  case endpoints
  case noImages
  /// The runtime refuses the model; a line about why.
  case notRunnable(String)
}

extension EvaluationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .imageShape(let model, let images):
      "the model takes images of \(model.text) (height x width x channels), these are \(images.text)"
    case .classCount(let model, let images): "the model has \(model) outputs for \(images) classes of images"
    case .endpoints: "only models with one input and one output can be scored"
    case .noImages: "there are no images to score"
    case .notRunnable(let why): why
    }
  }
}
