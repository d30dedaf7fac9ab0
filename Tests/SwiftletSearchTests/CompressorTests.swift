import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletFormat
import SwiftletModel
import SwiftletReport
import SwiftletRuntime
import SwiftletSearch
import SwiftletTraining
import TestSupport
import Testing

/// The whole pipeline on the network of `TrainedDigits`.
@Suite struct CompressorTests {
  /// A search of a second or two.
  static func options(_ budget: CompressionBudget, epochs: Int = 30) -> CompressionOptions {
    var options = CompressionOptions(budget, effort: .epochs(epochs))
    options.calibrationCount = 200
    options.batch = 32
    options.stored.note = "a test"
    return options
  }

  @Test func smallestFileWithinTheBudgetIsKept() throws {
    let model = try TrainedDigits.model.get()
    var states: [SearchState] = []
    let options = Self.options(CompressionBudget(maxDrop: 8), epochs: 60)
    let result = try Compressor(model, data: TrainedDigits.images, options: options).run(save: { states.append($0) })
    let report = result.report
    #expect(report.drop <= 8 && report.meetsBudget)
    let met = report.candidates.filter(\.meetsBudget)
    #expect(report.ledger.fileBytes == met.map(\.fileBytes).min())
    #expect(report.ledger.fileBytes == result.file.bytes.count)
    #expect(report.ledger.floatBytes == 4 * model.parameterCount)
    #expect(report.ledger.narrowBytes == 4 * result.model.parameterCount)
    #expect(report.ledger.prunedBytes < report.ledger.narrowBytes)
    #expect(report.ledger.integerBytes == report.ledger.tensors.reduce(0) { $0 + $1.integerBytes })
    // Training as integers beats what quantization alone gives.
    #expect(report.chosenCandidate.recipe != nil && met.contains { $0.recipe == nil })
    #expect(report.candidates.map(\.epochs).reduce(0, +) <= 60)
    // Every state has its candidate, and the best only gets better.
    #expect(states.map(\.candidates.count) == Array(1...report.candidates.count))
    #expect(states.last?.best?.file == Data(result.file.bytes))
    // What is lost on the images of training, of the lower of the float model's qualities.
    let images = try HeldOut(model, data: TrainedDigits.images).training
    let reference = min(report.floatPoints, try Evaluation.of(model, on: images).quality)
    let drop = reference - (try Evaluation.of(result.model, on: images).quality)
    #expect(abs(try #require(report.chosenCandidate.trainingDrop) - drop) < 1e-9)

    try expectTrueFacts(in: result)
    try expectReadableReport(report)

    // The recipe gives the same bytes.
    let recipe = try ShrinkRecipe(json: #require(report.chosenCandidate.recipe).json())
    let held = try HeldOut(model, data: TrainedDigits.images)
    let again = try ShrinkRun(recipe, threads: 2).run(model, training: held.training, validation: held.validation)
    #expect(again.file.bytes == result.file.bytes)
  }

  /// The file holds the model, whose self-test and accuracy are true.
  private func expectTrueFacts(in result: CompressionResult) throws {
    let model = try TrainedDigits.model.get()
    let read = try ModelReader.read(result.file.bytes)
    #expect(read == result.model)
    let prepared = try PreparedModel(read)
    #expect(read.metadata.selfTest?.verify(prepared) == true)
    let validation = try HeldOut(model, data: TrainedDigits.images).validation
    let score = try Evaluation.of(read, on: validation)
    #expect(100 * score.accuracy == result.report.points)
    let provenance = try #require(read.metadata.provenance)
    #expect(provenance.accuracies == [.init(.validation, correct: score.correctCount, total: 200)])
    #expect(provenance.split == model.metadata.provenance?.split && provenance.note == Array("a test".utf8))
    #expect(read.nodes.allSatisfy { $0.name.isEmpty })
  }

  private func expectReadableReport(_ report: CompressionReport) throws {
    // 200 images resolve some points, and the report says whether these are enough.
    #expect(report.warnings.isEmpty == (report.intervalHigh - report.intervalLow <= 16))
    let decoded = try JSONDecoder().decode(CompressionReport.self, from: report.json())
    #expect(decoded == report)
    let page = report.html(title: "a <b> & c")
    #expect(
      page.contains("<h1>a &lt;b&gt; &amp; c</h1>") && page.contains(Self.grouped(report.ledger.fileBytes) + " bytes"))
    for tag in ["td", "svg", "figure", "title", "text"] {
      #expect(page.ranges(of: "<\(tag)").count == page.ranges(of: "</\(tag)>").count, "\(tag)")
    }
    #expect(page.contains("<circle class=\"green\""))
  }

  private static func grouped(_ count: Int) -> String {
    count < 1000 ? "\(count)" : "\(count / 1000),\(String(format: "%03d", count % 1000))"
  }

  @Test func aTargetInBytesIsMetWithTheBestAccuracyFound() throws {
    let model = try TrainedDigits.model.get()
    let options = Self.options(CompressionBudget(targetBytes: 1100))
    let report = try Compressor(model, data: TrainedDigits.images, options: options).run().report
    #expect(report.meetsBudget && report.ledger.fileBytes <= 1100)
    #expect(report.chosenCandidate.drop == report.candidates.filter(\.meetsBudget).map(\.drop).min())
    #expect(report.warnings.isEmpty)
  }

  @Test func aTargetInMicrosecondsChoosesTheWidths() throws {
    let model = try TrainedDigits.model.get()
    // A millisecond is enough for any width.
    var options = Self.options(CompressionBudget(targetMicroseconds: 1000), epochs: 4)
    let easy = try Compressor(model, data: TrainedDigits.images, options: options).run().report
    #expect(easy.meetsBudget && easy.candidates.compactMap(\.recipe).allSatisfy { $0.widths == nil })
    options.budget = CompressionBudget(targetMicroseconds: 0.001)
    let error = #expect(throws: CompressionError.self) {
      _ = try Compressor(model, data: TrainedDigits.images, options: options).run()
    }
    guard case .targetBelowLatency(0.001, let least) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(least > 0.001)
  }

  @Test func impossibleBudgetSaysHowNearItCame() throws {
    let model = try TrainedDigits.model.get()
    var options = Self.options(CompressionBudget(maxDrop: -100), epochs: 4)
    let error = #expect(throws: CompressionError.self) {
      _ = try Compressor(model, data: TrainedDigits.images, options: options).run()
    }
    guard case .budgetNotMet(let nearest, let shortfalls) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(shortfalls == [.drop(nearest.drop, most: -100)])
    options.acceptsNearMiss = true
    let report = try Compressor(model, data: TrainedDigits.images, options: options).run().report
    #expect(!report.meetsBudget && report.chosenCandidate.drop == report.candidates.map(\.drop).min())
    options.budget = CompressionBudget(targetBytes: 20)
    #expect(throws: CompressionError.self) {
      _ = try Compressor(model, data: TrainedDigits.images, options: options).run()
    }
  }

  /// Everything constant: no ranges, no gradients, nothing to lose.
  @Test func aNetworkOfZerosIsCompressedToItsGraph() throws {
    var model = try TrainedDigits.model.get()
    for index in model.nodes.indices where !model.nodes[index].parameters.isEmpty {
      model.nodes[index].parameters[0] = Tensor(zeros: model.nodes[index].parameters[0].shape)
    }
    let options = Self.options(CompressionBudget(maxDrop: 1), epochs: 8)
    let report = try Compressor(model, data: TrainedDigits.images, options: options).run().report
    #expect(report.drop <= 1 && report.ledger.fileBytes < 250)
  }

  @Test func aNetworkThatGivesNaNIsRefused() throws {
    let model = try TrainedDigits.model.get()
    func expect(bias: Float, _ reason: QuantizationError.Reason, node: String) throws {
      var changed = model
      changed.nodes[1].parameters[1].storage = .float32([Float](repeating: bias, count: 8))
      let compressor = try Compressor(
        changed, data: TrainedDigits.images, options: Self.options(CompressionBudget(maxDrop: 1), epochs: 8))
      #expect(throws: QuantizationError(reason, node: node)) { _ = try compressor.run() }
    }
    try expect(bias: .infinity, .nonFiniteParameter, node: "conv2d_1")
    try expect(bias: .nan, .nonFiniteParameter, node: "conv2d_1")
    // Finite, but not what sums of it give.
    try expect(bias: 3e38, .nonFiniteActivation, node: "dense_4")
  }

  @Test func otherDataAreRefused() throws {
    let model = try TrainedDigits.model.get()
    #expect(throws: CompressionError.splitMismatch(seed: 5, validationCount: 200)) {
      _ = try Compressor(model, data: SyntheticDigits.dataset(count: 1300, seed: 1))
    }
    #expect(throws: CompressionError.tooFewImages(count: 200, validationCount: 200)) {
      _ = try Compressor(model, data: SyntheticDigits.dataset(count: 200, seed: 1))
    }
    var small = TrainedDigits.images
    small.height = 14
    small.width = 56
    #expect(throws: CompressionError.imageShape(model: "28 x 28 x 1", images: "14 x 56 x 1")) {
      _ = try Compressor(model, data: small)
    }
    var unknown = model
    unknown.metadata.provenance = nil
    #expect(throws: CompressionError.noSplit) { _ = try Compressor(unknown, data: TrainedDigits.images) }
  }

  @Test func quantizationOfATrainedNetworkLosesLittle() throws {
    let model = try TrainedDigits.model.get()
    let held = try HeldOut(model, data: TrainedDigits.images)
    let float = try Evaluation.of(model, on: held.validation)
    #expect(float.accuracy > 0.8)
    for ranges in [RangeMethod.minMax, .mse, .percentile(99.99)] {
      let quantized = try model.quantized(
        calibratingOn: held.training, count: 200, options: QuantizationOptions(ranges: ranges))
      let integer = try Evaluation.of(quantized, on: held.validation, threads: 2)
      #expect(abs(float.correctCount - integer.correctCount) <= 2)
    }
  }
}
