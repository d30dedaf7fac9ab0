import SwiftletData
import SwiftletModel
import SwiftletTraining

extension ShrinkRecipe {
  /// Networks like the float model, trained anew from other seeds, that a student learns from beside it: what several
  /// say on average is right more often than what one says (Hinton, Vinyals and Dean 2015).
  public struct FurtherTeachers: Hashable, Sendable, Codable {
    /// How each is trained; the seeds take the place of its own.
    public var training: TrainingConfiguration
    /// One for each.
    public var seeds: [UInt64]

    public init(training: TrainingConfiguration, seeds: [UInt64]) {
      self.training = training
      self.seeds = seeds
    }

    /// Trains one of them.
    ///
    /// - Parameter keepsLastEpoch: For where validation images are among those to train on; else the best on them is
    ///   kept.
    /// - Throws: `CompressionError.cancelled`, or what training throws.
    func trained(
      _ model: Model, seed: UInt64, training: Dataset, validation: Dataset, keepsLastEpoch: Bool = false, threads: Int,
      isCancelled: @escaping () -> Bool, onEvent: (TrainingEvent) -> Void
    ) throws -> Model {
      var configuration = self.training
      configuration.seed = seed
      var trainer = try Trainer(
        model.initialized(configuration.initialization, seed: seed), configuration: configuration, training: training,
        validation: validation, threads: threads)
      trainer.isCancelled = isCancelled
      if keepsLastEpoch { trainer.firstEligibleEpoch = configuration.epochs }
      let result = try trainer.run(onEvent: onEvent)
      if result.isInterrupted { throw CompressionError.cancelled }
      return result.model
    }
  }
}

extension ShrinkRun {
  /// Whose logits the student learns: `teachers`, else the model it starts from and those that the recipe has trained.
  func ensemble(
    _ model: Model, _ training: Dataset, _ validation: Dataset, _ onEvent: (ShrinkEvent) -> Void
  ) throws -> [Model] {
    guard teachers.isEmpty else { return teachers }
    guard teacher == nil, let further = recipe.furtherTeachers, recipe.distils else { return [model] }
    return try [model]
      + further.seeds.indices.map { index in
        onEvent(.teacher(number: index + 1, count: further.seeds.count))
        return try further.trained(
          model, seed: further.seeds[index], training: training, validation: validation,
          keepsLastEpoch: recipe.usesAllImages == true, threads: threads, isCancelled: isCancelled
        ) { onEvent(.floatTraining($0)) }
      }
  }
}
