/// The budget of weight bits over a run: from what the weights cost at its first use to the target, by the cubic schedule
/// (Zhu and Gupta 2017).
///
/// What a file holds besides those bits, and what its coder makes of them, is measured on real files as the run goes.
struct BitBudget {
  let target: Int?
  let steps, interval: Int
  private var start: Double?
  /// File bytes that are not bits of weights.
  private var otherBytes = 0.0

  init(target: Int?, steps: Int, interval: Int) {
    self.target = target
    self.steps = steps
    self.interval = interval
  }

  func isDue(_ step: Int) -> Bool { target != nil && step <= steps && (step % interval == 0 || step == steps) }
  func isMeasured(_ step: Int, stepsPerEpoch: Int) -> Bool {
    start == nil || step % stepsPerEpoch < interval || step + interval > steps
  }

  mutating func measure(fileBytes: Int, bits: Double) { otherBytes = Double(fileBytes) - bits / 8 }

  mutating func bits(at step: Int, present: Double) -> Double {
    let first = start ?? present
    start = first
    let last = max(0, (Double(target ?? 0) - otherBytes) * 8)
    let left = 1 - Double(step) / Double(max(steps, 1))
    return last + (first - last) * left * left * left
  }
}
