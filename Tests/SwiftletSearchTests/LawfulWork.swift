import Foundation
import SwiftletModel
import SwiftletSearch
import SwiftletTraining
import TestSupport

/// Stands in for the work of a search: what networks lose follows a law, and nothing is trained.
final class LawfulWork: SearchWork {
  /// What networks are like.
  struct Law {
    /// Points lost by the float model quantized to so many levels, and the bytes of its file.
    var quantized: (_ levels: Int) -> (lost: Double, bytes: Int) = { (127 / Double($0) - 1, 2000 + 40 * $0) }
    /// Points lost in floating point by a network of these widths.
    var cut: (_ widths: [Int]) -> Double = { _ in 0 }
    /// Points lost by what a recipe trains, and the bytes of its file.
    var trained: (ShrinkRecipe) -> (lost: Double, bytes: Int)
    /// Points lost by another float model.
    var teacher = 0.0
    /// What an epoch as integers takes; it is measured to take a thousandth of a second.
    var secondsPerEpoch = 0.0
  }

  /// The network of `TrainedDigits` on some of its images, and how little is lost where channels go: measured once.
  static let subject = Result {
    let held = try HeldOut(TrainedDigits.modelOfFew.get(), data: TrainedDigits.fewImages)
    return try SearchSubject(
      TrainedDigits.modelOfFew.get(), training: held.training.subset(0..<64), validation: held.validation,
      options: CompressionOptions())
  }
  private static let widths = Result { try SearchWorkshop(subject.get()).measuredWidths() }

  private let subject: SearchSubject
  private let law: Law
  private var made: (lost: Double, bytes: Int) = (0, 0)
  private var floatLoss = 0.0
  /// What was asked for, in order.
  private(set) var trained: [ShrinkRecipe] = []
  private(set) var teacherSeeds: [UInt64] = []
  /// Epochs as integers.
  private(set) var epochCount = 0

  init(_ subject: SearchSubject, _ law: Law) {
    self.subject = subject
    self.law = law
  }

  func measuredWidths() throws -> WidthLadder { try Self.widths.get() }

  func leastBytes(_ ladder: WidthLadder) throws -> Int { 100 }

  func widestRung(_ ladder: WidthLadder, within microseconds: Double) throws -> Int { 0 }

  func chosenLevels() throws -> [Int] { [7] }

  func quantized(levels: Int) throws -> Model {
    made = law.quantized(levels)
    return subject.model
  }

  func measured(_ quantized: Model) throws -> MeasuredModel {
    MeasuredModel(
      points: subject.floatPoints - made.lost, drop: made.lost, trainingDrop: made.lost,
      file: [UInt8](repeating: 0, count: made.bytes), microseconds: 1, memoryBytes: made.bytes)
  }

  func quality(ofFloat model: Model) throws -> Double { subject.floatPoints - floatLoss }

  func trainedTeacher(
    _ teachers: ShrinkRecipe.FurtherTeachers, seed: UInt64, isCancelled: @escaping () -> Bool,
    onEvent: (TrainingEvent) -> Void
  ) throws -> Model {
    if isCancelled() { throw CompressionError.cancelled }
    teacherSeeds.append(seed)
    floatLoss = law.teacher
    return subject.model
  }

  func addTeacher(_ teacher: Model) {}

  func secondsPerEpoch(of recipe: ShrinkRecipe, _ narrow: Model) throws -> Double { 0.001 }

  func teachingCost(_ recipe: ShrinkRecipe) -> Double { 0 }

  func narrowed(
    _ recipe: ShrinkRecipe, isCancelled: @escaping () -> Bool, onEvent: @escaping (ShrinkEvent) -> Void
  ) throws -> Model {
    if isCancelled() { throw CompressionError.cancelled }
    floatLoss = recipe.widths.map(law.cut) ?? 0
    return subject.model
  }

  func trained(
    _ recipe: ShrinkRecipe, from narrow: Model?, isCancelled: @escaping () -> Bool,
    onEvent: @escaping (ShrinkEvent) -> Void
  ) throws -> Model {
    trained.append(recipe)
    made = law.trained(recipe)
    for epoch in 1...recipe.training.epochs {
      if isCancelled() { throw CompressionError.cancelled }
      if law.secondsPerEpoch > 0 { Thread.sleep(forTimeInterval: law.secondsPerEpoch) }
      epochCount += 1
      let summary = EpochSummary(
        epoch: epoch, trainingLoss: 1, trainingAccuracy: 0, validationLoss: 1, validationCorrect: 0, validationCount: 1,
        seconds: 0.001, isBest: false, validationQuality: subject.floatPoints - made.lost)
      onEvent(.training(.epoch(summary)))
    }
    return subject.model
  }
}

/// A search of the network of `TrainedDigits`, its work done by a law.
struct LawfulSearch {
  var options: CompressionOptions
  let law: LawfulWork.Law
  /// Every state that was saved, in order.
  private(set) var states: [SearchState] = []
  private(set) var notes: [String] = []
  private(set) var rounds: [Int] = []
  private(set) var work: LawfulWork

  /// Follows the course to its end, or until `isCancelled`.
  ///
  /// - Parameter state: A search to go on with, as its file holds it.
  init(
    _ options: CompressionOptions, _ law: LawfulWork.Law, resuming state: SearchState? = nil,
    isCancelled: @escaping () -> Bool = { false }
  ) throws {
    self.options = options
    self.law = law
    var subject = try LawfulWork.subject.get()
    subject.options = options
    let work = LawfulWork(subject, law)
    let record = Record()
    let start = try state.map { try SearchState(json: $0.json()) } ?? SearchState(facts: RunFacts(json: "{}"))
    let journal = SearchJournal(
      options, start, isCancelled: isCancelled, save: { record.states.append($0) },
      onEvent: {
        if case .note(let text) = $0 { record.notes.append(text) }
        if case .begins(_, _, let rounds, _) = $0 { record.rounds.append(rounds) }
      })
    do { try Search(subject, journal, work).run() } catch CompressionError.cancelled {}
    (states, notes, rounds, self.work) = (record.states, record.notes, record.rounds, work)
    if states.isEmpty { states = [journal.state] }
  }

  private final class Record {
    var states: [SearchState] = []
    var notes: [String] = []
    var rounds: [Int] = []
  }

  var end: SearchState { states[states.count - 1] }

  /// The candidates but for what the clock says of them.
  var candidates: [CompressionCandidate] { Self.withoutTimes(end) }

  static func withoutTimes(_ state: SearchState) -> [CompressionCandidate] {
    state.candidates.map {
      var candidate = $0
      candidate.seconds = 0
      return candidate
    }
  }

  /// Notes that tell of widening.
  var widenings: Int {
    notes.count { $0.hasSuffix("more are tried") || $0.hasPrefix("all weights of these channels") }
  }
}
