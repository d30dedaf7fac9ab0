import Foundation
import SwiftletCompression
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
  /// The share of the effort that they may take, and how many times longer an image takes in training than in inference.
  private static let teachingShare = 1.0 / 12
  private static let trainingFactor = 3.0

  /// Trains them once, and keeps those that are nearly as good as the float model.
  func trainTeachers() throws {
    guard state.furtherTeachers == nil, float.reconstruction == nil, !allowsTiny else { return }
    let steps = max(1, compressor.training.count / batch)
    let epochs = min(max(Self.teacherEpochs, Self.teacherSteps / steps), 10 * Self.teacherEpochs)
    let all = Self.teacherCount * epochs
    var cost = Double(all)
    if !options.effort.countsEpochs {
      cost *= Self.trainingFactor * floatSecondsPerImage * Double(compressor.training.count)
    }
    guard cost <= Self.teachingShare * options.effort.total else { return }
    var training = PruningRun.fineTuning(epochs: epochs)
    (training.batch, training.augmentation) = (batch, options.augmentation)
    var further = ShrinkRecipe.FurtherTeachers(training: training, seeds: [])
    var files: [Data] = []
    for number in 1...Self.teacherCount {
      let seed = options.seed &+ UInt64(number)
      onEvent(.note("training another float model to learn from, \(number) of \(Self.teacherCount), \(epochs) epochs"))
      do {
        let teacher = try further.trained(
          model, seed: seed, training: compressor.training, validation: compressor.validation, threads: options.threads,
          isCancelled: isCancelled
        ) { onEvent(.training($0)) }
        let score = try Evaluation.of(teacher, on: compressor.validation, threads: options.threads)
        onEvent(.note("it has \(score.quality.rounded(places: 2))% of the validation images right"))
        guard score.quality >= floatPoints - 3 * Quality.resolution(float) else { continue }
        files.append(Data(try ModelWriter.write(teacher, effort: .fast).bytes))
        further.seeds.append(seed)
        furtherModels.append(teacher)
      } catch let error as TrainingError {
        onEvent(.note("\(error)"))
      }
    }
    state.probeEpochs = (state.probeEpochs ?? 0) + all
    state.furtherTeachers = SearchState.Teachers(recipe: further, files: files)
    try saveState()
  }

  /// The float model and those trained beside it.
  private func ensemble(_ recipe: ShrinkRecipe) throws -> [Model] {
    guard recipe.furtherTeachers != nil, let teachers = state.furtherTeachers else { return [model] }
    if furtherModels.count < teachers.files.count {
      do { furtherModels = try teachers.files.map { try ModelReader.read(Array($0)) } } catch {
        throw CompressionError.notWritable("a float model of the search's state cannot be read again: \(error)")
      }
    }
    return [model] + furtherModels
  }

  func teacher(_ recipe: ShrinkRecipe, _ run: ShrinkRun) throws -> Teacher? {
    let key = TeachingKey(recipe)
    if taught?.key == key { return taught?.teacher }
    guard let teacher = try run.teacher(recipe.distillation, try ensemble(recipe), batch: recipe.training.batch) else {
      return nil
    }
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
