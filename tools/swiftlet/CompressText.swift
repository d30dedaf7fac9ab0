import SwiftletBytes
import SwiftletCompression
import SwiftletEvaluation
import SwiftletReport
import SwiftletSearch
import SwiftletTraining

/// Shows a search on standard error.
final class CompressionProgress {
  private var line = ProgressLine()
  private var best: CompressionCandidate?
  private var current = ""

  func clear() { line.clear() }

  func show(_ event: CompressionEvent) {
    switch event {
    case .floatScored(let points, let count):
      line.finish("float: \(points.fixed(2))% of \(count.grouped) validation images")
    case .note(let text): line.finish(printable(text.utf8))
    case .begins(let number, let method, _, let left):
      current = "\(number): \(method)"
      line.finish("candidate \(current) (\(left))")
    case .training(.progress(let progress)):
      let best = best.map { ["best \($0.fileBytes.grouped) bytes"] } ?? []
      line.draw(
        fraction: progress.fraction,
        ["epoch \(progress.epoch)/\(progress.epochs)", "\(duration(progress.secondsLeft)) left"] + best
          + ["loss \(progress.loss.fixed(4))"])
    case .training(.epoch): break
    case .candidate(let candidate, let isBest):
      if isBest { best = candidate }
      line.finish(
        "candidate \(candidate.number): \(candidate.methodText): \(candidate.fileBytes.grouped) bytes, "
          + "drop \(candidate.drop.fixed(2)) points\(candidate.trainingText), \(candidate.microseconds.fixed(1)) us, "
          + duration(candidate.seconds)
          + (isBest ? ": saved" : candidate.isAbandoned ? ": given up" : candidate.meetsBudget ? "" : ": not within"))
    }
  }
}

extension CompressionCandidate {
  /// The loss on images of training, where it is the larger one.
  fileprivate var trainingText: String { lost > drop ? " (\(lost.fixed(2)) in training)" : "" }
}

extension CompressionReport {
  func text(file: String) -> String {
    let scores = [floatPoints, points].map { $0.fixed(2) + "%" }
    let last = ledger.stages.count - 1
    let stages =
      [["stage", "bytes", "validation"]]
      + ledger.stages.enumerated().map { index, stage in
        [stage.name, stage.byteCount.grouped, index == 0 ? scores[0] : index == last ? scores[1] : ""]
      }
    let tensors =
      [["tensor", "elements", "nonzero", "encoding", "bytes in the file"]]
      + ledger.tensors.map {
        [
          "\($0.layer) \($0.parameter)", $0.elementCount.grouped, $0.nonzeroCount.grouped, $0.encoding,
          $0.deflatedBytes.grouped,
        ]
      }
    let front =
      [["what no other candidate beats", "bytes", "quality", "drop", "us", "memory", ""]]
      + candidates.paretoFront.map {
        [
          "\($0.number): \($0.methodText)", $0.fileBytes.grouped, $0.points.fixed(2) + "%", $0.drop.fixed(2),
          $0.microseconds.fixed(1), $0.memoryBytes.grouped,
          $0.number == chosen ? "chosen" : $0.meetsBudget ? "within" : "",
        ]
      }
    return [
      textTable(stages),
      "drop \(drop.fixed(2)) points (95% interval \(intervalLow.fixed(2)) to \(intervalHigh.fixed(2))"
        + (comparison.errorIncrease == nil
          ? "; \(comparison.rightToWrong) became wrong, \(comparison.wrongToRight) right" : "")
        + "); budget: \(budget.text)",
      textTable(tensors), textTable(front),
      "\(file): \(ledger.fileBytes.grouped) bytes; \(ledger.ratioText)",
    ].joined(separator: "\n")
  }
}

func percent(_ part: Int, _ whole: Int) -> String { (100 * Double(part) / Double(max(whole, 1))).fixed(2) + "%" }
