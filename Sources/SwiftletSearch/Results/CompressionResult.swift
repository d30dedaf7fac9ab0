import SwiftletCompression
import SwiftletEvaluation
import SwiftletFormat
import SwiftletModel

/// The best model found within the budget.
public struct CompressionResult: Sendable {
  /// Quantized, as the file holds it.
  public var model: Model
  public var file: WrittenModel
  public var report: CompressionReport
}

extension CompressionResult {
  /// The best candidate of a search that came to its end.
  ///
  /// - Throws: `CompressionError.budgetNotMet` where it is outside the budget and that is not to be taken, `.cancelled`
  ///   where there is none.
  init(of state: SearchState, _ subject: SearchSubject, splitSeed: UInt64) throws {
    let options = subject.options
    guard let best = state.best, let candidate = state.bestCandidate else { throw CompressionError.cancelled }
    if !candidate.meetsBudget, !options.acceptsNearMiss {
      throw CompressionError.budgetNotMet(candidate, options.budget.shortfalls(of: candidate))
    }
    // What the file says, not what was in memory.
    do {
      model = try ModelReader.read(Array(best.file))
      file = try ModelWriter.write(model)
    } catch { throw CompressionError.notWritable("the compressed model cannot be read again: \(error)") }
    file.bytes = Array(best.file)
    let evaluation = try Evaluation.of(model, on: subject.validation, threads: options.threads)
    report = CompressionReport(
      budget: options.budget, floatPoints: subject.floatPoints, points: evaluation.quality,
      validationCount: subject.float.imageCount, splitSeed: splitSeed,
      comparison: PairedComparison(subject.float, evaluation, labels: subject.validation.labels),
      chosen: candidate.number, candidates: state.candidates, layers: model.layerSparsities(),
      ledger: ByteLedger(float: subject.model, quantized: model, file: file),
      seconds: state.candidates.reduce(0) { $0 + $1.seconds })
  }
}
