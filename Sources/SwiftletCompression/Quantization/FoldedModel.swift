import SwiftletModel

/// A float model made ready for quantization: nothing is left that exists only in training or only in float.
public struct FoldedModel: Sendable {
  /// The float model whose values are observed and quantized. It gives logits.
  public let model: Model
  /// What the bytes of an image stand for.
  public let input: Quantization
  /// The nodes' names in the model this was made from: passes renumber nodes, errors should not.
  let names: [String]

  /// Drops dropout and a final softmax, folds batch and input normalization or makes layers of them, fuses activations.
  ///
  /// - Parameter equalizes: Evens out the ranges of weights between layers as well (cross-layer equalization).
  /// - Throws: `QuantizationError` naming the node that stands in the way.
  public init(_ model: Model, equalizes: Bool = false) throws(QuantizationError) {
    guard !model.isQuantized else { throw QuantizationError(.alreadyQuantized) }
    guard model.inputs.count == 1 else { throw QuantizationError(.inputs) }
    for (index, node) in model.nodes.enumerated() {
      for tensor in node.parameters {
        guard tensor.floats?.allSatisfy(\.isFinite) ?? false else {
          throw QuantizationError(.nonFiniteParameter, node: model.text(ofNode: index))
        }
      }
    }
    do { try model.validate() } catch {
      throw QuantizationError(.graph(error.reason), node: error.node.map { model.text(ofNode: $0) })
    }
    if let index = model.unreadNode { throw QuantizationError(.unread, node: model.text(ofNode: index)) }
    var given = Set(model.nodes.map(\.name))
    var named = model
    for index in model.nodes.indices {
      named.nodes[index].name = model.name(ofNode: index)
      // What is left of it has another kind, so its default name would be another.
      if model.nodes[index].op.batchNormalization != nil { given.insert(named.nodes[index].name) }
    }
    let folded = try named.droppingTrainingNodes().droppingFinalSoftmax().foldingBatchNorm()
    let prepared = try InputPreparation(folded.fusingActivations())
    if let name = prepared.addedName { given.insert(name) }
    var result = equalizes ? prepared.model.equalized() : prepared.model
    names = result.nodes.map { String(decoding: $0.name, as: UTF8.self) }
    for index in result.nodes.indices where !given.contains(result.nodes[index].name) { result.nodes[index].name = [] }
    for index in result.nodes.indices {
      for tensor in result.nodes[index].parameters where !(tensor.floats?.allSatisfy(\.isFinite) ?? false) {
        throw QuantizationError(.nonFiniteParameter, node: names[index])
      }
    }
    self.model = result
    input = prepared.input
  }
}
