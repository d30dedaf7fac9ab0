import SwiftletModel

extension Model {
  /// Multiply-accumulates that one sample's results need, for nodes that one step computes.
  ///
  /// Taps that fall on padding are left out, and so are pixels that the max pool fused behind a convolution never
  /// looks at (the rest of a row under floor rounding). Weights count whether they are zero or not. Operators without
  /// weights count 0.
  /// - Parameter nodes: A `StepDescription`'s: the operator, then what is fused behind it.
  public func usefulMultiplyAccumulates(ofFused nodes: [Int]) -> Int {
    guard let first = nodes.first else { return 0 }
    let node = self.nodes[first]
    let input = values[node.inputs[0]].shape
    guard let plan = node.op.weightWindow(on: input) else { return 0 }
    let pool = nodes.dropFirst().lazy.compactMap { self.nodes[$0].op.poolingWindow(on: plan.output) }.first
    let taps = plan.rows.tapsOnInput(under: pool?.rows) * plan.columns.tapsOnInput(under: pool?.columns)
    return taps * plan.output.channels * (input.channels / traits(of: node).groups)
  }
}

extension AxisPlan {
  /// The taps on the input of all outputs, or of those that some window of `pool` covers.
  ///
  /// A window is a product of rows and columns and so is the set that all windows cover: axes count separately.
  fileprivate func tapsOnInput(under pool: AxisPlan?) -> Int {
    guard let pool else { return (0..<output).reduce(0) { $0 + taps($1).count } }
    var isCovered = [Bool](repeating: false, count: output)
    for o in 0..<pool.output { for tap in pool.taps(o) { isCovered[pool.position(o, tap)] = true } }
    return (0..<output).reduce(0) { $0 + (isCovered[$1] ? taps($1).count : 0) }
  }
}
