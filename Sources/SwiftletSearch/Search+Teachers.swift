import Foundation
import SwiftletCompression
import SwiftletEvaluation
import SwiftletFormat
import SwiftletModel
import SwiftletTraining

/// More to learn from than the float model alone, where there is time for it.
extension Search {
  /// Networks to train beside the float model. The seed CNN in 4.5 KB, 120 epochs, one run each, the mean over the last
  /// 15 on validation images: 99.67% with two, 99.60% without.
  private static let teacherCount = 2
  /// Their epochs, and the steps under which small data sets are trained longer, up to ten times.
  private static let teacherEpochs = 30
  private static let teacherSteps = 10_000
  /// Far from the seeds that the float model may have been trained with, whose twin would tell nothing new.
  private static let teacherSeed: UInt64 = 1_000_003
  /// The share of the effort that they may take, how many times longer an image takes in training than in inference,
  /// and how many times the time that follows may pass before they are given up.
  private static let teachingShare = 1.0 / 12
  private static let trainingFactor = 3.0
  private static let patience = 4.0

  /// Trains them once, where there is time, and keeps those that are nearly as good as the float model.
  func trainTeachers() throws {
    let steps = max(1, compressor.training.count / batch)
    let epochs = min(max(Self.teacherEpochs, Self.teacherSteps / steps), 10 * Self.teacherEpochs)
    var cost = Double(epochs)
    if !options.effort.countsEpochs {
      cost *= Self.trainingFactor * floatSecondsPerImage * Double(compressor.training.count)
    }
    var teachers: SearchState.Teachers
    if let begun = state.furtherTeachers {
      teachers = begun
    } else {
      guard float.reconstruction == nil, !allowsTiny,
        Double(Self.teacherCount) * cost <= Self.teachingShare * (options.effort.total - spent)
      else { return }
      var training = PruningRun.fineTuning(epochs: epochs)
      (training.batch, training.augmentation) = (batch, options.augmentation)
      teachers = SearchState.Teachers(recipe: .init(training: training, seeds: []))
    }
    while teachers.triedCount < Self.teacherCount {
      try trainTeacher(&teachers, seconds: options.effort.countsEpochs ? .infinity : Self.patience * cost)
      state.furtherTeachers = teachers
      state.probeEpochs = (state.probeEpochs ?? 0) + teachers.recipe.training.epochs
      try saveState()
    }
  }

  /// The next of them.
  ///
  /// - Parameter seconds: What it may take; if that is not enough, there are no more.
  private func trainTeacher(_ teachers: inout SearchState.Teachers, seconds: Double) throws {
    teachers.triedCount += 1
    let seed = options.seed &+ Self.teacherSeed &+ UInt64(teachers.triedCount)
    let count = "\(teachers.triedCount) of \(Self.teacherCount), \(teachers.recipe.training.epochs) epochs"
    onEvent(.note("training another float model to learn from, \(count)"))
    let start = ContinuousClock.now
    do {
      let teacher = try teachers.recipe.trained(
        model, seed: seed, training: compressor.training, validation: compressor.validation, threads: options.threads,
        isCancelled: { self.isCancelled() || (ContinuousClock.now - start) / .seconds(1) > seconds }
      ) { onEvent(.training($0)) }
      let score = try Evaluation.of(teacher, on: compressor.validation, threads: options.threads)
      onEvent(.note("it has \(score.quality.rounded(places: 2))% of the validation images right"))
      guard score.quality >= floatPoints - 3 * Quality.resolution(float) else { return }
      teachers.files.append(Data(try ModelWriter.write(teacher, effort: .fast).bytes))
      teachers.recipe.seeds.append(seed)
      furtherModels.append(teacher)
    } catch let error as TrainingError {
      onEvent(.note("\(error)"))
    } catch CompressionError.cancelled where !isCancelled() {
      onEvent(.note("it takes too long"))
      teachers.triedCount = Self.teacherCount
    }
  }

  func teacher(_ recipe: ShrinkRecipe, _ run: ShrinkRun) throws -> Teacher? {
    let key = TeachingKey(recipe)
    if taught?.key == key { return taught?.teacher }
    let models = [model] + (recipe.furtherTeachers == nil ? [] : furtherModels)
    guard let teacher = try run.teacher(recipe.distillation, models, batch: recipe.training.batch) else { return nil }
    taught = (key, teacher)
    return teacher
  }

  /// What asking the teachers for their opinions takes of the effort, where they were not asked before.
  func teachingCost(_ recipe: ShrinkRecipe) -> Double {
    guard case .minutes = options.effort, recipe.distillation != nil, taught?.key != TeachingKey(recipe) else {
      return 0
    }
    let images = compressor.training.count * (options.augmentation == nil ? 1 : Self.distortionCount + 1)
    return floatSecondsPerImage * Double(images * (1 + (recipe.furtherTeachers?.seeds.count ?? 0)))
  }
}

extension SearchState.Teachers {
  /// - Throws: `CompressionError.damagedSearch` where these are no networks like `model`.
  func models(like model: Model) throws(CompressionError) -> [Model] {
    guard files.count == recipe.seeds.count else { throw .damagedSearch }
    let model = model.canonicallyNumbered()
    return try files.map { file throws(CompressionError) in
      guard let teacher = try? ModelReader.read(Array(file)), teacher.inputs == model.inputs,
        teacher.outputs == model.outputs, teacher.values.map(\.shape) == model.values.map(\.shape),
        teacher.nodes.map(\.op) == model.nodes.map(\.op),
        teacher.nodes.map({ $0.parameters.map(\.shape) }) == model.nodes.map({ $0.parameters.map(\.shape) })
      else { throw .damagedSearch }
      return teacher
    }
  }
}

/// What decides what a training is taught: the images that the teachers are asked about, and who they are.
struct TeachingKey: Hashable {
  var distillation: ShrinkRecipe.Distillation?
  var furtherTeachers: ShrinkRecipe.FurtherTeachers?
  var augmentation: Augmentation?
  var batch: Int
  var seed: UInt64

  init(_ recipe: ShrinkRecipe) {
    distillation = recipe.distillation
    furtherTeachers = recipe.furtherTeachers
    augmentation = recipe.training.augmentation
    batch = recipe.training.batch
    seed = recipe.training.seed
  }
}
