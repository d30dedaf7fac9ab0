/// How many of each layer's channels a search for the smallest file begins with, and when it turns to more.
enum ChannelWidening {
  /// The share of each layer's channels at first. Most networks can spare the rest, and an epoch then costs a quarter.
  static let firstShare = 0.5
  /// What the share grows by, so that the parameters about double.
  private static let shareGrowth = 2.0.squareRoot()
  /// The share from which on the next is all channels.
  private static let nearlyAll = 0.7

  /// The widths of the last candidate where it lost too much with next to nothing pruned, so that more bytes need more
  /// channels.
  static func widthsThatHoldBack(_ state: SearchState, _ ladder: WidthLadder) -> [Int]? {
    guard state.channelShare ?? 1 < 1, let last = state.candidates.last, !last.meetsBudget, last.isUnpruned,
      last.isTooNarrow != true,
      last.recipe?.widths == ladder.rungs[0].widths
    else { return nil }
    return last.recipe?.widths
  }

  /// Asks for networks of twice the parameters, or of a greater share of the channels where the network that was too
  /// narrow is the widest that is tried so far.
  ///
  /// How many candidates that leaves time for is to be decided again.
  static func widen(_ state: inout SearchState, isWidest: Bool, parameterCount: Int) {
    if isWidest, let share = state.channelShare {
      state.channelShare = share > nearlyAll ? 1 : share * shareGrowth
      state.leastParameters = parameterCount + 1
    } else {
      state.leastParameters = 2 * parameterCount
    }
    state.rounds = nil
  }
}
