import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletFormat
import SwiftletModel
import SwiftletPipeline
import SwiftletRuntime
import SwiftletTraining
import Testing

/// The whole pipeline on generated digits and a small network, trained once.
@Suite struct CompressorTests {
  static let data = SyntheticDigits.dataset(count: 1200, seed: 1)

  static let trained: Result<Model, any Error> = Result {
    let (training, validation, split) = data.split(validationCount: 200, seed: 5)
    let architecture = """
      {"input": [28, 28, 1], "layers": [
        {"type": "max_pool2d", "kernel": 2},
        {"type": "conv2d", "filters": 8, "kernel": 3, "activation": "relu"},
        {"type": "max_pool2d", "kernel": 2},
        {"type": "flatten"},
        {"type": "dense", "units": 24, "activation": "relu"},
        {"type": "dense", "units": 10},
        {"type": "softmax"}]}
      """
    let network = try Architecture.parse(Data(architecture.utf8)).initialized(.glorot, seed: 1)
    var configuration = TrainingConfiguration()
    configuration.epochs = 6
    configuration.batch = 32
    configuration.learningRate = 3e-3
    var model = try Trainer(
      network, configuration: configuration, training: training, validation: validation, threads: 1
    ).run().model
    model.metadata.provenance = Provenance(data: Array("synthetic".utf8), split: split)
    return model
  }

  static func options(maxDrop: Double) -> CompressionOptions {
    var options = CompressionOptions(maxDrop: maxDrop)
    options.sparsities = [0.5, 0.8]
    options.refinements = 1
    options.training.epochs = 2
    options.training.batch = 32
    options.calibrationCount = 200
    return options
  }

  @Test func masksHoldThroughFineTuning() throws {
    let model = try Self.trained.get()
    let held = try HeldOut(model, data: Self.data)
    // Start from a model that is pruned already: what is 0 stays 0.
    let start = model.masked(by: try model.magnitudeMask(sparsity: 0.3))
    var training = PruningRun.fineTuning(epochs: 2)
    training.batch = 32
    let run = PruningRun(sparsity: 0.75, options: PruningOptions(scope: .global), training: training)
    let pruned = try run.run(start, training: held.training, validation: held.validation).model
    #expect(try pruned.sparsity() == 0.75)
    for (before, after) in zip(start.nodes, pruned.nodes) where !before.parameters.isEmpty {
      let (w, v) = (before.parameters[0].floats!, after.parameters[0].floats!)
      #expect(zip(w, v).allSatisfy { $0 != 0 || $1 == 0 })
      // The others did move.
      #expect(zip(w, v).contains { $0 != $1 && $1 != 0 })
      #expect(before.parameters[1] != after.parameters[1])
    }
  }

  @Test func aModelOfZerosIsLeftAsItIs() throws {
    var model = try Self.trained.get()
    let held = try HeldOut(model, data: Self.data)
    for index in model.nodes.indices where !model.nodes[index].parameters.isEmpty {
      model.nodes[index].parameters[0] = Tensor(zeros: model.nodes[index].parameters[0].shape)
    }
    let run = PruningRun(sparsity: 0.5, training: PruningRun.fineTuning(epochs: 1))
    #expect(try run.run(model, training: held.training, validation: held.validation).model == model)
  }

  /// A layer left out of pruning keeps the zeros it came with.
  @Test func zerosOfExcludedLayersStay() throws {
    let model = try Self.trained.get()
    let held = try HeldOut(model, data: Self.data)
    let start = model.masked(by: try model.magnitudeMask(sparsity: 0.3, PruningOptions(scope: .perLayer)))
    let options = PruningOptions(excludedLayers: ["dense_4"])
    var training = PruningRun.fineTuning(epochs: 1)
    training.batch = 32
    let run = PruningRun(sparsity: 0.6, options: options, training: training)
    let pruned = try run.run(start, training: held.training, validation: held.validation).model
    #expect(abs(try pruned.sparsity(options) - 0.6) < 1e-3)
    let (before, after) = (start.nodes[4].parameters[0], pruned.nodes[4].parameters[0])
    #expect(before.zeroCount == after.zeroCount && before != after)
    #expect(zip(before.floats!, after.floats!).allSatisfy { ($0 == 0) == ($1 == 0) })
  }

  @Test func smallestFileWithinTheBudgetIsKept() throws {
    let model = try Self.trained.get()
    let result = try Compressor(model, data: Self.data, options: Self.options(maxDrop: 3)).run()
    let report = result.report
    #expect(report.drop <= 3)
    let met = report.candidates.filter(\.meetsBudget)
    #expect(report.ledger.fileBytes == met.compactMap(\.fileBytes).min())
    #expect(report.ledger.fileBytes == result.file.bytes.count)
    #expect(report.ledger.floatBytes == 4 * model.parameterCount)
    #expect(report.ledger.prunedBytes < report.ledger.floatBytes)
    #expect(report.ledger.integerBytes == report.ledger.tensors.reduce(0) { $0 + $1.integerBytes })
    #expect(report.candidates.contains { $0.sparsity == 0 } && report.sparsity > 0)

    // The file holds the model, whose self-test and accuracy are true.
    let read = try ModelReader.read(result.file.bytes)
    #expect(read == result.model.canonicallyNumbered())
    let prepared = try PreparedModel(read)
    #expect(read.metadata.selfTest?.verify(prepared) == true)
    let validation = try HeldOut(model, data: Self.data).validation
    let score = try Evaluation.of(read, on: validation)
    #expect(score.correctCount == report.compressedCorrectCount)
    #expect(
      read.metadata.provenance?.accuracies == [.init(.validation, correct: score.correctCount, total: 200)])
    #expect(read.metadata.provenance?.split == model.metadata.provenance?.split)

    // 200 images cannot resolve 0.1 points, and the report says so; they can 50.
    #expect(report.warnings.isEmpty == (report.intervalHigh - report.intervalLow <= 6))
    let decoded = try JSONDecoder().decode(CompressionReport.self, from: report.json())
    #expect(decoded == report)
    let page = report.html(title: "a <b> & c")
    #expect(page.contains("<h1>a &lt;b&gt; &amp; c</h1>") && page.contains("\(report.ledger.fileBytes) bytes"))
    #expect(page.ranges(of: "<td>").count == page.ranges(of: "</td>").count)
  }

  @Test func impossibleBudgetSaysHowNearItCame() throws {
    let model = try Self.trained.get()
    var options = Self.options(maxDrop: -100)
    options.sparsities = []
    let compressor = try Compressor(model, data: Self.data, options: options)
    let error = #expect(throws: CompressionError.self) { _ = try compressor.run() }
    guard case .budgetNotMet(maxDrop: -100, let leastDrop, sparsity: 0) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(leastDrop > -100 && leastDrop < 50)
    #expect("\(try #require(error))".contains("--max-drop"))
  }

  @Test func otherDataAreRefused() throws {
    let model = try Self.trained.get()
    #expect(throws: CompressionError.splitMismatch(seed: 5, validationCount: 200)) {
      _ = try Compressor(model, data: SyntheticDigits.dataset(count: 1300, seed: 1))
    }
    #expect(throws: CompressionError.tooFewImages(count: 200, validationCount: 200)) {
      _ = try Compressor(model, data: SyntheticDigits.dataset(count: 200, seed: 1))
    }
    var unknown = model
    unknown.metadata.provenance = nil
    #expect(throws: CompressionError.noSplit) { _ = try Compressor(unknown, data: Self.data) }
  }

  @Test func cancellationEndsTheSearch() throws {
    let compressor = try Compressor(try Self.trained.get(), data: Self.data, options: Self.options(maxDrop: 3))
    // Let the dense candidate pass, then stop in training.
    var asked = 0
    #expect(throws: CompressionError.cancelled) {
      _ = try compressor.run(isCancelled: {
        asked += 1
        return asked > 8
      })
    }
    #expect(asked == 9)
  }

  @Test func quantizationOfATrainedNetworkLosesLittle() throws {
    let model = try Self.trained.get()
    let held = try HeldOut(model, data: Self.data)
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
