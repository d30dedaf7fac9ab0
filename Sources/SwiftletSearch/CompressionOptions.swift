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
