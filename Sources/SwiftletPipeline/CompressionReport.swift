import Foundation
import SwiftletCompression

/// What compression tried, kept and cost.
public struct CompressionReport: Hashable, Sendable, Codable {
  /// One combination of sparsity and weight levels.
  public struct Candidate: Hashable, Sendable, Codable {
    public var sparsity: Double
    public var weightLevels: Int
    public var correctCount: Int
    /// Percentage points lost on the validation images.
    public var drop: Double
    public var meetsBudget: Bool
    /// Present where the file was written to be compared.
    public var fileBytes: Int?
  }

  /// Correct predictions on the validation images, of `validationCount`.
  public var floatCorrectCount, compressedCorrectCount, validationCount: Int
  public var splitSeed: UInt64
  public var maxDrop: Double
  /// Percentage points lost, and the 95% interval for matched pairs.
  public var drop, intervalLow, intervalHigh: Double
  public var comparison: PairedComparison
  /// What a reader should know before trusting the figures.
  public var warnings: [String]
  public var sparsity: Double
  public var weightLevels: Int
  public var layers: [LayerSparsity]
  public var ledger: ByteLedger
  public var candidates: [Candidate]
  public var seconds: Double

  public var floatAccuracy: Double { Double(floatCorrectCount) / Double(validationCount) }
  public var compressedAccuracy: Double { Double(compressedCorrectCount) / Double(validationCount) }

  /// The report as one JSON object, keys sorted.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self)
  }

  /// What the split cannot tell: half the interval's width is the resolution.
  static func warnings(_ comparison: PairedComparison, maxDrop: Double) -> [String] {
    var warnings: [String] = []
    let interval = comparison.interval
    let resolution = (interval.upperBound - interval.lowerBound) / 2
    if resolution > maxDrop {
      warnings.append(
        "\(comparison.imageCount) validation images resolve \(resolution.rounded(places: 2)) points, not the budget of "
          + "\(maxDrop): the true drop may be outside it; hold out more images to be surer")
    }
    return warnings
  }
}
