import Foundation

/// What a search found and spent so far, and those who follow it.
package final class SearchJournal {
  package internal(set) var state: SearchState
  let options: CompressionOptions
  let isCancelled: () -> Bool
  private let onEvent: (CompressionEvent) -> Void
  private let save: (SearchState) throws -> Void
  private let start = ContinuousClock.now
  private let secondsBefore: Double
  /// Seconds that an epoch of the next candidate was measured to take.
  private var secondsPerEpoch = 1.0

  /// How far a search may go beyond its minutes, as on a machine that became slower.
  private enum Overtime {
    /// Where a good model is there.
    static let withResult = 1.08
    /// Where none is.
    static let withoutResult = 1.25
  }
  /// Seconds, so that nothing is divided by a clock that stood still.
  private static let leastSecondsPerEpoch = 1e-4

  package init(
    _ options: CompressionOptions, _ state: SearchState, isCancelled: @escaping () -> Bool = { false },
    save: @escaping (SearchState) throws -> Void = { _ in },
    onEvent: @escaping (CompressionEvent) -> Void = { _ in }
  ) {
    self.options = options
    self.state = state
    self.isCancelled = isCancelled
    self.save = save
    self.onEvent = onEvent
    secondsBefore = state.seconds
  }

  private var seconds: Double { secondsBefore + (ContinuousClock.now - start) / .seconds(1) }

  /// Seconds or epochs used up so far.
  var spent: Double { options.effort.countsEpochs ? Double(state.epochs) : seconds }

  /// What is left of the effort, for people.
  var leftText: String {
    let left = max(0, options.effort.total - spent)
    switch options.effort {
    case .minutes: return "\((left / 60).rounded(places: 1)) minutes left"
    case .epochs: return "\(Int(left)) epochs left"
    }
  }

  /// Whether the time is over, and some more.
  var isOverTime: Bool {
    guard case .minutes = options.effort else { return false }
    let overtime = state.bestCandidate?.meetsBudget == true ? Overtime.withResult : Overtime.withoutResult
    return spent > overtime * options.effort.total
  }

  func checkCancellation() throws { if isCancelled() { throw CompressionError.cancelled } }

  func tell(_ event: CompressionEvent) { onEvent(event) }
  func note(_ text: String) { onEvent(.note(text)) }

  /// The number of the next candidate.
  var nextNumber: Int { state.candidates.count + 1 }

  /// Takes note of a model that was made, and takes it for the best if it is.
  func add(
    _ made: MeasuredModel, _ method: CompressionCandidate.Method, epochs: Int = 0, since: ContinuousClock.Instant,
    isAbandoned: Bool = false
  ) throws {
    let candidate = CompressionCandidate(
      number: nextNumber, method: method, points: made.points, drop: made.drop, trainingDrop: made.trainingDrop,
      fileBytes: made.file.count, microseconds: made.microseconds, memoryBytes: made.memoryBytes,
      isAbandoned: isAbandoned, epochs: epochs, seconds: (ContinuousClock.now - since) / .seconds(1))
    try add(candidate, file: made.file)
  }

  /// Takes note of a candidate; without a file it is there to be learnt from only.
  func add(_ candidate: CompressionCandidate, file: [UInt8]?) throws {
    var candidate = candidate
    candidate.meetsBudget = file != nil && options.budget.meets(candidate)
    state.candidates.append(candidate)
    var isBest = false
    if let file, state.bestCandidate.map({ options.budget.prefers(candidate, to: $0) }) ?? true {
      state.best = SearchState.Best(number: candidate.number, file: Data(file))
      isBest = true
    }
    onEvent(.candidate(candidate, isBest: isBest && candidate.meetsBudget))
    try saveState()
  }

  func saveState() throws {
    state.seconds = seconds
    try save(state)
  }

  /// What an epoch takes of the effort: 1 where epochs are counted, else seconds, as measured and as the last candidate
  /// went.
  func epochCost(_ measuredSeconds: () throws -> Double) rethrows -> Double {
    guard case .minutes = options.effort else { return 1 }
    secondsPerEpoch = max(Self.leastSecondsPerEpoch, try measuredSeconds())
    return secondsPerEpoch * (state.pace ?? 1)
  }

  /// Learns how much longer an epoch takes than was measured for it: files are written, other programs run.
  ///
  /// - Parameter seconds: What so many epochs took.
  func learnPace(seconds: Double, epochs: Int) {
    guard case .minutes = options.effort, epochs > 0 else { return }
    let paces = SearchState.paces
    state.pace = min(max(seconds / (secondsPerEpoch * Double(epochs)), paces.lowerBound), paces.upperBound)
  }
}
