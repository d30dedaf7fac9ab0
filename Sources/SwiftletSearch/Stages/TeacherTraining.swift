import Foundation
import SwiftletEvaluation
import SwiftletFormat
import SwiftletModel
import SwiftletTraining

/// More to learn from than the float model alone: networks like it, trained from other seeds, where there is time.
struct TeacherTraining {
  private let subject: SearchSubject
  private let journal: SearchJournal
  private let work: any SearchWork

  private enum Tuning {
    /// Networks. The seed CNN in 4.5 KB, 120 epochs, one run each, the mean over the last 15 on validation images:
    /// 99.67% with two, 99.60% without.
    static let teachers = 2
    static let epochs = 30
    /// Small data sets are trained on for more epochs, until there are as many steps; up to ten times as many epochs.
    static let leastSteps = 10_000
    static let mostTimesEpochs = 10
    /// Far from the seeds that the float model may have been trained with, whose twin would tell nothing new.
    static let seed: UInt64 = 1_000_003
    /// The share of the effort that all of them may take.
    static let shareOfEffort = 1.0 / 12
    /// How many times longer an image takes in training than in inference: forward, and twice that backward.
    static let trainingFactor = 3.0
    /// How many times the time that follows from this one may take before it is given up.
    static let patience = 4.0
    /// Standard errors of its quality that one may be worse than the float model.
    static let leeway = 3.0
  }

  init(_ subject: SearchSubject, _ journal: SearchJournal, _ work: any SearchWork) {
    self.subject = subject
    self.journal = journal
    self.work = work
  }

  /// Trains them once and keeps those that are nearly as good as the float model; the state is saved after each.
  func run() throws {
    let epochs = epochs
    let cost = cost(epochs: epochs)
    var teachers: SearchState.Teachers
    if let begun = journal.state.furtherTeachers {
      teachers = begun
    } else {
      guard isWorthwhile(cost: cost) else { return }
      teachers = SearchState.Teachers(recipe: .init(training: training(epochs: epochs), seeds: []))
    }
    while teachers.triedCount < Tuning.teachers {
      let seconds = subject.options.effort.countsEpochs ? .infinity : Tuning.patience * cost
      try trainNext(&teachers, seconds: seconds)
      journal.state.furtherTeachers = teachers
      journal.state.probeEpochs = (journal.state.probeEpochs ?? 0) + teachers.recipe.training.epochs
      try journal.saveState()
    }
  }

  private var epochs: Int {
    let steps = max(1, subject.training.count / subject.batch)
    return min(max(Tuning.epochs, Tuning.leastSteps / steps), Tuning.mostTimesEpochs * Tuning.epochs)
  }

  /// What one takes of the effort.
  private func cost(epochs: Int) -> Double {
    var cost = Double(epochs)
    if !subject.options.effort.countsEpochs {
      cost *= Tuning.trainingFactor * subject.floatSecondsPerImage * Double(subject.training.count)
    }
    return cost
  }

  private func isWorthwhile(cost: Double) -> Bool {
    subject.float.reconstruction == nil && !subject.skipsDistillation(after: journal.state.candidates)
      && Double(Tuning.teachers) * cost <= Tuning.shareOfEffort * (subject.options.effort.total - journal.spent)
  }

  private func training(epochs: Int) -> TrainingConfiguration {
    var training = PruningRun.fineTuning(epochs: epochs)
    (training.batch, training.augmentation) = (subject.batch, subject.options.augmentation)
    return training
  }

  /// - Parameter seconds: What it may take; if that is not enough, there are no more.
  private func trainNext(_ teachers: inout SearchState.Teachers, seconds: Double) throws {
    teachers.triedCount += 1
    let seed = subject.options.seed &+ Tuning.seed &+ UInt64(teachers.triedCount)
    let count = "\(teachers.triedCount) of \(Tuning.teachers), \(teachers.recipe.training.epochs) epochs"
    journal.note("training another float model to learn from, \(count)")
    let start = ContinuousClock.now
    do {
      let teacher = try work.trainedTeacher(
        teachers.recipe, seed: seed,
        isCancelled: { journal.isCancelled() || (ContinuousClock.now - start) / .seconds(1) > seconds },
        onEvent: { journal.tell(.training($0)) })
      let points = try work.quality(ofFloat: teacher)
      journal.note("it has \(points.rounded(places: 2))% of the validation images right")
      guard points >= subject.floatPoints - Tuning.leeway * subject.resolution else { return }
      teachers.files.append(Data(try ModelWriter.write(teacher, effort: .fast).bytes))
      teachers.recipe.seeds.append(seed)
      work.addTeacher(teacher)
    } catch let error as TrainingError {
      journal.note("\(error)")
    } catch CompressionError.cancelled where !journal.isCancelled() {
      journal.note("it takes too long")
      teachers.triedCount = Tuning.teachers
    }
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
