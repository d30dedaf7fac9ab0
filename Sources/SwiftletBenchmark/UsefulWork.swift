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
    switch node.op {
    case .dense(let dense): return dense.units * input.count
    case .conv2D(let conv):
      guard let plan = try? conv.plan(for: input) else { return 0 }
      var pool: WindowPlan?
      for index in nodes.dropFirst() {
        if case .pool2D(let operation) = self.nodes[index].op { pool = try? operation.plan(for: plan.output) }
      }
      let taps = plan.rows.tapsOnInput(under: pool?.rows) * plan.columns.tapsOnInput(under: pool?.columns)
      return taps * conv.filters * (input.channels / conv.groups)
    case .pool2D, .activation, .add, .concat, .reshape, .softmax, .batchNorm, .dropout: return 0
    }
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
