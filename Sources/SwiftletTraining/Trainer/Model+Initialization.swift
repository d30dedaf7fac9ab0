import Foundation
import SwiftletModel

extension Model {
  /// The same float network with fresh weights drawn from `seed`; biases zero, batch norm the identity.
  public func initialized(_ initialization: Initialization, seed: UInt64) -> Model {
    var result = self
    var generator = SplitMix64(seed: seed)
    for index in nodes.indices {
      let specs = nodes[index].op.parameterSpecs(for: values[nodes[index].inputs[0]].shape)
      for (parameter, spec) in specs.enumerated() {
        var tensor = Tensor(zeros: spec.shape)
        switch spec.role {
        case .weights:
          // Weights are [outputs, kernel..., inputs per group]: each output reads fanIn of them.
          let fanIn = spec.count / spec.shape[0]
          let kernel = spec.shape.count == 4 ? spec.shape[1] * spec.shape[2] : 1
          let fanOut = kernel * spec.shape[0] / traits(of: nodes[index]).groups
          tensor.storage = .float32(
            (0..<spec.count).map { _ in initialization.draw(fanIn: fanIn, fanOut: fanOut, &generator) })
        case .gamma, .runningVariance: tensor.storage = .float32(Array(repeating: 1, count: spec.count))
        case .bias, .beta, .runningMean: break
        }
        result.nodes[index].parameters[parameter] = tensor
      }
    }
    return result
  }
}

extension Initialization {
  func draw(fanIn: Int, fanOut: Int, _ generator: inout SplitMix64) -> Float {
    switch self {
    case .glorot:
      let limit = Float((6 / Double(fanIn + fanOut)).squareRoot())
      return (2 * generator.nextUnit() - 1) * limit
    case .he:
      // Box and Muller's transform of two uniform numbers, the first kept above 0.
      let radius = (-2 * log(Double(generator.nextUnit()) + 0x1p-25)).squareRoot()
      let normal = radius * cos(2 * .pi * Double(generator.nextUnit()))
      return Float(normal * (2 / Double(fanIn)).squareRoot())
    }
  }
}
