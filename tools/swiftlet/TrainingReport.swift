import SwiftletFloat
import SwiftletReport
import SwiftletTraining

/// Shows a run: a bar on a terminal, a line per epoch everywhere.
struct TrainingReport {
  private var line = ProgressLine()

  mutating func show(_ event: TrainingEvent) {
    switch event {
    case .progress(let progress):
      line.draw(
        fraction: progress.fraction,
        ["epoch \(progress.epoch)/\(progress.epochs)", "\(duration(progress.secondsLeft)) left"]
          + Self.facts(progress.kind, loss: progress.loss, accuracy: progress.accuracy)
          + ["\(Int(progress.imagesPerSecond).grouped) images/s"])
    case .epoch(let epoch):
      let score =
        epoch.kind == .crossEntropy
        ? (100 * epoch.validationAccuracy).fixed(2) + "%" : epoch.validationLoss.fixed(5)
      let validation = epoch.validationCount > 0 ? "  validation \(score)\(epoch.isBest ? " best" : "")" : ""
      line.finish(
        "epoch \(epoch.epoch)  "
          + Self.facts(epoch.kind, loss: epoch.trainingLoss, accuracy: epoch.trainingAccuracy).joined(separator: "  ")
          + "\(validation)  \(epoch.seconds.fixed(1)) s")
    }
  }

  /// Removes the line that redraws itself.
  mutating func clear() { line.clear() }

  private static func facts(_ kind: Loss, loss: Double, accuracy: Double) -> [String] {
    switch kind {
    case .crossEntropy: ["loss \(loss.fixed(4))", "accuracy \((100 * accuracy).fixed(2))%"]
    case .meanSquaredError: ["mean squared error \(loss.fixed(5))"]
    }
  }
}
