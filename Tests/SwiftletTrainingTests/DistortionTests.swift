import SwiftletData
import SwiftletFloat
import SwiftletModel
import SwiftletTraining
import Testing

/// Which distortions of the images a training shows, and what a teacher says of them.
@Suite struct DistortionTests {
  @Test func distortionsComeAgainAfterTheirCycle() throws {
    func parameters(cycle: Int?) throws -> Model {
      var configuration = TrainerTests.configuration(3)
      configuration.augmentationCycle = cycle
      return try TrainerTests.trainer(configuration).run().model
    }
    let fresh = try parameters(cycle: nil)
    #expect(try parameters(cycle: 3) == fresh)
    #expect(try parameters(cycle: 1) != fresh)
  }

  /// Undistorted images are few enough for the teacher's opinions to be kept; distorted by nothing they are asked for
  /// each time.
  @Test func keptOpinionsAreThoseOfTheTeacher() throws {
    func taught(_ augmentation: Augmentation?, weight: Float) throws -> Model {
      var configuration = TrainerTests.configuration(3)
      configuration.augmentation = augmentation
      var trainer = try TrainerTests.trainer(configuration)
      trainer.teacher = try Teacher(
        [try TrainerTests.network(dropout: false)], weight: weight, temperature: 2, maximumBatch: 24, threads: 1)
      return try trainer.run().model
    }
    let kept = try taught(nil, weight: 0.5)
    #expect(try taught(Augmentation(), weight: 0.5) == kept)
    #expect(try taught(nil, weight: 0) != kept)
  }

  /// A teacher of several runs has its opinions of the same distortions only.
  @Test func oneTeacherOfManyRunsTeachesAsManyDo() throws {
    let shared = try Teacher(
      [try TrainerTests.network(dropout: false)], weight: 0.5, temperature: 2, maximumBatch: 24, threads: 1)
    let runs: [(seed: UInt64, shift: Float, cycle: Int, undistorted: Int)] = [
      (1, 1, 2, 0), (1, 1, 2, 0), (2, 1, 2, 0), (2, 2, 2, 0), (2, 2, 3, 0), (2, 2, 2, 2),
    ]
    for run in runs {
      var configuration = TrainerTests.configuration(4)
      configuration.seed = run.seed
      configuration.augmentation = Augmentation(shift: run.shift)
      (configuration.augmentationCycle, configuration.undistortedEpochs) = (run.cycle, run.undistorted)
      var models: [Model] = []
      for teacher in [
        shared,
        try Teacher(
          [try TrainerTests.network(dropout: false)], weight: 0.5, temperature: 2, maximumBatch: 24, threads: 1),
      ] {
        var trainer = try TrainerTests.trainer(configuration)
        trainer.teacher = teacher
        // The last one, whatever is best.
        trainer.firstEligibleEpoch = 4
        models.append(try trainer.run().model)
      }
      #expect(models[0] == models[1])
    }
  }

  /// Two distortions of each image, then twice the image itself.
  @Test func theLastEpochsShowImagesAsTheyAre() throws {
    func trained(_ augmentation: Augmentation?, cycle: Int?, undistorted: Int?, isTaught: Bool = false) throws -> Model
    {
      var configuration = TrainerTests.configuration(4)
      configuration.augmentation = augmentation
      configuration.augmentationCycle = cycle
      configuration.undistortedEpochs = undistorted
      var trainer = try TrainerTests.trainer(configuration)
      if isTaught {
        trainer.teacher = try Teacher(
          [try TrainerTests.network(dropout: false)], weight: 0.5, temperature: 2, maximumBatch: 24, threads: 1)
      }
      return try trainer.run().model
    }
    let shift = Augmentation(shift: 2)
    let plain = try trained(nil, cycle: nil, undistorted: nil)
    #expect(try trained(shift, cycle: nil, undistorted: 4) == plain)
    #expect(try trained(shift, cycle: nil, undistorted: 9) == plain)
    let late = try trained(shift, cycle: nil, undistorted: 2)
    #expect(try late != plain && trained(shift, cycle: nil, undistorted: nil) != late)
    // Where distortions come again the teacher's opinions are kept, of the images themselves apart.
    #expect(
      try trained(shift, cycle: 2, undistorted: 2, isTaught: true)
        == trained(shift, cycle: nil, undistorted: 2, isTaught: true))
  }
}
