import SwiftletModel

extension PruningMask {
  /// Prunes round(sparsity * weights) weights of `layers`, the least in magnitude of those that N:M sparsity allows.
  ///
  /// Of every `size` weights side by side in a filter the `kept` greatest stay (Mishra et al. 2021); what a filter has
  /// left over at its end counts as a group of its own. No more are pruned than that leaves, whatever the sparsity.
  mutating func pruneGroups(
    _ layers: [Int], of model: Model, _ sparsity: Double, kept: Int, size: Int
  ) {
    var candidates: [(layer: Int, index: Int, magnitude: Float)] = []
    var total = 0
    for layer in layers {
      let weights = model.nodes[layer].parameters[0].floats ?? []
      let perFilter = weights.count / model.nodes[layer].parameters[0].shape[0]
      total += weights.count
      for filter in stride(from: 0, to: weights.count, by: perFilter) {
        for start in stride(from: filter, to: filter + perFilter, by: size) {
          let group = start..<min(start + size, filter + perFilter)
          let rising = group.sorted { (abs(weights[$0]), $0) < (abs(weights[$1]), $1) }
          for index in rising.dropLast(kept) { candidates.append((layer, index, abs(weights[index]))) }
        }
      }
    }
    let pruned = Int((sparsity * Double(total)).rounded())
    guard pruned > 0 else { return }
    let order = candidates.indices.sorted { (candidates[$0].magnitude, $0) < (candidates[$1].magnitude, $1) }
    for layer in layers { keeps[layer] = Array(repeating: true, count: model.nodes[layer].parameters[0].count) }
    for candidate in order.prefix(pruned).map({ candidates[$0] }) { keeps[candidate.layer]?[candidate.index] = false }
  }
}
