import SwiftletModel

extension Model {
  /// Scales channels between layers so that the weights that make a channel and those that read it span like ranges
  /// (cross-layer equalization; Nagel et al. 2019, "Data-free quantization through weight equalization and bias
  /// correction", section 4.1).
  ///
  /// For a channel made by weights of range r1 and read by weights of range r2 the makers, and their biases, are divided
  /// by s = sqrt(r1 / r2) and the readers multiplied. ReLU, max and average pooling, addition and concatenation pass a
  /// positive factor on, so the float network stays the same but for rounding. Channels of a bounded ReLU, and those
  /// that a grouped convolution, a batch normalization or the network's output touches, are left alone.
  func equalized(rounds: Int = 8) -> Model {
    let groups = ChannelGroups(self)
    var isScalable = groups.isRemovable
    for node in nodes {
      var isHomogeneous = traits(of: node).isHomogeneous
      if case .boundedReLU = node.op.fusedActivation { isHomogeneous = false }
      if !isHomogeneous { for group in groups.ofValue[node.output] { isScalable[group] = false } }
    }
    var result = self
    for _ in 0..<rounds {
      var made = [Float](repeating: 0, count: groups.count)
      var read = made
      result.forEachWeight(of: groups) { weight, maker, reader in
        if let maker { made[maker] = max(made[maker], abs(weight)) }
        if let reader { read[reader] = max(read[reader], abs(weight)) }
      }
      var factors = [Float](repeating: 1, count: groups.count)
      var isSettled = true
      for group in factors.indices where isScalable[group] && made[group] > 0 && read[group] > 0 {
        // A thousandfold at most: a nearly dead channel must not blow its readers up.
        factors[group] = min(max((made[group] / read[group]).squareRoot(), 1e-3), 1e3)
        if abs(factors[group] - 1) > 1e-3 { isSettled = false }
      }
      if isSettled { break }
      result.scale(groups, by: factors)
    }
    return result
  }

  /// Calls `body` with each weight and the groups of the channel it makes and of the one it reads.
  private func forEachWeight(of groups: ChannelGroups, _ body: (Float, _ maker: Int?, _ reader: Int?) -> Void) {
    for node in nodes where node.op.isWeighted {
      guard let weights = node.parameters[0].floats else { continue }
      let made = groups.ofValue[node.output]
      let read = readGroups(of: node, groups)
      for (index, weight) in weights.enumerated() {
        let (filter, place) = index.quotientAndRemainder(dividingBy: weights.count / made.count)
        body(weight, made[filter], read.isEmpty ? nil : read[place % read.count])
      }
    }
  }

  private mutating func scale(_ groups: ChannelGroups, by factors: [Float]) {
    for index in nodes.indices where nodes[index].op.isWeighted {
      guard var weights = nodes[index].parameters[0].floats, var bias = nodes[index].parameters[1].floats else {
        continue
      }
      let made = groups.ofValue[nodes[index].output]
      let perFilter = weights.count / made.count
      let read = readGroups(of: nodes[index], groups)
      for place in weights.indices {
        weights[place] /= factors[made[place / perFilter]]
        if !read.isEmpty { weights[place] *= factors[read[place % perFilter % read.count]] }
      }
      for filter in bias.indices { bias[filter] /= factors[made[filter]] }
      nodes[index].parameters[0].storage = .float32(weights)
      nodes[index].parameters[1].storage = .float32(bias)
    }
  }

  /// The group each of a filter's weights reads, repeating; empty for layers in groups.
  private func readGroups(of node: Node, _ groups: ChannelGroups) -> [Int] {
    traits(of: node).groups > 1 ? [] : groups.ofValue[node.inputs[0]]
  }
}
