import SwiftletModel

/// Neighbouring nodes that one step computes: a node, then perhaps an activation, then perhaps a max pool.
struct FusedNodes {
  /// In order; the first gives the step its operator.
  var nodes: [Int]
  /// Standalone activations folded into the first node's clamp.
  var activations: [Int]
  var pool: Int?
  /// The value the last node makes.
  var output: Int
}

extension Model {
  /// The nodes grouped into steps, in order.
  ///
  /// Fusing never changes bytes: an activation is folded where its input and output have one quantization, so that it
  /// is a clamp; a max pool follows a convolution on accumulators, because requantization is monotone.
  func fusedNodes() -> [FusedNodes] {
    let consumers = consumers()
    var taken = [Bool](repeating: false, count: nodes.count)
    var groups: [FusedNodes] = []
    for (index, node) in nodes.enumerated() where !taken[index] {
      var group = FusedNodes(nodes: [index], activations: [], pool: nil, output: node.output)
      var isConvolution = false
      switch node.op {
      case .conv2D:
        isConvolution = true
        absorbActivations(&group, consumers, &taken)
      case .dense, .add: absorbActivations(&group, consumers, &taken)
      case .pool2D, .activation, .concat, .reshape, .softmax, .batchNorm, .dropout: break
      }
      if isConvolution, let next = onlyConsumer(of: group.output, consumers), case .pool2D(let pool) = nodes[next].op,
        pool.reduction == .max, let plan = try? pool.plan(for: values[group.output].shape),
        recomputesNothing(plan)
      {
        group.pool = next
        group.nodes.append(next)
        group.output = nodes[next].output
        taken[next] = true
      }
      groups.append(group)
    }
    return groups
  }

  private func absorbActivations(_ group: inout FusedNodes, _ consumers: [[Int]], _ taken: inout [Bool]) {
    while let next = onlyConsumer(of: group.output, consumers), case .activation = nodes[next].op,
      values[group.output] == values[nodes[next].output]
    {
      group.activations.append(next)
      group.nodes.append(next)
      group.output = nodes[next].output
      taken[next] = true
    }
  }

  /// The one node that reads `value`, unless the graph hands the value out.
  private func onlyConsumer(of value: Int, _ consumers: [[Int]]) -> Int? {
    consumers[value].count == 1 && !outputs.contains(value) ? consumers[value][0] : nil
  }

  /// Whether computing a pool's windows one by one takes no more pixels than computing its whole input.
  private func recomputesNothing(_ pool: WindowPlan) -> Bool {
    let windows = pool.output.height * pool.output.width
    return windows * WindowGeometry.pixelsPerWindow(pool) <= pool.input.height * pool.input.width
  }
}
