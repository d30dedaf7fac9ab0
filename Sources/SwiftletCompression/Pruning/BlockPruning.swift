import SwiftletModel

/// A piece of a layer's weights that the block-sparse kernels keep or skip whole.
package struct WeightBlock: Hashable {
  /// Up to 16 output channels.
  package let filters: Range<Int>
  /// Up to 4 weights of each of them, side by side in the filter.
  package let inputs: Range<Int>

  package init(filters: Range<Int>, inputs: Range<Int>) {
    self.filters = filters
    self.inputs = inputs
  }

  /// The index of each weight in a tensor of `perFilter` weights a filter.
  package func indexes(perFilter: Int) -> [Int] {
    filters.flatMap { filter in inputs.map { filter * perFilter + $0 } }
  }
}

extension Node {
  /// The blocks of this convolution's or dense layer's weights, output channels first.
  ///
  /// They are cut as the runtime cuts a window into steps: where the taps of a row lie side by side in memory the whole
  /// row is one run of inputs, else each tap is.
  package var weightBlocks: [WeightBlock] {
    let shape = parameters[0].shape
    let filters = shape[0]
    let perFilter = parameters[0].count / filters
    var run = perFilter
    var groups = 1
    if case .conv2D(let conv) = op {
      groups = conv.groups
      run = shape[3] * (conv.groups == 1 && conv.window.dilation.width == 1 ? shape[2] : 1)
    }
    let runs = stride(from: 0, to: perFilter, by: run).flatMap { start in
      stride(from: start, to: start + run, by: 4).map { $0..<min($0 + 4, start + run) }
    }
    let size = filters / groups
    return (0..<groups).flatMap { group in
      stride(from: group * size, to: (group + 1) * size, by: 16).flatMap { first in
        runs.map { WeightBlock(filters: first..<min(first + 16, (group + 1) * size), inputs: $0) }
      }
    }
  }
}

extension PruningMask {
  /// Prunes round(sparsity * blocks) blocks of `layers`, those of the least mean magnitude.
  mutating func pruneBlocks(_ layers: [Int], of model: Model, _ sparsity: Double) {
    var blocks: [(layer: Int, indexes: [Int], magnitude: Double)] = []
    for layer in layers {
      let node = model.nodes[layer]
      let weights = node.parameters[0].floats ?? []
      let perFilter = weights.count / node.parameters[0].shape[0]
      for block in node.weightBlocks {
        let indexes = block.indexes(perFilter: perFilter)
        let sum = indexes.reduce(0) { $0 + Double(abs(weights[$1])) }
        blocks.append((layer, indexes, sum / Double(indexes.count)))
      }
    }
    let pruned = Int((sparsity * Double(blocks.count)).rounded())
    guard pruned > 0 else { return }
    let order = blocks.indices.sorted { (blocks[$0].magnitude, $0) < (blocks[$1].magnitude, $1) }
    for layer in layers { keeps[layer] = Array(repeating: true, count: model.nodes[layer].parameters[0].count) }
    for block in order.prefix(pruned).map({ blocks[$0] }) {
      for index in block.indexes { keeps[block.layer]?[index] = false }
    }
  }
}
