import SwiftletTraining

/// How a compression is getting on.
public enum CompressionEvent: Sendable {
  /// The float model's quality on the validation images, in percent.
  case floatScored(points: Double, imageCount: Int)
  /// A line about what is measured or why something is left out.
  case note(String)
  /// A candidate is begun; at most so many are trained, and so much of the effort is left, in words.
  case begins(number: Int, method: String, rounds: Int, left: String)
  case training(TrainingEvent)
  case candidate(CompressionCandidate, isBest: Bool)
}
