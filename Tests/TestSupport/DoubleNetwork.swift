import Foundation
import SwiftletModel

/// A second, plain implementation to test against: a float model in double precision, node by node.
package struct DoubleNetwork {
  package let model: Model

  package init(_ model: Model) { self.model = model }

  /// All values of one sample, by value index.
  package func values(_ input: [Double]) -> [[Double]] { values([input]) }

  /// All values of one sample, by value index; `inputs` in the order of the model's.
  package func values(_ inputs: [[Double]]) -> [[Double]] {
    var values = [[Double]](repeating: [], count: model.values.count)
    for (value, input) in zip(model.inputs, inputs) { values[value] = input }
    for node in model.nodes {
      let x = node.inputs.map { values[$0] }
      let parameters = node.parameters.map { $0.floats!.map(Double.init) }
      let shape = model.values[node.inputs[0]].shape
      values[node.output] = Self.apply(
        node, x, parameters, shape, inputShapes: node.inputs.map { model.values[$0].shape })
    }
    return values
  }

  package func output(_ input: [Double]) -> [Double] { values(input)[model.outputs[0]] }

  package static func apply(
    _ node: Node, _ x: [[Double]], _ p: [[Double]], _ shape: Shape, inputShapes: [Shape]
  ) -> [Double] {
    switch node.op {
    case .conv2D(let conv):
      let plan = try! conv.plan(for: shape)
      return convolution(x[0], p[0], p[1], conv, plan).map(conv.activation.apply)
    case .dense(let dense):
      return (0..<dense.units).map { unit in
        dense.activation.apply((0..<x[0].count).reduce(p[1][unit]) { $0 + x[0][$1] * p[0][unit * x[0].count + $1] })
      }
    case .pool2D(let pool):
      let plan = try! pool.plan(for: shape)
      return pooled(plan, shape.channels) { cells, oy, ox in
        let seen = cells.map { x[0][$0] }
        switch pool.reduction {
        case .max: return seen.max()!
        case .average: return seen.reduce(0, +) / Double(pool.divisor(plan, oy, ox))
        }
      }
    case .activation(let activation): return x[0].map(activation.apply)
    case .add(let add): return zip(x[0], x[1]).map { add.activation.apply($0 + $1) }
    case .concat:
      var joined: [Double] = []
      for pixel in 0..<shape.height * shape.width {
        for (input, shape) in zip(x, inputShapes) {
          joined += input[pixel * shape.channels..<(pixel + 1) * shape.channels]
        }
      }
      return joined
    case .reshape, .dropout: return x[0]
    case .softmax:
      return stride(from: 0, to: x[0].count, by: shape.channels).flatMap { first in
        let powers = x[0][first..<first + shape.channels].map { exp($0) }
        return powers.map { $0 / powers.reduce(0, +) }
      }
    case .batchNorm(let norm):
      return x[0].indices.map { i in
        let c = i % shape.channels
        return p[0][c] * (x[0][i] - p[2][c]) / (p[3][c] + Double(norm.epsilon)).squareRoot() + p[1][c]
      }
    }
  }

  /// Sums products over the taps on the image; `x` and `w` may be integers of any kind as doubles.
  package static func convolution(
    _ x: [Double], _ w: [Double], _ bias: [Double], _ conv: Conv2D, _ plan: WindowPlan
  ) -> [Double] {
    let depth = plan.input.channels / conv.groups
    var y: [Double] = []
    for oy in 0..<plan.output.height {
      for ox in 0..<plan.output.width {
        for filter in 0..<conv.filters {
          var sum = bias[filter]
          for ky in plan.rows.taps(oy) {
            for kx in plan.columns.taps(ox) {
              let pixel = plan.rows.position(oy, ky) * plan.input.width + plan.columns.position(ox, kx)
              let first = pixel * plan.input.channels + filter / (conv.filters / conv.groups) * depth
              let tap = ((filter * conv.window.kernel.height + ky) * conv.window.kernel.width + kx) * depth
              for c in 0..<depth { sum += x[first + c] * w[tap + c] }
            }
          }
          y.append(sum)
        }
      }
    }
    return y
  }

  /// One number per window and channel, from the input indexes under it.
  package static func pooled(_ plan: WindowPlan, _ channels: Int, _ body: ([Int], Int, Int) -> Double) -> [Double] {
    var y: [Double] = []
    for oy in 0..<plan.output.height {
      for ox in 0..<plan.output.width {
        for c in 0..<channels {
          var cells: [Int] = []
          for ky in plan.rows.taps(oy) {
            for kx in plan.columns.taps(ox) {
              let pixel = plan.rows.position(oy, ky) * plan.input.width + plan.columns.position(ox, kx)
              cells.append(pixel * channels + c)
            }
          }
          y.append(body(cells, oy, ox))
        }
      }
    }
    return y
  }
}

extension Activation {
  package func apply(_ x: Double) -> Double {
    switch self {
    case .none: x
    case .relu: max(x, 0)
    case .boundedReLU(let bound): min(max(x, 0), bound.doubleValue)
    }
  }
}
