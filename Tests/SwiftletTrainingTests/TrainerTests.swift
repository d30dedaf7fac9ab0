import Foundation
import SwiftletData
import SwiftletFloat
import SwiftletModel
import SwiftletTraining
import TestSupport
import Testing

@Suite struct TrainerTests {
  /// 8x8 images with a bright bar in one of four places: learnable in a few epochs.
  static func bars(_ count: Int, seed: UInt64) -> Dataset {
    var generator = SplitMix64(seed: seed)
    var images: [UInt8] = []
    var labels: [UInt8] = []
    for _ in 0..<count {
      let label = Int(generator.next() % 4)
      for y in 0..<8 {
        for x in 0..<8 {
          let isOn = label < 2 ? y / 4 == label : x / 4 == label - 2
          images.append(UInt8((isOn ? 120 : 40) + Int(generator.next() % 100)))
        }
      }
      labels.append(UInt8(label))
    }
    return Dataset(
      height: 8, width: 8, channels: 1, images: images, labels: labels, classNames: ["top", "bottom", "left", "right"])
  }

  static func network(dropout: Bool = true) throws -> Model {
    var b = ModelBuilder(input: Shape(height: 8, width: 8, channels: 1))
    try b.add(.conv2D(Conv2D(filters: 6, window: SlidingWindow(kernel: Size2D(3)), activation: .none)))
    try b.add(.batchNorm(BatchNorm(momentum: 0.9)))
    try b.add(.activation(.relu))
    try b.add(.pool2D(Pool2D(.max, window: SlidingWindow(kernel: Size2D(2), stride: Size2D(2)))))
    if dropout { try b.add(.dropout(Dropout(rate: 0.2))) }
    try b.add(.dense(Dense(units: 4)))
    try b.add(.softmax(Softmax()))
    return try b.build().initialized(.glorot, seed: 3)
  }

  static func configuration(_ epochs: Int = 4) -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    configuration.epochs = epochs
    configuration.batch = 24
    configuration.learningRate = 0.01
    configuration.schedule = .cosine
    configuration.warmUpEpochs = 0.5
    configuration.weightDecay = 0.01
    configuration.augmentation = Augmentation(shift: 0.5, rotation: 3)
    configuration.seed = 11
    return configuration
  }

  static func trainer(_ configuration: TrainingConfiguration = configuration(), threads: Int = 1) throws -> Trainer {
    try Trainer(
      Self.network(), configuration: configuration, training: Self.bars(250, seed: 1),
      validation: Self.bars(60, seed: 2), threads: threads)
  }

  /// A path of its own for a checkpoint.
  static func temporaryFile() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-\(UUID().uuidString).ckpt").path
  }

  @Test(arguments: OptimizerChoice.allCases)
  func trainingLearns(_ optimizer: OptimizerChoice) throws {
    var configuration = Self.configuration(12)
    configuration.optimizer = optimizer
    let result = try Self.trainer(configuration).run()
    #expect(result.history.count == 12)
    #expect(result.history.last!.trainingLoss < result.history[0].trainingLoss / 2)
    #expect(result.bestCorrect >= 57)
    // The best model is what scored best, not the last.
    let network = try FloatNetwork(result.model, maxBatch: 64, threads: 1)
    #expect(network.score(Self.bars(60, seed: 2)).correct == result.bestCorrect)
  }

  @Test func threadsDoNotChangeTheResult() throws {
    let one = try Self.trainer(threads: 1).run()
    let two = try Self.trainer(threads: 2).run()
    #expect(one.model == two.model)
    #expect(one.model != (try Self.trainer(Self.otherSeed).run().model))
  }

  private static var otherSeed: TrainingConfiguration {
    var other = configuration()
    other.seed = 12
    return other
  }

  @Test func resumingReachesTheUnbrokenResult() throws {
    let whole = try Self.trainer().run()
    let path = Self.temporaryFile()
    defer { try? FileManager.default.removeItem(atPath: path) }
    // Killed in the middle of epoch 3: the checkpoint of epoch 2 is what is left.
    var broken = try Self.trainer()
    broken.checkpointPath = path
    var batches = 0
    broken.isCancelled = {
      batches += 1
      return batches == 2 * 11 + 5
    }
    let part = try broken.run()
    #expect(part.isInterrupted && part.history.count == 2)
    let checkpoint = try Checkpoint.load(path)
    #expect(checkpoint.epoch == 2)
    let rest = try Self.trainer(threads: 2).run(resuming: checkpoint)
    #expect(rest.history == whole.history[2...].map { $0.withSeconds(of: rest.history, epoch: $0.epoch) })
    #expect(rest.model == whole.model)
    #expect(!rest.isInterrupted)
  }

  @Test func anotherRunsCheckpointIsRefused() throws {
    let path = Self.temporaryFile()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var first = try Self.trainer(Self.configuration(1))
    first.checkpointPath = path
    _ = try first.run()
    let checkpoint = try Checkpoint.load(path)
    #expect {
      try Self.trainer(Self.otherSeed).run(resuming: checkpoint)
    } throws: { error in
      if case TrainingError.otherRun = error { true } else { false }
    }
  }

  @Test func everyDamageToACheckpointIsRefused() throws {
    var checkpoint = Checkpoint()
    checkpoint.epoch = 3
    checkpoint.parameters = [[1, 2, 3], [0.5]]
    checkpoint.optimizerState = [[0, 0, 1]]
    checkpoint.best = [[1, 2, 3], [0.25]]
    checkpoint.bestCorrect = 17
    let good = checkpoint.bytes
    let read = try Checkpoint(bytes: good)
    #expect(read.epoch == 3 && read.parameters == checkpoint.parameters && read.best == checkpoint.best)
    #expect(read.optimizerState == checkpoint.optimizerState && read.bestCorrect == 17)
    for length in good.indices {
      #expect(throws: CheckpointError.self) { try Checkpoint(bytes: Array(good[..<length])) }
    }
    for index in good.indices {
      var bad = good
      bad[index] ^= 1 << (index % 8)
      #expect(throws: CheckpointError.self) { try Checkpoint(bytes: bad) }
    }
    #expect(throws: CheckpointError.self) { try Checkpoint(bytes: good + [0]) }
  }

  @Test func divergenceStopsWithAdviceAndKeepsTheLastGoodEpoch() throws {
    var configuration = Self.configuration(3)
    configuration.optimizer = .sgd
    configuration.warmUpEpochs = 0
    let path = Self.temporaryFile()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var trainer = try Self.trainer(configuration)
    trainer.checkpointPath = path
    // The second epoch is poisoned.
    trainer.afterStep = { network, progress in
      if progress > 1.5 { network.parameters[0].withMutableValues { $0[0] = .infinity } }
    }
    let error = #expect(throws: TrainingError.self) { try trainer.run() }
    #expect(error?.description.contains("lower the learning rate") == true)
    let checkpoint = try Checkpoint.load(path)
    #expect(checkpoint.epoch == 1)
    #expect(checkpoint.parameters.allSatisfy { $0.allSatisfy(\.isFinite) })
  }

  @Test func aHugeLearningRateIsCaught() throws {
    var configuration = Self.configuration(3)
    configuration.optimizer = .sgd
    configuration.learningRate = 1e6
    configuration.warmUpEpochs = 0
    #expect(throws: TrainingError.self) { try Self.trainer(configuration).run() }
  }

  @Test func masksHoldThroughTraining() throws {
    var trainer = try Self.trainer()
    let isKept = (0..<54).map { $0 % 3 == 0 }
    trainer.afterStep = { network, _ in
      network.parameters[0].withMutableValues { values in
        for i in values.indices where !isKept[i] { values[i] = 0 }
      }
    }
    let result = try trainer.run()
    let weights = result.model.nodes[0].parameters[0].floats!
    for i in weights.indices { #expect((weights[i] != 0) == isKept[i]) }
  }

  @Test func earlyEpochsAreNotEligibleWhenTold() throws {
    var trainer = try Self.trainer(Self.configuration(3))
    trainer.firstEligibleEpoch = 3
    let result = try trainer.run()
    #expect(result.bestEpoch == 3)
    #expect(result.history.map(\.isBest) == [false, false, true])
  }

  @Test func progressCountsUp() throws {
    var fractions: [Double] = []
    var images: [Double] = []
    _ = try Self.trainer(Self.configuration(2)).run { event in
      if case .progress(let progress) = event {
        fractions.append(progress.fraction)
        images.append(progress.imagesPerSecond)
        #expect(progress.secondsLeft >= 0 && progress.batches == 11)
      }
    }
    #expect(fractions.count == 22 && fractions == fractions.sorted() && fractions.last == 1)
    #expect(images.allSatisfy { $0 > 0 })
  }

  @Test func dataThatDoesNotFitIsRefused() throws {
    var other = Self.bars(10, seed: 1)
    other.classNames = ["a", "b", "c", "d", "e"]
    #expect(throws: TrainingError.self) {
      try Trainer(
        Self.network(), configuration: Self.configuration(), training: other, validation: other, threads: 1)
    }
    let wide = Dataset(
      height: 8, width: 9, channels: 1, images: [UInt8](repeating: 0, count: 72), labels: [0],
      classNames: ["a", "b", "c", "d"])
    #expect(throws: TrainingError.self) {
      try Trainer(Self.network(), configuration: Self.configuration(), training: wide, validation: wide, threads: 1)
    }
  }

  @Test(.enabled(if: RealDigits.folder != nil, "MNIST is not on this machine"))
  func trainsOnRealDigits() throws {
    let (train, _) = try Dataset.mnist(directory: try #require(RealDigits.folder))
    let split = train.subset(0..<12_000).split(validationCount: 2000, seed: 0)
    var configuration = TrainingConfiguration()
    configuration.epochs = 1
    let model = try Architecture.named("mnist-cnn").initialized(.glorot, seed: 0)
    let result = try Trainer(
      model, configuration: configuration, training: split.training, validation: split.validation, threads: 2
    ).run()
    #expect(result.bestCorrect >= 1860, "one epoch on 10,000 digits reaches 93% and more")
  }
}

extension EpochSummary {
  /// The same with the measured time of another run's epoch, so that the rest can be compared.
  fileprivate func withSeconds(of others: [EpochSummary], epoch: Int) -> EpochSummary {
    var result = self
    result.seconds = others.first { $0.epoch == epoch }?.seconds ?? -1
    return result
  }
}
