import SwiftletCompression
import SwiftletModel
import SwiftletTraining

extension Search {
  /// How weights are rounded after training.
  private func quantization(levels: Int) -> QuantizationOptions {
    QuantizationOptions(
      weightScales: .halfPower, weightLevels: levels, searchesWeightScales: true, rounding: .compensated)
  }

  /// Quantizes the float model as it is with ever fewer levels, until far too much is lost.
  func quantizeAfterTraining() throws {
    let levels = options.weightLevels.sorted(by: >)
    let folded = try FoldedModel(model)
    var calibration: Calibration?
    for levels in levels {
      try checkCancellation()
      if let last = state.candidates.last(where: { $0.recipe == nil }), isFarOut(last) { return }
      guard !state.candidates.contains(where: { $0.method == .quantized(levels: levels) }) else { continue }
      let since = ContinuousClock.now
      let ranges = try calibration ?? calibrated(folded)
      calibration = ranges
      try record(
        folded.quantized(ranges, options: quantization(levels: levels)), .quantized(levels: levels), since: since)
    }
  }

  private func isFarOut(_ candidate: CompressionCandidate) -> Bool {
    options.budget.maxDrop.map { candidate.drop > $0 + 1 } ?? false
  }

  private func calibrated(_ folded: FoldedModel) throws -> Calibration {
    try folded.calibrated(
      on: compressor.training, count: options.calibrationCount, options: quantization(levels: 127),
      threads: options.threads)
  }

  /// Prunes ever more weights by magnitude, fine-tunes, and quantizes with the fewest levels that keep the budget.
  ///
  /// Each sparsity starts from the float model, so that it does not depend on those before.
  func pruneByMagnitude() throws {
    for (index, sparsity) in options.sparsities.sorted().enumerated() {
      try checkCancellation()
      let isDone = state.candidates.contains {
        if case .pruned(sparsity, _, _) = $0.method { true } else { false }
      }
      if isDone { continue }
      if let last = state.candidates.last, case .pruned = last.method, options.budget.maxDrop != nil, !last.meetsBudget
      {
        let isTooLarge = !options.budget.shortfalls(drop: 0, fileBytes: last.fileBytes, microseconds: 0).isEmpty
        if !isTooLarge { return }
      }
      let share = (options.effort.total - spent) / Double(options.sparsities.count - index)
      let epochs = min(Int(share / (try floatEpochCost())), 40)
      guard epochs >= 1 else { return }
      try pruneByMagnitude(to: sparsity, epochs: epochs)
    }
  }

  private func pruneByMagnitude(to sparsity: Double, epochs: Int) throws {
    let since = ContinuousClock.now
    onEvent(
      .begins(
        number: state.candidates.count + 1, method: "\((100 * sparsity).rounded(places: 1))% pruned, \(epochs) epochs",
        rounds: options.sparsities.count, left: leftText))
    var training = PruningRun.fineTuning(epochs: epochs, seed: options.seed)
    training.batch = batch
    training.augmentation = options.augmentation
    let pruned = try PruningRun(sparsity: sparsity, training: training, threads: options.threads).run(
      model, training: compressor.training, validation: compressor.validation, isCancelled: isCancelled
    ) { onEvent(.training($0)) }
    if pruned.isInterrupted { throw CompressionError.cancelled }
    let folded = try FoldedModel(pruned.model)
    let ranges = try calibrated(folded)
    var kept: (model: Model, levels: Int)?
    for levels in options.weightLevels.sorted(by: >) {
      try checkCancellation()
      let quantized = try folded.quantized(ranges, options: quantization(levels: levels))
      let evaluation = try Evaluation.of(quantized, on: compressor.validation, threads: options.threads)
      let drop = floatPoints - Quality.points(of: evaluation)
      // Without a limit on what is lost, half a point is taken to be too much for fewer levels.
      guard kept == nil || drop <= options.budget.maxDrop ?? 0.5 else { break }
      kept = (quantized, levels)
    }
    guard let kept else { return }
    try record(
      kept.model, .pruned(sparsity: sparsity, levels: kept.levels, epochs: epochs), epochs: epochs, since: since)
  }

  /// What an epoch of training in floating point takes of the effort.
  private func floatEpochCost() throws -> Double {
    guard case .minutes = options.effort else { return 1 }
    var training = PruningRun.fineTuning(epochs: 2)
    training.batch = batch
    let part = compressor.training.subset(0..<min(compressor.training.count, 8 * batch))
    let trainer = try Trainer(
      model, configuration: training, training: part, validation: compressor.training.subset(0..<0),
      threads: options.threads)
    let fastest = try trainer.run().history.map(\.seconds).min() ?? 0
    return max(
      1e-4,
      fastest / Double(part.count) * (Double(compressor.training.count) + Double(compressor.validation.count) / 3))
  }
}
