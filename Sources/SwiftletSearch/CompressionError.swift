import SwiftletData
import SwiftletTraining

/// Why a model could not be compressed, besides the errors of the single steps.
public enum CompressionError: Error, Hashable, Sendable {
  case quantized
  /// The model does not record which images were held out of its training.
  case noSplit
  /// The images held out by the recorded seed and count are not those of training.
  case splitMismatch(seed: UInt64, validationCount: Int)
  /// Fewer images than the split holds out, or none left to train on.
  case tooFewImages(count: Int, validationCount: Int)
  /// The images have other classes than the model.
  case classesDiffer(ClassMismatch)
  /// The images have another size than the model's input.
  case imageShape(model: String, images: String)
  /// Not even the graph with the narrowest layers and all weights 0 has so few bytes.
  case targetBelowGraph(target: Int, least: Int)
  /// Not even the graph with the narrowest layers is so fast.
  case targetBelowLatency(target: Double, least: Double)
  /// No candidate met the budget: the nearest, and what keeps it out.
  case budgetNotMet(CompressionCandidate, [CompressionBudget.Shortfall])
  case cancelled
  /// A recipe's value makes no sense: a line about which.
  case recipe(String)
  /// The file cannot be written: a line about why.
  case notWritable(String)
  /// A search to be resumed is of another model, data or options, which differ in this.
  case otherSearch([RunDifference])
  /// What a search to be resumed holds makes no sense.
  case damagedSearch
}

extension CompressionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .classesDiffer(let mismatch): mismatch.description
    case .quantized: "the model is quantized already; compress the float model that 'swiftlet train' wrote"
    case .noSplit:
      "the model does not record which images were held out of its training, so no accuracy measured on this data would "
        + "be honest; train it with --validation above 0"
    case .splitMismatch(let seed, let count):
      "these are not the images the model was trained on: holding out \(count) by seed \(seed) gives others than "
        + "training did; give the same --data"
    case .tooFewImages(let count, let validationCount):
      "\(count) images are too few: \(validationCount) were held out of training; give the same --data"
    case .imageShape(let model, let images):
      "the model takes images of \(model) (height x width x channels), these are \(images)"
    case .targetBelowGraph(let target, let least):
      "\(target) bytes cannot be reached: with the narrowest layers and no weights the file still has \(least)"
    case .targetBelowLatency(let target, let least):
      "\(target) microseconds cannot be reached: with the narrowest layers a call still takes "
        + "\(least.rounded(places: 2)) on this machine"
    case .budgetNotMet(let nearest, let shortfalls):
      "no candidate meets the budget: the nearest is \(nearest.summary), but "
        + shortfalls.map(\.description).joined(separator: " and ")
    case .cancelled: "stopped before any result was written"
    case .recipe(let why): "the recipe cannot be followed: \(why)"
    case .notWritable(let why): why
    case .otherSearch(let differences):
      "the stopped search is of another model, data or options: \(differences.text); give the same to resume, or start "
        + "anew with --force instead of --resume"
    case .damagedSearch: "is no intact state of a search; give --force instead of --resume to start anew"
    }
  }
}
