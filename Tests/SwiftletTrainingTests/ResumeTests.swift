import Foundation
import SwiftletData
import SwiftletModel
import SwiftletTraining
import Testing

/// Which runs may go on from a checkpoint, and what is said to the others.
@Suite struct ResumeTests {
  private static func configuration(_ epochs: Int, _ schedule: LearningRateSchedule = .constant)
    -> TrainingConfiguration
  {
    var configuration = TrainerTests.configuration(epochs)
    configuration.schedule = schedule
    return configuration
  }

  /// Where a run stands after so many epochs.
  private func checkpoint(after epochs: Int, of configuration: TrainingConfiguration) throws -> Checkpoint {
    let path = TrainerTests.temporaryFile()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var trainer = try TrainerTests.trainer(configuration)
    trainer.checkpointPath = path
    // Eleven batches an epoch.
    var batches = 0
    trainer.isCancelled = {
      batches += 1
      return batches > 11 * epochs
    }
    _ = try trainer.run()
    return try Checkpoint.load(path)
  }

  @Test(arguments: [2, 3, 5])
  func anotherNumberOfEpochsEndsAsAnUnbrokenRunOfItWould(_ epochs: Int) throws {
    let checkpoint = try checkpoint(after: 2, of: Self.configuration(4))
    let trainer = try TrainerTests.trainer(Self.configuration(epochs))
    #expect(try trainer.check(checkpoint) == nil)
    let resumed = try trainer.run(resuming: checkpoint)
    #expect(try resumed.model == TrainerTests.trainer(Self.configuration(epochs)).run().model)
    #expect(resumed.history.count == epochs - 2)
  }

  @Test func aScheduleOverAllEpochsIsWarnedOf() throws {
    let checkpoint = try checkpoint(after: 2, of: Self.configuration(4, .cosine))
    let same = try TrainerTests.trainer(Self.configuration(4, .cosine))
    #expect(try same.check(checkpoint) == nil)
    let longer = try TrainerTests.trainer(Self.configuration(6, .cosine))
    let warning = try #require(try longer.check(checkpoint))
    #expect(warning.contains("for 4 in all") && warning.contains("not that of 6 epochs"), "\(warning)")
    #expect(try longer.run(resuming: checkpoint).history.count == 4)
  }

  @Test func whatDiffersIsNamed() throws {
    let checkpoint = try checkpoint(after: 1, of: Self.configuration(4))
    func message(_ trainer: Trainer) -> String {
      do {
        _ = try trainer.run(resuming: checkpoint)
        return "it ran"
      } catch { return "\(error)" }
    }
    var other = Self.configuration(4)
    other.learningRate = 0.02
    other.batch = 25
    #expect(
      message(try TrainerTests.trainer(other)).contains(
        "another run: batch: 24 before, 25 now; learning rate: 0.01 before, 0.02 now; give the same to resume"))
    let data = (TrainerTests.bars(250, seed: 1), TrainerTests.bars(60, seed: 2))
    func trainer(_ network: Model, _ training: Dataset) throws -> Trainer {
      try Trainer(network, configuration: Self.configuration(4), training: training, validation: data.1, threads: 1)
    }
    let architecture = message(try trainer(try TrainerTests.network(dropout: false), data.0))
    #expect(architecture.contains("architecture: conv2d batch_norm"), "\(architecture)")
    let images = message(try trainer(try TrainerTests.network(), TrainerTests.bars(250, seed: 9)))
    #expect(images.contains("training images: 250 of 8x8x1 (hash ") && !images.contains("weights"), "\(images)")
    var renamed = data.0
    renamed.classNames.swapAt(0, 3)
    let classes = message(try trainer(try TrainerTests.network(), renamed))
    #expect(
      classes.contains(
        "run: class names: top, bottom, left, right before, right, bottom, left, top now; give the same"),
      "no hash of images that follows from them: \(classes)")
    let late = try self.checkpoint(after: 3, of: Self.configuration(4))
    #expect(throws: TrainingError.self) { try TrainerTests.trainer(Self.configuration(2)).check(late) }
  }

  @Test func whatIsNoCheckpointSaysSo() throws {
    let bytes = try checkpoint(after: 1, of: Self.configuration(4)).bytes
    func message(_ bytes: [UInt8]) -> String {
      do {
        _ = try Checkpoint(bytes: bytes)
        return "it was read"
      } catch { return "\(error)" }
    }
    for other in [Array("a letter, 19 bytes\n".utf8), [7], [UInt8](repeating: 0, count: 99)] {
      #expect(message(other) == "is no checkpoint" && !Checkpoint.isBegun(by: other))
    }
    for count in [0, 2, 5, bytes.count - 1] {
      let cut = Array(bytes.prefix(count))
      #expect(message(cut).hasPrefix("is no intact checkpoint of this version") && Checkpoint.isBegun(by: cut))
    }
  }

  @Test func tensorsThatDoNotFitAreRefused() throws {
    let trainer = try TrainerTests.trainer(Self.configuration(4))
    for change: (inout Checkpoint) -> Void in [
      { $0.parameters.removeLast() }, { $0.optimizerState.removeLast() }, { $0.best = [[1]] },
      { $0.optimizerState[0].append(0) },
    ] {
      var checkpoint = try checkpoint(after: 1, of: Self.configuration(4))
      change(&checkpoint)
      #expect(throws: TrainingError.self) { try trainer.run(resuming: checkpoint) }
    }
  }
}
