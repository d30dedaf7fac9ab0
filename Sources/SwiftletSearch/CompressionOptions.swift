import SwiftletCompression
import SwiftletData
import SwiftletTraining

/// What `Compressor` may spend, try and store.
public struct CompressionOptions: Sendable, Hashable, Codable {
  /// How long the search lasts.
  public enum Effort: Sendable, Hashable, Codable {
    /// Wall-clock minutes; the machine's speed decides what is tried.
    case minutes(Double)
    /// Epochs of training over all candidates together: the same on every machine.
    case epochs(Int)
  }

  public var budget: CompressionBudget
  public var effort: Effort
  /// Distortions of the training images.
  public var augmentation: Augmentation?
  /// Images per step; nil chooses by the number of training images.
  public var batch: Int?
  public var seed: UInt64
  /// Training images observed for activation ranges.
  public var calibrationCount: Int
  public var threads: Int
  /// What the file holds besides the network.
  public var stored: StoredMetadata
  /// Numbers of integer levels of post-training quantization, falling; fewer pack smaller.
  public var weightLevels: [Int]
  /// Whether the nearest candidate is the result where none meets the budget.
  public var acceptsNearMiss: Bool

  public init(_ budget: CompressionBudget = CompressionBudget(), effort: Effort = .standard) {
    self.budget = budget
    self.effort = effort
    seed = 0
    calibrationCount = 1024
    threads = 1
    stored = StoredMetadata()
    acceptsNearMiss = false
    weightLevels = [127, 31, 15, 7]
  }
}

extension CompressionOptions.Effort {
  /// Four and a half minutes, so that all is done in five.
  public static var quick: Self { .minutes(4.5) }
  /// A quarter of an hour.
  public static var standard: Self { .minutes(15) }
  /// An hour.
  public static var thorough: Self { .minutes(58) }

  var countsEpochs: Bool { if case .epochs = self { true } else { false } }

  /// Seconds, or epochs.
  var total: Double {
    switch self {
    case .minutes(let minutes): 60 * minutes
    case .epochs(let count): Double(count)
    }
  }
}

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

extension Double {
  package func rounded(places: Int) -> Double {
    var factor = 1.0
    for _ in 0..<places { factor *= 10 }
    return (self * factor).rounded() / factor
  }
}
