import SwiftletModel

/// Which weights a model keeps: the others are 0 and stay 0 in fine-tuning.
///
/// Masks cover the weights of convolutions and dense layers; biases are never pruned.
public struct PruningMask: Hashable, Sendable {
  /// For each node, one flag per element of its weights, true where it is kept; nil where all are.
  public var keeps: [[Bool]?]

  public init(keeps: [[Bool]?]) { self.keeps = keeps }

  /// The mask that keeps exactly the nonzero weights of `model`.
  public init(nonzerosOf model: Model) {
    keeps = model.nodes.map { node in
      guard node.op.isWeighted, let weights = node.parameters[0].floats, weights.contains(0) else { return nil }
      return weights.map { $0 != 0 }
    }
  }

  /// Sets the pruned elements of a node's weights to 0.
  public func apply(toWeights weights: UnsafeMutableBufferPointer<Float>, node: Int) {
    guard let keeps = keeps[node] else { return }
    precondition(keeps.count == weights.count, "a mask has one flag per weight")
    for i in keeps.indices where !keeps[i] { weights[i] = 0 }
  }

  public var prunedCount: Int {
    keeps.reduce(0) { $0 + ($1?.reduce(0) { $0 + ($1 ? 0 : 1) } ?? 0) }
  }
}

extension Model {
  /// The model with the weights that `mask` prunes set to 0.
  public func masked(by mask: PruningMask) -> Model {
    precondition(mask.keeps.count == nodes.count, "a mask belongs to one model")
    var result = self
    for index in nodes.indices where mask.keeps[index] != nil {
      guard var weights = nodes[index].parameters[0].floats else { continue }
      weights.withUnsafeMutableBufferPointer { mask.apply(toWeights: $0, node: index) }
      result.nodes[index].parameters[0].storage = .float32(weights)
    }
    return result
  }
}

/// How many of one layer's weights are 0.
public struct LayerSparsity: Hashable, Sendable, Codable {
  public var name: String
  public var weightCount, zeroCount: Int

  public var sparsity: Double { weightCount == 0 ? 0 : Double(zeroCount) / Double(weightCount) }
}

extension Model {
  /// The zeros among the weights of each convolution and dense layer, float or int8, in graph order.
  public func layerSparsities() -> [LayerSparsity] {
    nodes.indices.filter { nodes[$0].op.isWeighted }.map { index in
      let weights = nodes[index].parameters[0]
      return LayerSparsity(name: text(ofNode: index), weightCount: weights.count, zeroCount: weights.zeroCount)
    }
  }
}

extension PruningMask {
  /// The mask that prunes what either prunes.
  public func adding(_ other: PruningMask) -> PruningMask {
    PruningMask(
      keeps: zip(keeps, other.keeps).map { a, b in
        guard let a, let b else { return a ?? b }
        return zip(a, b).map { $0 && $1 }
      })
  }
}
