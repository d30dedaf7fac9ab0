import SwiftletCompression
import SwiftletFormat
import SwiftletModel

extension Compressor {
  /// The candidates of one run and the best of them.
  struct Search {
    private struct Best {
      var quantized, pruned: Model
      var file: WrittenModel
      var evaluation: Evaluation
      var candidate: CompressionReport.Candidate
    }

    private let compressor: Compressor
    private let isCancelled: () -> Bool
    private let onEvent: (CompressionEvent) -> Void
    private let float: Evaluation
    private let start = ContinuousClock.now
    private var candidates: [CompressionReport.Candidate] = []
    private var best: Best?

    init(
      _ compressor: Compressor, isCancelled: @escaping () -> Bool, onEvent: @escaping (CompressionEvent) -> Void
    ) throws {
      self.compressor = compressor
      self.isCancelled = isCancelled
      self.onEvent = onEvent
      float = try Evaluation.of(
        compressor.model, on: compressor.validation, threads: compressor.options.threads)
      onEvent(.floatScored(correct: float.correctCount, total: float.imageCount))
    }

    func prune(_ model: Model, to sparsity: Double) throws -> Model {
      if isCancelled() { throw CompressionError.cancelled }
      onEvent(.pruning(sparsity: sparsity))
      let options = compressor.options
      let run = PruningRun(
        sparsity: sparsity, options: options.pruning, training: options.training, threads: options.threads)
      let result = try run.run(
        model, training: compressor.training, validation: compressor.validation, isCancelled: isCancelled
      ) { onEvent(.training($0)) }
      if result.isInterrupted { throw CompressionError.cancelled }
      return result.model
    }

    /// Quantizes with ever fewer weight levels while the budget is met, and writes the last that meets it.
    ///
    /// - Returns: Whether any did.
    mutating func tryQuantizing(_ model: Model, sparsity: Double) throws -> Bool {
      let options = compressor.options
      let folded = try FoldedModel(model)
      let calibration = try folded.calibrated(
        on: compressor.training, count: options.calibrationCount, options: options.quantization,
        threads: options.threads)
      var kept: (model: Model, evaluation: Evaluation, index: Int)?
      for levels in options.weightLevels.sorted(by: >) {
        if isCancelled() { throw CompressionError.cancelled }
        var quantization = options.quantization
        quantization.weightLevels = levels
        let quantized = try folded.quantized(calibration, options: quantization)
        let evaluation = try Evaluation.of(quantized, on: compressor.validation, threads: options.threads)
        let drop = 100 * Double(float.correctCount - evaluation.correctCount) / Double(float.imageCount)
        let meetsBudget = drop <= options.maxDrop + 1e-9
        candidates.append(
          CompressionReport.Candidate(
            sparsity: sparsity, weightLevels: levels, correctCount: evaluation.correctCount, drop: drop,
            meetsBudget: meetsBudget))
        if meetsBudget {
          kept = (quantized, evaluation, candidates.count - 1)
        } else {
          onEvent(.candidate(candidates[candidates.count - 1]))
          break
        }
      }
      guard let kept else { return false }
      let finished = compressor.withProvenance(kept.model, kept.evaluation)
      let file: WrittenModel
      do { file = try ModelWriter.write(finished, packing: compressor.options.packing) } catch {
        throw CompressionError.notWritable("the compressed model cannot be written: \(error.reason)")
      }
      candidates[kept.index].fileBytes = file.bytes.count
      onEvent(.candidate(candidates[kept.index]))
      if file.bytes.count < best?.file.bytes.count ?? .max {
        best = Best(
          quantized: finished, pruned: model, file: file, evaluation: kept.evaluation, candidate: candidates[kept.index]
        )
      }
      return true
    }

    func result() throws(CompressionError) -> CompressionResult {
      let maxDrop = compressor.options.maxDrop
      guard let best else {
        let nearest = candidates.min { $0.drop < $1.drop }
        throw .budgetNotMet(maxDrop: maxDrop, leastDrop: nearest?.drop ?? 100, sparsity: nearest?.sparsity ?? 0)
      }
      let comparison = PairedComparison(float, best.evaluation, labels: compressor.validation.labels)
      let interval = comparison.interval
      let report = CompressionReport(
        floatCorrectCount: float.correctCount, compressedCorrectCount: best.evaluation.correctCount,
        validationCount: float.imageCount, splitSeed: compressor.split.seed, maxDrop: maxDrop, drop: comparison.drop,
        intervalLow: interval.lowerBound, intervalHigh: interval.upperBound, comparison: comparison,
        warnings: CompressionReport.warnings(comparison, maxDrop: maxDrop), sparsity: best.candidate.sparsity,
        weightLevels: best.candidate.weightLevels, layers: best.quantized.layerSparsities(),
        ledger: ByteLedger(float: compressor.model, pruned: best.pruned, quantized: best.quantized, file: best.file),
        candidates: candidates, seconds: (ContinuousClock.now - start) / .seconds(1))
      return CompressionResult(model: best.quantized, file: best.file, pruned: best.pruned, report: report)
    }
  }

  /// The model with where it comes from: tool and note of the options, data and split of the float model, its score.
  func withProvenance(_ quantized: Model, _ evaluation: Evaluation) -> Model {
    var result = quantized
    result.metadata.provenance = Provenance(
      tool: options.tool, data: model.metadata.provenance?.data ?? [], note: options.note, split: split,
      accuracies: [.init(.validation, correct: evaluation.correctCount, total: evaluation.imageCount)])
    return result
  }
}
