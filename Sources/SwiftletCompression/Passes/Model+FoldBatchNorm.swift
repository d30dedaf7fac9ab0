import SwiftletModel

extension Model {
  /// The model with every batch normalization folded into weights (Jacob et al. 2018, section 3.2).
  ///
  /// A normalization goes into the convolution or dense layer before it where that has no activation and no other
  /// reader; else into the layers after it, where no padding would see its offset. One that fits neither way becomes a
  /// layer of its own, of its name: a depthwise convolution of one tap.
  /// - Throws: `QuantizationError` naming a normalization whose statistics give no finite numbers.
  public func foldingBatchNorm() throws(QuantizationError) -> Model {
    var result = self
    while true {
      let left = result.nodes.indices.filter { result.nodes[$0].op.batchNormalization != nil }
      guard let first = left.first else { return result }
      var isFolded = false
      // One normalization may stand in another's way.
      for index in left where !isFolded { isFolded = try result.foldBatchNorm(at: index) }
      if !isFolded { result.nodes[first].become(try result.affineMap(ofBatchNorm: first)) }
    }
  }

  private func affineMap(ofBatchNorm index: Int) throws(QuantizationError) -> ChannelAffine {
    guard let norm = nodes[index].op.batchNormalization, let map = ChannelAffine(nodes[index], epsilon: norm.epsilon)
    else { throw QuantizationError(.nonFiniteParameter, node: text(ofNode: index)) }
    return map
  }

  /// Folds the normalization into weights; false, and the model as it was, where none take it.
  private mutating func foldBatchNorm(at index: Int) throws(QuantizationError) -> Bool {
    let node = nodes[index]
    let map = try affineMap(ofBatchNorm: index)
    let source = node.inputs[0]
    if let producer = nodes.firstIndex(where: { $0.output == source }), nodes[producer].op.isWeighted,
      nodes[producer].op.fusedActivation == .none, onlyConsumer(of: source, consumers()) == index
    {
      fold(map, intoOutputOf: producer)
    } else {
      guard let readers = weightedReaders(of: node.output, taking: map) else { return false }
      // The readers' weights are those of this path alone: each reads the normalized value only.
      for reader in readers { fold(map, intoInputOf: reader) }
    }
    self = removing([index], substitutes: [node.output: source])
    return true
  }
}
