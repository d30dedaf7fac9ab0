import SwiftletCompression
import SwiftletFormat
import SwiftletModel
import SwiftletTraining

/// What `Compressor` may spend and try.
public struct CompressionOptions: Sendable, Hashable {
  /// The most accuracy to lose on the validation images, in percentage points.
  public var maxDrop: Double
  /// Sparsities to try, rising; each starts from the one before. The first that misses the budget ends the climb.
  public var sparsities: [Double]
  /// How often the gap between the last sparsity that met the budget and the first that missed it is halved.
  public var refinements: Int
  public var pruning: PruningOptions
  /// Fine-tuning for each sparsity.
  public var training: TrainingConfiguration
  /// Ranges and scales; its weight levels are those of `weightLevels` in turn.
  public var quantization: QuantizationOptions
  /// Numbers of integer levels to try for the weights, falling; fewer pack smaller. The first to miss the budget ends
  /// the descent.
  public var weightLevels: [Int]
  /// Training images observed for activation ranges.
  public var calibrationCount: Int
  public var threads: Int
  /// How the file is stored.
  public var packing: Packing
  /// For the provenance in the file, UTF-8.
  public var tool, note: [UInt8]

  public init(maxDrop: Double = 0.1) {
    self.maxDrop = maxDrop
    sparsities = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98]
    refinements = 2
    pruning = PruningOptions()
    training = PruningRun.fineTuning(epochs: 4)
    quantization = QuantizationOptions(
      weightScales: .halfPower, searchesWeightScales: true, rounding: .compensated)
    weightLevels = [127, 31, 15, 7]
    calibrationCount = 1024
    threads = 1
    packing = .smallest
    tool = []
    note = []
  }

  /// Few sparsities and one epoch each: minutes become seconds, the file somewhat larger.
  public static func quick(maxDrop: Double = 0.1) -> CompressionOptions {
    var options = CompressionOptions(maxDrop: maxDrop)
    options.sparsities = [0.8, 0.9, 0.95]
    options.refinements = 0
    options.training.epochs = 2
    return options
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
  /// No candidate met the budget; the least drop seen, and the sparsity it came with.
  case budgetNotMet(maxDrop: Double, leastDrop: Double, sparsity: Double)
  case cancelled
  /// A recipe's value makes no sense: a line about which.
  case recipe(String)
  /// The file cannot be written: a line about why.
  case notWritable(String)
}

extension CompressionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .quantized: "the model is quantized already; compress the float model that 'swiftlet train' wrote"
    case .noSplit:
      "the model does not record which images were held out of its training, so no accuracy measured on this data would "
        + "be honest; train it with --validation above 0"
    case .splitMismatch(let seed, let count):
      "these are not the images the model was trained on: holding out \(count) by seed \(seed) gives others than "
        + "training did; give the same --data"
    case .tooFewImages(let count, let validationCount):
      "\(count) images are too few: \(validationCount) were held out of training; give the same --data"
    case .budgetNotMet(let maxDrop, let leastDrop, let sparsity):
      "no candidate stays within \(maxDrop) points: the best loses \(leastDrop.rounded(places: 3)) "
        + "(sparsity \(sparsity.rounded(places: 3))); allow more with --max-drop, or fine-tune for more epochs"
    case .cancelled: "stopped before any result was written"
    case .recipe(let why): "the recipe cannot be followed: \(why)"
    case .notWritable(let why): why
    }
  }
}

extension Double {
  func rounded(places: Int) -> Double {
    var factor = 1.0
    for _ in 0..<places { factor *= 10 }
    return (self * factor).rounded() / factor
  }
}
