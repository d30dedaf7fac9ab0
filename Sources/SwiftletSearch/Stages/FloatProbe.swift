import SwiftletTraining

/// A look at the first half of a recipe: whether its network, trained in floating point, loses too much already.
///
/// Widths of which an integer network was trained, and all once one was good enough, are past that.
struct FloatProbe {
  private let recipe: ShrinkRecipe
  private let strategy: SearchStrategy
  private let subject: SearchSubject
  private let journal: SearchJournal
  private let work: any SearchWork

  init(
    _ recipe: ShrinkRecipe, _ strategy: SearchStrategy, _ subject: SearchSubject, _ journal: SearchJournal,
    _ work: any SearchWork
  ) {
    self.recipe = recipe
    self.strategy = strategy
    self.subject = subject
    self.journal = journal
    self.work = work
  }

  /// The recipe's widths where that is so and more channels are to be had.
  func widthsThatLoseTooMuch(_ ladder: WidthLadder) throws -> [Int]? {
    guard let widths = recipe.widths, isDue(widths, ladder), let points = try trainedPoints(widths) else { return nil }
    let lost = subject.floatPoints - points
    guard lost > strategy.slack else { return nil }
    journal.note("\(Self.text(widths)) lose \(lost.rounded(places: 2)) points: more are tried")
    journal.state.probeEpochs = (journal.state.probeEpochs ?? 0) + recipe.floatTraining.epochs
    return widths
  }

  private func isDue(_ widths: [Int], _ ladder: WidthLadder) -> Bool {
    guard let share = journal.state.channelShare, share < 1 || widths != ladder.rungs[0].widths, leavesEpochs
    else { return false }
    return !journal.state.candidates.contains {
      $0.recipe != nil && ($0.meetsBudget || $0.recipe?.widths == widths)
    }
  }

  /// Whether epochs are enough to train integers after these in floating point.
  private var leavesEpochs: Bool {
    let effort = subject.options.effort
    return !effort.countsEpochs
      || SearchStrategy.lastStart * effort.total - journal.spent
        > Double(recipe.floatTraining.epochs + RecipeWriter.Epochs.fewest)
  }

  /// Nil where the time is over, and where training fails: it fails again as a candidate, which is noted and passed
  /// over.
  private func trainedPoints(_ widths: [Int]) throws -> Double? {
    journal.note("training \(Self.text(widths)), \(recipe.floatTraining.epochs) epochs")
    do {
      let narrow = try work.narrowed(
        recipe, isCancelled: { journal.isCancelled() || journal.isOverTime },
        onEvent: { if case .floatTraining(let event) = $0 { journal.tell(.training(event)) } })
      return try work.quality(ofFloat: narrow)
    } catch CompressionError.cancelled where !journal.isCancelled() {
      return nil
    } catch let error as TrainingError {
      journal.note("\(Self.text(widths)): \(error)")
      return nil
    }
  }

  private static func text(_ widths: [Int]) -> String {
    "\(widths.map(String.init).joined(separator: "-")) channels in floating point"
  }
}
