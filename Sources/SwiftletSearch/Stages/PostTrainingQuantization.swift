/// The first stage: the float model quantized as it is, so that after seconds there is something.
struct PostTrainingQuantization {
  private let subject: SearchSubject
  private let journal: SearchJournal
  private let work: any SearchWork

  /// The share of the effort that is due to models which training will surpass.
  private static let mostOfEffort = 0.03
  /// Points beyond the budget from which on fewer levels are of no use.
  private static let farOut = 1.0

  init(_ subject: SearchSubject, _ journal: SearchJournal, _ work: any SearchWork) {
    self.subject = subject
    self.journal = journal
    self.work = work
  }

  /// Tries ever fewer levels, until far too much is lost or more time spent than is due.
  func run() throws {
    for levels in subject.options.weightLevels.sorted(by: >) {
      try journal.checkCancellation()
      let quantized = journal.state.candidates.filter { $0.recipe == nil }
      if let last = quantized.last, isFarOut(last) || isLate { return }
      let method = CompressionCandidate.Method.quantized(levels: levels)
      guard !quantized.contains(where: { $0.method == method }) else { continue }
      let since = ContinuousClock.now
      try journal.add(try work.measured(work.quantized(levels: levels)), method, since: since)
    }
  }

  private var isLate: Bool {
    !subject.options.effort.countsEpochs && journal.spent > Self.mostOfEffort * subject.options.effort.total
  }

  private func isFarOut(_ candidate: CompressionCandidate) -> Bool {
    subject.options.budget.maxDrop.map { candidate.drop > $0 + Self.farOut } ?? false
  }
}
