import SwiftletCompression
import SwiftletModel

extension Search {
  /// How weights are rounded after training.
  private func quantization(levels: Int) -> QuantizationOptions {
    QuantizationOptions(
      weightScales: .halfPower, weightLevels: levels, searchesWeightScales: true, rounding: .compensated)
  }

  /// Quantizes the float model as it is with ever fewer levels, until far too much is lost or more time than is due to
  /// models that training will surpass.
  func quantizeAfterTraining() throws {
    let levels = options.weightLevels.sorted(by: >)
    let folded = try FoldedModel(model)
    var calibration: Calibration?
    for levels in levels {
      try checkCancellation()
      if let last = state.candidates.last(where: { $0.recipe == nil }), isFarOut(last) || isLate { return }
      guard !state.candidates.contains(where: { $0.method == .quantized(levels: levels) }) else { continue }
      let since = ContinuousClock.now
      let ranges = try calibration ?? calibrated(folded)
      calibration = ranges
      try record(
        folded.quantized(ranges, options: quantization(levels: levels)), .quantized(levels: levels), since: since)
    }
  }

  private var isLate: Bool { !options.effort.countsEpochs && spent > 0.03 * options.effort.total }

  private func isFarOut(_ candidate: CompressionCandidate) -> Bool {
    options.budget.maxDrop.map { candidate.drop > $0 + 1 } ?? false
  }

  private func calibrated(_ folded: FoldedModel) throws -> Calibration {
    try folded.calibrated(
      on: compressor.training, count: options.calibrationCount, options: quantization(levels: 127),
      threads: options.threads)
  }
}
