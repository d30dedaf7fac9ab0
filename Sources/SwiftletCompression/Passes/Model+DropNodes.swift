import SwiftletModel

extension Model {
  /// The model without dropout, which is the identity outside training.
  public func droppingTrainingNodes() -> Model {
    var removed: Set<Int> = []
    var substitutes: [Int: Int] = [:]
    for (index, node) in nodes.enumerated() where traits(of: node).isTrainingOnly {
      removed.insert(index)
      substitutes[node.output] = node.inputs[0]
    }
    return removed.isEmpty ? self : removing(removed, substitutes: substitutes)
  }

  /// The model that gives logits in place of a final softmax, which changes no ranking.
  ///
  /// - Throws: `QuantizationError` naming a softmax whose output the graph itself reads.
  public func droppingFinalSoftmax() throws(QuantizationError) -> Model {
    let consumers = consumers()
    var removed: Set<Int> = []
    var substitutes: [Int: Int] = [:]
    for (index, node) in nodes.enumerated() where traits(of: node).keepsRanking {
      guard consumers[node.output].isEmpty else {
        throw QuantizationError(.softmaxInside, node: text(ofNode: index))
      }
      removed.insert(index)
      substitutes[node.output] = node.inputs[0]
    }
    return removed.isEmpty ? self : removing(removed, substitutes: substitutes)
  }
}
