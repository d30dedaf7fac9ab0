import SwiftletModel

extension Model {
  /// The model with every batch normalization folded into weights (Jacob et al. 2018, section 3.2).
  ///
  /// A normalization goes into the convolution or dense layer before it where that has no activation and no other
  /// reader; else into the layers after it, where no padding would see its offset.
  /// - Throws: `QuantizationError` naming the normalization that fits neither way.
  public func foldingBatchNorm() throws(QuantizationError) -> Model {
    var result = self
    while let index = result.nodes.firstIndex(where: { $0.op.isBatchNorm }) { try result.foldBatchNorm(at: index) }
    return result
  }

  private mutating func foldBatchNorm(at index: Int) throws(QuantizationError) {
    let node = nodes[index]
    guard case .batchNorm(let norm) = node.op else { return }
    let name = text(ofNode: index)
    guard let map = ChannelAffine(node, epsilon: norm.epsilon) else {
      throw QuantizationError(.nonFiniteParameter, node: name)
    }
    let source = node.inputs[0]
    if let producer = nodes.firstIndex(where: { $0.output == source }), nodes[producer].op.isWeighted,
      nodes[producer].op.fusedActivation == .none, onlyConsumer(of: source, consumers()) == index
    {
      fold(map, intoOutputOf: producer)
    } else {
      let readers: [Int]
      do { readers = try weightedReaders(of: node.output, taking: map) } catch {
        throw QuantizationError(.batchNormNotFoldable(error), node: name)
      }
      // The readers' weights are those of this path alone: each reads the normalized value only.
      for reader in readers { fold(map, intoInputOf: reader) }
    }
    self = removing([index], substitutes: [node.output: source])
  }
}

extension Operator {
  fileprivate var isBatchNorm: Bool { if case .batchNorm = self { true } else { false } }

  /// Whether it has weights and a bias that affine maps fold into.
  package var isWeighted: Bool {
    switch self {
    case .conv2D, .dense: true
    case .pool2D, .activation, .add, .concat, .reshape, .softmax, .batchNorm, .dropout: false
    }
  }
}
