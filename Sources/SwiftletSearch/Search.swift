import Foundation
import SwiftletBenchmark
import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletFormat
import SwiftletModel
import SwiftletRuntime
import SwiftletTraining

/// One run of a `Compressor`: what it measured so far, and the steps that go on from there.
final class Search {
  let compressor: Compressor
  var state: SearchState
  let isCancelled: () -> Bool
  let onEvent: (CompressionEvent) -> Void
  let float: Evaluation
  let floatSecondsPerImage: Double
  /// The float model's quality on images of training.
  let floatTrainingPoints: Double
  /// Training images that widths and levels are chosen on, and more that candidates are scored on.
  let sample, trainingImages: Dataset
  private let save: (SearchState) throws -> Void
  private let start = ContinuousClock.now
  private let secondsBefore: Double
  /// The network of the last widths, trained in floating point.
  var narrows: [NarrowKey: Model] = [:]
  /// Float models trained to be learnt from.
  var furtherModels: [Model] = []
  /// The teachers with their opinions of distorted images, of the last training.
  var taught: (key: TeachingKey, teacher: Teacher)?
  /// Seconds an epoch of the candidate under way was measured to take.
  var predicted = 1.0

  static let sampleCount = 512
  static let trainingImageCount = 20_000

  var options: CompressionOptions { compressor.options }
  var model: Model { compressor.model }
  var floatPoints: Double { float.quality }

  init(
    _ compressor: Compressor, _ state: SearchState, isCancelled: @escaping () -> Bool,
    save: @escaping (SearchState) throws -> Void, onEvent: @escaping (CompressionEvent) -> Void
  ) throws {
    self.compressor = compressor
    self.state = state
    self.isCancelled = isCancelled
    self.save = save
    self.onEvent = onEvent
    secondsBefore = state.seconds
    furtherModels = try state.furtherTeachers?.models(like: compressor.model) ?? []
    sample = compressor.training.subset(0..<min(Self.sampleCount, compressor.training.count))
    float = try Evaluation.of(compressor.model, on: compressor.validation, threads: compressor.options.threads)
    floatSecondsPerImage = (ContinuousClock.now - start) / .seconds(1) / Double(max(float.imageCount, 1))
    trainingImages = compressor.training.subset(0..<min(Self.trainingImageCount, compressor.training.count))
    floatTrainingPoints = try Evaluation.of(
      compressor.model, on: trainingImages, threads: compressor.options.threads
    ).quality
    onEvent(.floatScored(points: float.quality, imageCount: float.imageCount))
  }

  func run() throws -> CompressionResult {
    try quantizeAfterTraining()
    let ladder = try WidthLadder(
      model, training: compressor.training, sample: sample,
      cost: options.budget.targetMicroseconds == nil ? .parametersAndProducts : .multiplyAccumulates,
      block: options.budget.targetMicroseconds == nil ? 1 : 16, threads: options.threads)
    let leastBytes = try check(ladder)
    try trainAsIntegers(ladder, leastBytes: leastBytes)
    return try result()
  }

  /// Seconds or epochs used up so far.
  var spent: Double {
    options.effort.countsEpochs ? Double(state.epochs) : seconds
  }

  private var seconds: Double { secondsBefore + (ContinuousClock.now - start) / .seconds(1) }

  /// Whether the time is over, as on a machine that became slower: a little where a good model is there, by a fourth
  /// where none is.
  var isOverTime: Bool {
    guard case .minutes = options.effort else { return false }
    return spent > (state.bestCandidate?.meetsBudget == true ? 1.08 : 1.25) * options.effort.total
  }

  func checkCancellation() throws { if isCancelled() { throw CompressionError.cancelled } }

  /// Scores, packs and times a quantized model, and takes it for the best if it is.
  func record(
    _ quantized: Model, _ method: CompressionCandidate.Method, epochs: Int = 0, since: ContinuousClock.Instant,
    isAbandoned: Bool = false
  ) throws {
    let evaluation = try Evaluation.of(quantized, on: compressor.validation, threads: options.threads)
    let finished = options.stored.applied(
      to: quantized, source: model, accuracies: evaluation.provenance(.validation))
    let file: WrittenModel
    do { file = try ModelWriter.write(finished) } catch {
      throw CompressionError.notWritable("the compressed model cannot be written: \(error)")
    }
    let prepared = try PreparedModel(finished)
    let points = evaluation.quality
    let candidate = CompressionCandidate(
      number: state.candidates.count + 1, method: method, points: points, drop: floatPoints - points,
      trainingDrop: try trainingDrop(quantized), fileBytes: file.bytes.count, microseconds: microseconds(prepared),
      memoryBytes: prepared.packedByteCount + prepared.arenaByteCount, isAbandoned: isAbandoned,
      epochs: epochs, seconds: (ContinuousClock.now - since) / .seconds(1))
    try add(candidate, file: file.bytes)
  }

  /// What a quantized model loses on images of training.
  private func trainingDrop(_ quantized: Model) throws -> Double {
    let score = try Evaluation.of(quantized, on: trainingImages, threads: options.threads)
    return min(floatPoints, floatTrainingPoints) - score.quality
  }

  /// Takes note of a candidate; without a file it is there to be learnt from only.
  func add(_ candidate: CompressionCandidate, file: [UInt8]?) throws {
    var candidate = candidate
    candidate.meetsBudget = file != nil && options.budget.meets(candidate)
    state.candidates.append(candidate)
    var isBest = false
    if let file, state.bestCandidate.map({ options.budget.prefers(candidate, to: $0) }) ?? true {
      state.best = SearchState.Best(number: candidate.number, file: Data(file))
      isBest = true
    }
    onEvent(.candidate(candidate, isBest: isBest && candidate.meetsBudget))
    try saveState()
  }

  func saveState() throws {
    state.seconds = seconds
    try save(state)
  }

  /// The median time of a call with one image on one thread.
  ///
  /// Where that misses the target it is measured again, up to five times, and the least counts: a machine that others
  /// use too is slower now and then, never faster.
  func microseconds(_ prepared: PreparedModel) -> Double {
    let time = MeasuringTime(warmUpSeconds: 0.02, seconds: 0.1, leastCalls: 30, rounds: 5)
    var least = Double.infinity
    for _ in 0..<5 where least > options.budget.targetMicroseconds ?? .greatestFiniteMagnitude {
      least = min(least, Measurement.calls(of: prepared, batch: 1, threads: 1, time: time).medianMicroseconds)
    }
    return least
  }

  /// What is left of the effort, for people.
  var leftText: String {
    let left = max(0, options.effort.total - spent)
    switch options.effort {
    case .minutes: return "\((left / 60).rounded(places: 1)) minutes left"
    case .epochs: return "\(Int(left)) epochs left"
    }
  }

  /// Refuses targets that no network of this graph reaches.
  ///
  /// - Returns: The bytes of the narrowest network with all weights 0.
  private func check(_ ladder: WidthLadder) throws -> Int {
    var empty = try ladder.narrowed(to: ladder.rungs[ladder.rungs.count - 1].widths)
    for index in empty.nodes.indices where empty.nodes[index].parameters.count == 2 {
      for parameter in 0..<2 {
        empty.nodes[index].parameters[parameter] = Tensor(zeros: empty.nodes[index].parameters[parameter].shape)
      }
    }
    let least = options.stored.applied(
      to: try quickly(quantized: empty), source: model, accuracies: float.provenance(.validation))
    let leastBytes: Int
    do { leastBytes = try ModelWriter.write(least).bytes.count } catch {
      throw CompressionError.notWritable("the compressed model cannot be written: \(error)")
    }
    if let target = options.budget.targetBytes, target < leastBytes {
      throw CompressionError.targetBelowGraph(target: target, least: leastBytes)
    }
    if let target = options.budget.targetMicroseconds, state.widestRung == nil {
      state.widestRung = try widestRung(ladder, within: target)
    }
    return leastBytes
  }

  /// The first rung that is fast enough with a twentieth to spare, by bisection.
  private func widestRung(_ ladder: WidthLadder, within target: Double) throws -> Int {
    onEvent(.note("measuring how wide the layers may be"))
    func time(_ rung: Int) throws -> Double {
      let model = try quickly(quantized: ladder.narrowed(to: ladder.rungs[rung].widths))
      return microseconds(try PreparedModel(model))
    }
    let last = ladder.rungs.count - 1
    let least = try time(last)
    guard least <= target else { throw CompressionError.targetBelowLatency(target: target, least: least) }
    var (slow, fast) = (-1, last)
    while fast - slow > 1 {
      let middle = (slow + fast) / 2
      if try time(middle) <= 0.95 * target { fast = middle } else { slow = middle }
    }
    return fast
  }

  /// An integer model of the right size and speed; its accuracy does not matter.
  private func quickly(quantized model: Model) throws -> Model {
    let plain = QuantizationOptions(weightScales: .halfPower)
    return try model.quantized(calibratingOn: sample, count: 64, options: plain, threads: options.threads)
  }

  private func result() throws -> CompressionResult {
    guard let best = state.best, let candidate = state.bestCandidate else { throw CompressionError.cancelled }
    if !candidate.meetsBudget, !options.acceptsNearMiss {
      throw CompressionError.budgetNotMet(candidate, options.budget.shortfalls(of: candidate))
    }
    // What the file says, not what was in memory.
    let found: Model
    var file: WrittenModel
    do {
      found = try ModelReader.read(Array(best.file))
      file = try ModelWriter.write(found)
    } catch { throw CompressionError.notWritable("the compressed model cannot be read again: \(error)") }
    file.bytes = Array(best.file)
    let evaluation = try Evaluation.of(found, on: compressor.validation, threads: options.threads)
    let comparison = PairedComparison(float, evaluation, labels: compressor.validation.labels)
    let report = CompressionReport(
      budget: options.budget, floatPoints: floatPoints, points: evaluation.quality,
      validationCount: float.imageCount, splitSeed: compressor.split.seed, comparison: comparison,
      chosen: candidate.number, candidates: state.candidates,
      layers: found.layerSparsities(),
      ledger: ByteLedger(float: model, quantized: found, file: file),
      seconds: state.candidates.reduce(0) { $0 + $1.seconds })
    return CompressionResult(model: found, file: file, report: report)
  }
}
