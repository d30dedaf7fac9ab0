import SwiftletModel

/// A model with random parameters, non-zero biases included.
package func randomized(_ model: Model, seed: UInt64 = 5, scale: Float = 0.5) -> Model {
  var draws = Draws(seed)
  var result = model
  for node in result.nodes.indices {
    let specs = result.nodes[node].op.parameterSpecs(for: result.values[result.nodes[node].inputs[0]].shape)
    for (index, spec) in specs.enumerated() {
      let fanIn = Float(max(spec.count / spec.shape[0], 1)).squareRoot()
      var values = draws.floats(spec.count)
      switch spec.role {
      case .weights: values = values.map { $0 * 2 * scale / fanIn }
      case .bias, .beta, .runningMean: values = values.map { $0 * scale }
      case .gamma, .runningVariance: values = values.map { 1 + $0 * 0.5 }
      }
      result.nodes[node].parameters[index].storage = .float32(values)
    }
  }
  return result
}
