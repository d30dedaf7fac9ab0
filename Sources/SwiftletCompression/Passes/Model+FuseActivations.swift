import SwiftletModel

extension Model {
  /// The model with standalone activations fused into the convolution, dense layer or addition before them.
  ///
  /// An activation passes max pools and shape changes on its way: both commute with a monotone function of single
  /// elements. One that finds no such producer, or a value others read, stays as it is.
  public func fusingActivations() -> Model {
    var result = self
    var index = 0
    while index < result.nodes.count {
      if let fused = result.fusingActivation(at: index) { result = fused } else { index += 1 }
    }
    return result
  }

  private func fusingActivation(at index: Int) -> Model? {
    guard let activation = nodes[index].op.standaloneActivation else { return nil }
    let consumers = consumers()
    let producers = producers()
    var value = nodes[index].inputs[0]
    while onlyConsumer(of: value, consumers) != nil, let producer = producers[value] {
      let node = nodes[producer]
      if let op = node.op.fusing(node.op.fusedActivation.followed(by: activation)) {
        var result = self
        result.nodes[producer].op = op
        return result.removing([index], substitutes: [nodes[index].output: nodes[index].inputs[0]])
      }
      guard traits(of: node).commutesWithMonotone else { return nil }
      value = node.inputs[0]
    }
    return nil
  }
}

extension Activation {
  /// This activation, then `next`, as one.
  func followed(by next: Activation) -> Activation {
    switch (self, next) {
    case (.none, let only), (let only, .none): only
    case (.relu, .relu): .relu
    case (.relu, .boundedReLU(let bound)), (.boundedReLU(let bound), .relu): .boundedReLU(bound)
    case (.boundedReLU(let a), .boundedReLU(let b)): .boundedReLU(a.doubleValue < b.doubleValue ? a : b)
    }
  }
}
