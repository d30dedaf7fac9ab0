import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletFormat
import SwiftletModel
import SwiftletRuntime
import SwiftletSearch
import SwiftletTraining
import TestSupport
import Testing

/// Shrinking on generated digits.
@Suite struct ShrinkTests {
  private static func recipe(target: Int?) -> ShrinkRecipe {
    var recipe = ShrinkRecipe(widths: [6, 20], targetBytes: target, epochs: 8, floatEpochs: 2, seed: 3)
    recipe.training.batch = 32
    recipe.floatTraining.batch = 32
    recipe.training.augmentation = nil
    recipe.floatTraining.augmentation = nil
    recipe.training.learningRate = 3e-3
    recipe.calibrationCount = 200
    return recipe
  }

  @Test func meetsTheTargetAndKeepsMostOfTheAccuracy() throws {
    let model = try TrainedDigits.model.get()
    let held = try HeldOut(model, data: TrainedDigits.images)
    var recipe = Self.recipe(target: 900)
    recipe.distillation = .init(weight: 0.5, temperature: 2)
    recipe.floatDistillation = recipe.distillation
    var saved: [ShrinkResult] = []
    let run = try ShrinkRun(recipe)
    let result = try run.run(model, training: held.training, validation: held.validation) {
      if case .best(let better) = $0 { saved.append(better) }
    }
    #expect(result.file.bytes.count <= 900)
    #expect(try ModelReader.read(result.file.bytes) == result.model.canonicallyNumbered())
    #expect(result.model.nodes[1].parameters[0].shape[0] == 6)
    let float = try Evaluation.of(model, on: held.validation, threads: 1)
    #expect(result.correctCount >= float.correctCount - 20)
    // What was saved on the way is what the trainer scored, and the last of it the result.
    let last = try #require(saved.last)
    #expect(last.file.bytes == result.file.bytes)
    #expect(last.correctCount == result.correctCount)
    for better in saved {
      let model = try ModelReader.read(better.file.bytes)
      #expect(try Evaluation.of(model, on: held.validation, threads: 1).correctCount == better.correctCount)
    }
  }

  @Test func onlyFinalEpochsAreThereToChooseFrom() throws {
    let model = try TrainedDigits.model.get()
    let held = try HeldOut(model, data: TrainedDigits.images)
    func epochsKept(_ finalEpochs: Int?) throws -> [Int] {
      var recipe = Self.recipe(target: nil)
      recipe.finalEpochs = finalEpochs
      var (kept, epoch) = ([Int](), 0)
      let result = try ShrinkRun(recipe).run(model, training: held.training, validation: held.validation) {
        if case .training(.epoch(let summary)) = $0 { epoch = summary.epoch }
        if case .best = $0 { kept.append(epoch) }
      }
      let score = try Evaluation.of(result.model, on: held.validation, threads: 1)
      #expect(score.correctCount == result.correctCount)
      return kept
    }
    #expect(try epochsKept(1) == [8])
    #expect(try epochsKept(nil).first == 5, "once the scales stay")
    var recipe = Self.recipe(target: nil)
    recipe.finalEpochs = 0
    #expect(throws: CompressionError.self) { try recipe.check() }
  }

  /// Two residual blocks, one after batch normalization and one that widens by concatenation: the cut goes through sums
  /// and joints, and what is left is trained in integers.
  @Test func residualNetworksShrink() throws {
    let architecture = """
      {"input": [28, 28, 1], "layers": [
        {"type": "max_pool2d", "kernel": 2},
        {"type": "conv2d", "filters": 8, "kernel": 3, "name": "stem"},
        {"type": "batch_norm"}, {"type": "relu", "name": "a"},
        {"type": "conv2d", "filters": 8, "kernel": 3, "padding": "same", "activation": "relu"},
        {"type": "conv2d", "filters": 8, "kernel": 3, "padding": "same", "name": "branch"},
        {"type": "add", "inputs": ["branch", "a"], "activation": "relu", "name": "b"},
        {"type": "max_pool2d", "kernel": 2, "name": "c"},
        {"type": "conv2d", "filters": 12, "kernel": 3, "padding": "same", "activation": "relu", "name": "d"},
        {"type": "concat", "inputs": ["c", "d"]},
        {"type": "conv2d", "filters": 24, "kernel": 3, "activation": "relu"},
        {"type": "average_pool2d", "kernel": 2, "stride": 1},
        {"type": "flatten"}, {"type": "dense", "units": 10}]}
      """
    let (training, validation, _) = TrainedDigits.images.split(validationCount: 200, seed: 5)
    var configuration = TrainingConfiguration()
    configuration.epochs = 6
    configuration.batch = 32
    configuration.learningRate = 3e-3
    let model = try Trainer(
      try Architecture.parse(Data(architecture.utf8)).initialized(.glorot, seed: 1), configuration: configuration,
      training: training, validation: validation, threads: 1
    ).run().model
    var recipe = Self.recipe(target: 1900)
    recipe.widths = [6, 5, 6, 9, 16]
    let result = try ShrinkRun(recipe).run(model, training: training, validation: validation)
    #expect(result.file.bytes.count <= 1900)
    #expect(result.model.nodes.compactMap { $0.parameters.first?.shape[0] } == [6, 5, 6, 9, 16, 10])
    let float = try Evaluation.of(model, on: validation, threads: 1).correctCount
    #expect(result.correctCount >= float - 10, "\(result.correctCount) of 200, the float model \(float)")
    let read = try ModelReader.read(result.file.bytes)
    #expect(try Evaluation.of(read, on: validation, threads: 1).correctCount == result.correctCount)
  }

  @Test func sameRecipeSameFile() throws {
    let model = try TrainedDigits.model.get()
    let held = try HeldOut(model, data: TrainedDigits.images)
    var recipe = Self.recipe(target: 1000)
    recipe.training.epochs = 3
    recipe.pruningEpochs = 1
    recipe.scaleEpochs = 2
    recipe.floatTraining.epochs = 1
    let copy = try ShrinkRecipe(json: recipe.json())
    #expect(copy == recipe)
    let files = try [(recipe, 1), (copy, 2)].map { recipe, threads in
      try ShrinkRun(recipe, threads: threads).run(model, training: held.training, validation: held.validation).file
    }
    #expect(files[0].bytes == files[1].bytes)
    var other = recipe
    other.training.seed += 1
    let file = try ShrinkRun(other).run(model, training: held.training, validation: held.validation).file
    #expect(file.bytes != files[0].bytes)
  }

  /// Where no image is held out none can choose an epoch: the last one it is.
  @Test func trainingOnAllImagesKeepsTheLastEpoch() throws {
    let model = try TrainedDigits.model.get()
    let held = try HeldOut(model, data: TrainedDigits.images)
    var recipe = Self.recipe(target: 1000)
    recipe.usesAllImages = true
    var epochs: [EpochSummary] = []
    let result = try ShrinkRun(recipe).run(model, training: TrainedDigits.images, validation: held.validation) {
      event in
      if case .training(.epoch(let summary)) = event { epochs.append(summary) }
    }
    #expect(epochs.map(\.isBest) == epochs.indices.map { $0 == epochs.count - 1 })
    #expect(epochs.count == recipe.training.epochs && result.correctCount == epochs.last?.validationCorrect)
  }

  @Test func recipesThatMakeNoSenseAreRefused() throws {
    let changes: [(inout ShrinkRecipe) -> Void] = [
      { $0.quantization.levels = [] }, { $0.quantization.levels = [200] }, { $0.training.epochs = 0 },
      { $0.pruningEpochs = 8 }, { $0.scaleEpochs = -1 }, { $0.targetBytes = 0 }, { $0.training.batch = 0 },
      { $0.distillation = .init(weight: 2, temperature: 1) }, { $0.distillation = .init(weight: 1, temperature: 0) },
      { $0.calibrationCount = 0 }, { $0.training.augmentationCycle = 0 }, { $0.training.batch = 4097 },
      { $0.training.undistortedEpochs = -1 },
      { $0.floatTraining.batch = 4097 },
      { $0.training.learningRate = 0 }, { $0.floatTraining.learningRate = -1 }, { $0.training.epochs = 100_001 },
      { $0.floatTraining.epochs = 100_001 },
    ]
    for change in changes {
      var recipe = Self.recipe(target: 900)
      change(&recipe)
      #expect(throws: CompressionError.self) { try ShrinkRun(recipe) }
      #expect(throws: CompressionError.self) { try ShrinkRecipe(json: recipe.json()) }
    }
    // JSON has no number for these.
    for rate in [Float.nan, .infinity] {
      var recipe = Self.recipe(target: 900)
      recipe.training.learningRate = rate
      #expect(throws: CompressionError.recipe("the learning rate must be a number above 0")) { try recipe.check() }
    }
    let model = try TrainedDigits.model.get()
    let held = try HeldOut(model, data: TrainedDigits.images)
    var recipe = Self.recipe(target: 900)
    recipe.widths = [4]
    #expect(throws: CompressionError.self) {
      try ShrinkRun(recipe).run(model, training: held.training, validation: held.validation)
    }
    recipe.widths = [9, 20]
    #expect(throws: ChannelRemovalError.self) {
      try ShrinkRun(recipe).run(model, training: held.training, validation: held.validation)
    }
  }
}
