/// Sparsity that rises fast at first and slowly at the end (Zhu and Gupta 2017, "To prune, or not to prune").
///
/// s(t) = final + (initial - final) * (1 - (t - begin) / (end - begin))^3 between `begin` and `end`; before, `initial`;
/// after, `final`.
public struct CubicSchedule: Hashable, Sendable {
  public var initial, final: Double
  /// Steps of training.
  public var begin, end: Int
  /// Steps between two changes of the mask.
  public var interval: Int

  public init(from initial: Double, to final: Double, begin: Int = 0, end: Int, interval: Int) {
    precondition((0..<1).contains(initial) && (0..<1).contains(final), "sparsities lie in 0 ..< 1")
    precondition(begin >= 0 && end > begin && interval >= 1, "a schedule has begin < end and an interval of at least 1")
    self.initial = initial
    self.final = final
    self.begin = begin
    self.end = end
    self.interval = interval
  }

  public func sparsity(at step: Int) -> Double {
    guard step > begin else { return initial }
    guard step < end else { return final }
    let left = 1 - Double(step - begin) / Double(end - begin)
    return final + (initial - final) * left * left * left
  }

  /// Whether the mask changes at `step`: every `interval` steps from `begin`, and at `end`.
  public func changesMask(at step: Int) -> Bool {
    step == end || (begin..<end).contains(step) && (step - begin) % interval == 0
  }
}
