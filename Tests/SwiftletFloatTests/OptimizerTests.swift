import Foundation
import SwiftletFloat
import SwiftletModel
import TestSupport
import Testing

/// The optimizers against their definitions in double precision.
@Suite struct OptimizerTests {
  private func network(_ kernels: FloatKernels = .best) throws -> FloatNetwork {
    var b = ModelBuilder(input: Shape(vector: 9))
    try b.add(.dense(Dense(units: 13)))
    try b.add(.batchNorm(BatchNorm()))
    let network = try FloatNetwork(
      randomized(try b.build()), maximumBatch: 4, options: FloatNetwork.Options(kernels: kernels))
    var draws = Draws(3)
    let x = draws.floats(36)
    _ = network.input().update(fromContentsOf: x)
    _ = network.trainingPass(count: 4, labels: [1, 5, 12, 0], key: 0)
    return network
  }

  private func expect(_ network: FloatNetwork, _ expected: [[Double]]) {
    for (parameter, values) in zip(network.parameters, expected) {
      for (actual, value) in zip(parameter.values, values) { #expect(abs(Double(actual) - value) < 2e-6) }
    }
  }

  @Test(arguments: FloatKernels.supported.map(\.name))
  func adamFollowsItsDefinition(_ name: String) throws {
    let network = try network(FloatKernels.supported.first { $0.name == name }!)
    let optimizer = Optimizer(.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7), weightDecay: 0.1, network: network)
    let gradients = network.parameters.map { $0.gradientValues.map(Double.init) }
    var values = network.parameters.map { $0.values.map(Double.init) }
    var m = gradients.map { $0.map { _ in 0.0 } }
    var v = m
    for step in 1...3 {
      optimizer.step(rate: 0.01)
      let correction = (1 - pow(0.999, Double(step))).squareRoot() / (1 - pow(0.9, Double(step)))
      for (p, parameter) in network.parameters.enumerated() where parameter.isTrained {
        for i in values[p].indices {
          m[p][i] = 0.9 * m[p][i] + 0.1 * gradients[p][i]
          v[p][i] = 0.999 * v[p][i] + 0.001 * gradients[p][i] * gradients[p][i]
          let decay = parameter.role == .weights ? 0.01 * 0.1 * values[p][i] : 0
          // As in Keras, epsilon is beside the uncorrected root.
          values[p][i] -= decay + 0.01 * correction * m[p][i] / (v[p][i].squareRoot() + 1e-7)
        }
      }
    }
    #expect(optimizer.stepCount == 3)
    expect(network, values)
  }

  @Test(arguments: [false, true])
  func momentumFollowsItsDefinition(_ isNesterov: Bool) throws {
    let network = try network()
    let optimizer = Optimizer(.sgd(momentum: 0.9, nesterov: isNesterov), weightDecay: 0, network: network)
    let gradients = network.parameters.map { $0.gradientValues.map(Double.init) }
    var values = network.parameters.map { $0.values.map(Double.init) }
    var m = gradients.map { $0.map { _ in 0.0 } }
    for _ in 1...3 {
      optimizer.step(rate: 0.05)
      for (p, parameter) in network.parameters.enumerated() where parameter.isTrained {
        for i in values[p].indices {
          m[p][i] = 0.9 * m[p][i] + gradients[p][i]
          values[p][i] -= 0.05 * (isNesterov ? gradients[p][i] + 0.9 * m[p][i] : m[p][i])
        }
      }
    }
    expect(network, values)
  }

  @Test func stateMovesToAnotherOptimizer() throws {
    let (a, b) = (try network(), try network())
    let first = Optimizer(.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7), weightDecay: 0, network: a)
    first.step(rate: 0.01)
    for (from, to) in zip(a.parameters, b.parameters) {
      to.withMutableValues { _ = $0.update(fromContentsOf: from.values) }
    }
    let second = Optimizer(.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-7), weightDecay: 0, network: b)
    second.state = first.state
    second.stepCount = first.stepCount
    first.step(rate: 0.01)
    second.step(rate: 0.01)
    #expect(a.parameters.map(\.values) == b.parameters.map(\.values))
  }
}
