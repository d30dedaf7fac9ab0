import Foundation
import SwiftletCompression
import SwiftletEvaluation

/// What compression tried, kept and cost.
public struct CompressionReport: Hashable, Sendable, Codable {
  public var budget: CompressionBudget
  /// Quality on the validation images, in percent: of the float model and of what was chosen.
  public var floatPoints, points: Double
  public var validationCount: Int
  public var splitSeed: UInt64
  /// Percentage points lost, and the 95% interval for matched pairs.
  public var drop, intervalLow, intervalHigh: Double
  public var comparison: PairedComparison
  /// What a reader should know before trusting the figures.
  public var warnings: [String]
  /// The number of the candidate that is the result.
  public var chosen: Int
  public var candidates: [CompressionCandidate]
  public var layers: [LayerSparsity]
  public var ledger: ByteLedger
  /// What the candidates took together.
  public var seconds: Double

  init(
    budget: CompressionBudget, floatPoints: Double, points: Double, validationCount: Int, splitSeed: UInt64,
    comparison: PairedComparison, chosen: Int, candidates: [CompressionCandidate],
    layers: [LayerSparsity], ledger: ByteLedger, seconds: Double
  ) {
    self.budget = budget
    self.floatPoints = floatPoints
    self.points = points
    self.validationCount = validationCount
    self.splitSeed = splitSeed
    self.comparison = comparison
    drop = comparison.drop
    (intervalLow, intervalHigh) = (comparison.interval.lowerBound, comparison.interval.upperBound)
    warnings = Self.warnings(comparison, maxDrop: budget.maxDrop)
    self.chosen = chosen
    self.candidates = candidates
    self.layers = layers
    self.ledger = ledger
    self.seconds = seconds
  }

  /// The candidate that is the result.
  public var chosenCandidate: CompressionCandidate { candidates[chosen - 1] }
  public var meetsBudget: Bool { chosenCandidate.meetsBudget }

  /// The report as one JSON object, keys sorted.
  public func json() throws -> Data { try ShrinkRecipe.encoder.encode(self) }

  /// What the split cannot tell: half the interval's width is the resolution.
  private static func warnings(_ comparison: PairedComparison, maxDrop: Double?) -> [String] {
    let interval = comparison.interval
    let resolution = (interval.upperBound - interval.lowerBound) / 2
    guard let maxDrop, resolution > maxDrop else { return [] }
    return [
      "\(comparison.imageCount) validation images resolve \(resolution.rounded(places: 2)) points, not the budget of "
        + "\(maxDrop): the true drop may be outside it; train with more --validation images to be surer"
    ]
  }
}
