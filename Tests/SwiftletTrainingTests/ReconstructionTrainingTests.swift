import Foundation
import SwiftletData
import SwiftletFloat
import SwiftletModel
import SwiftletTraining
import Testing

@Suite struct ReconstructionTrainingTests {
  /// The bars of `TrainerTests` without labels.
  private func bars(_ count: Int, seed: UInt64) -> Dataset {
    var data = TrainerTests.bars(count, seed: seed)
    data.labels = data.labels.map { _ in 0 }
    data.classNames = []
    return data
  }

  private func autoencoder() throws -> Model {
    var b = ModelBuilder(input: Shape(height: 8, width: 8, channels: 1))
    try b.add(.reshape(.flatten))
    try b.add(.dense(Dense(units: 4)))
    try b.add(.dense(Dense(units: 64)))
    try b.add(.reshape(.to(Shape(height: 8, width: 8, channels: 1))))
    return try b.build().initialized(.glorot, seed: 3)
  }

  private func trainer(_ model: Model, _ loss: Loss? = nil) throws -> Trainer {
    var configuration = TrainingConfiguration()
    configuration.epochs = 30
    configuration.batch = 20
    configuration.learningRate = 0.01
    configuration.loss = loss
    return try Trainer(
      model, configuration: configuration, training: bars(200, seed: 1), validation: bars(60, seed: 2), threads: 2)
  }

  /// Noise of variance 100^2 / 12 / 255^2 = 0.0128 cannot be given back through 4 numbers; the mean image errs by 0.032.
  @Test func anAutoencoderLearnsWithoutLabels() throws {
    let result = try trainer(autoencoder()).run()
    #expect(result.bestLoss < 0.02 && result.history[0].validationLoss > 0.03)
    #expect(result.bestLoss == result.history.map(\.validationLoss).min(), "the least error is the best")
    #expect(result.bestEpoch > 1 && result.bestCorrect == 0)
    let variance = bars(60, seed: 2).pixelVariance
    for epoch in result.history {
      #expect(epoch.kind == .meanSquaredError)
      #expect(abs(epoch.validationQuality - 100 * (1 - epoch.validationLoss / variance)) < 1e-9)
    }
    let network = try FloatNetwork(result.model, maxBatch: 64, threads: 1)
    #expect(abs(network.score(bars(60, seed: 2)).meanLoss - result.bestLoss) < 1e-6)
  }

  @Test func lossesThatDoNotFitAreRefused() throws {
    func text(_ body: () throws -> Trainer) -> String {
      #expect(throws: TrainingError.self) { _ = try body() }?.description ?? ""
    }
    #expect(text { try trainer(autoencoder(), .crossEntropy) }.contains("mean squared error, not cross-entropy"))
    #expect(text { try trainer(TrainerTests.network()) }.contains("no labels, which a classifier needs"))
    #expect(text { try trainer(TrainerTests.network(), .meanSquaredError) }.contains("needs cross-entropy"))
    _ = try trainer(autoencoder(), .meanSquaredError)
  }

  /// Recipes and checkpoints from before there was a loss to choose read as they did, and are written as they were.
  @Test func aConfigurationWithoutLossKeepsItsForm() throws {
    var configuration = TrainingConfiguration()
    let json = try JSONEncoder().encode(configuration)
    #expect(!String(decoding: json, as: UTF8.self).contains("loss"))
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: json) == configuration)
    configuration.loss = .meanSquaredError
    let other = try JSONEncoder().encode(configuration)
    #expect(String(decoding: other, as: UTF8.self).contains("\"loss\":\"meanSquaredError\""))
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: other).loss == .meanSquaredError)
  }

  /// What a spectrogram's axes stand for does not bear turning; pictures are left to the configuration.
  @Test func spectrogramsAreOnlyShifted() throws {
    var data = TrainerTests.bars(40, seed: 1)
    #expect(Augmentation.digits.suited(to: data) == .digits)
    data.isSpectrogram = true
    #expect(Augmentation.digits.suited(to: data) == Augmentation(shift: 2))
    var configuration = TrainerTests.configuration(2)
    func trained(_ augmentation: Augmentation?) throws -> Model {
      configuration.augmentation = augmentation
      return try Trainer(
        TrainerTests.network(), configuration: configuration, training: data, validation: data, threads: 1
      ).run().model
    }
    let shifted = try trained(Augmentation(shift: 2))
    #expect(try trained(.digits) == shifted)
    #expect(try trained(nil) != shifted)
    #expect(data.subset(0..<3).isSpectrogram && data.split(validationCount: 5, seed: 0).validation.isSpectrogram)
  }
}
