import SwiftletBytes
import SwiftletModel

/// Which layers magnitude pruning takes its weights from, in which pieces, and how it shares them out.
public struct PruningOptions: Hashable, Sendable {
  public enum Pattern: Hashable, Sendable {
    /// Single weights: the smallest file.
    case unstructured
    /// Blocks of 4 inputs by 16 output channels, which the block-sparse kernels skip: the fastest model.
    case block
    /// At most `kept` of every `size` weights side by side in a filter, as 2:4 of accelerators that compute with it.
    case fineGrained(kept: Int, of: Int)
  }
  public enum Scope: Hashable, Sendable {
    /// The least weights of all layers together.
    case global
    /// The same share of every layer.
    case perLayer
  }
  public var scope: Scope
  public var pattern: Pattern
  /// Names of layers left whole.
  public var excludedLayers: [String]

  public init(scope: Scope = .global, pattern: Pattern = .unstructured, excludedLayers: [String] = []) {
    self.scope = scope
    self.pattern = pattern
    self.excludedLayers = excludedLayers
  }
}

/// Why a model cannot be pruned.
public enum PruningError: Error, Hashable, Sendable {
  case quantized
  case unknownLayer(String, known: [String])
  /// No layer with weights is left.
  case nothingToPrune
  case nonFiniteWeight(layer: String)
}

extension PruningError: CustomStringConvertible {
  public var description: String { printable(Array(text.utf8)) }

  private var text: String {
    switch self {
    case .quantized: "the model is quantized already; prune its float model"
    case .unknownLayer(let name, let known):
      "no layer with weights is named '\(name)'; known are \(known.joined(separator: ", "))"
    case .nothingToPrune: "no layer with weights is left to prune"
    case .nonFiniteWeight(let layer): "layer \(layer): a weight is NaN or infinite; train again"
    }
  }
}

extension Model {
  /// The mask that prunes the share `sparsity` of the weights with the least magnitudes (Han et al. 2015).
  ///
  /// Exactly round(sparsity * weights) are pruned, over all layers or in each; of equal magnitudes the first in graph
  /// order goes first. In the block pattern the same holds for blocks and the mean magnitude of their weights; in a
  /// fine-grained one only the weights that it lets go count.
  /// - Parameter sparsity: 0 ..< 1, of the weights of the layers not excluded.
  /// - Throws: `PruningError`.
  public func magnitudeMask(
    sparsity: Double, _ options: PruningOptions = PruningOptions()
  ) throws(PruningError) -> PruningMask {
    precondition((0..<1).contains(sparsity), "a sparsity lies in 0 ..< 1")
    let layers = try prunableNodes(options)
    var mask = PruningMask(keeps: Array(repeating: nil, count: nodes.count))
    let parts = options.scope == .global ? [layers] : layers.map { [$0] }
    for part in parts {
      switch options.pattern {
      case .unstructured: mask.prune(part, of: self, sparsity)
      case .block: mask.pruneBlocks(part, of: self, sparsity)
      case .fineGrained(let kept, let size): mask.pruneGroups(part, of: self, sparsity, kept: kept, size: size)
      }
    }
    return mask
  }

  /// The share of zeros among the weights that `options` leaves to pruning.
  ///
  /// - Throws: `PruningError`.
  public func sparsity(_ options: PruningOptions = PruningOptions()) throws(PruningError) -> Double {
    let tensors = try prunableNodes(options).map { nodes[$0].parameters[0] }
    return Double(tensors.reduce(0) { $0 + $1.zeroCount }) / Double(tensors.reduce(0) { $0 + $1.count })
  }

  private func prunableNodes(_ options: PruningOptions) throws(PruningError) -> [Int] {
    guard !isQuantized else { throw .quantized }
    let weighted = nodes.indices.filter { nodes[$0].op.isWeighted }
    let names = weighted.map { text(ofNode: $0) }
    for name in options.excludedLayers where !names.contains(name) { throw .unknownLayer(name, known: names) }
    var layers: [Int] = []
    for (index, name) in zip(weighted, names) where !options.excludedLayers.contains(name) {
      guard nodes[index].parameters[0].floats?.allSatisfy(\.isFinite) ?? false else {
        throw .nonFiniteWeight(layer: name)
      }
      layers.append(index)
    }
    guard !layers.isEmpty else { throw .nothingToPrune }
    return layers
  }
}

extension PruningMask {
  fileprivate mutating func prune(_ layers: [Int], of model: Model, _ sparsity: Double) {
    let weights = layers.map { model.nodes[$0].parameters[0].floats ?? [] }
    let magnitudes = weights.flatMap { $0.map(abs) }.sorted()
    let pruned = Int((sparsity * Double(magnitudes.count)).rounded())
    guard pruned > 0 else { return }
    let threshold = magnitudes[pruned - 1]
    // Of the weights right at the threshold, only so many go.
    var equal = pruned - magnitudes.prefix { $0 < threshold }.count
    for (layer, weights) in zip(layers, weights) {
      keeps[layer] = weights.map { weight in
        if abs(weight) < threshold { return false }
        guard abs(weight) == threshold, equal > 0 else { return true }
        equal -= 1
        return false
      }
    }
  }
}
