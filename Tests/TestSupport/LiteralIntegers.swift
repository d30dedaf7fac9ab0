import SwiftletModel

/// Numerics.md read literally, in doubles: an independent check of quantizer and runtime together.
///
/// Exact while accumulators stay under 2^22, because then accumulator * mantissa has at most 53 bits.
package struct LiteralIntegers {
  package let model: Model

  package init(_ model: Model) { self.model = model }

  package func output(_ input: [UInt8]) -> [Double] { output([input]) }

  /// The first output of one sample, `inputs` in the order of the model's.
  package func output(_ inputs: [[UInt8]]) -> [Double] {
    var values = [[Double]](repeating: [], count: model.values.count)
    for (value, input) in zip(model.inputs, inputs) { values[value] = input.map(Double.init) }
    for index in model.nodes.indices { values[model.nodes[index].output] = apply(index, values) }
    return values[model.outputs[0]]
  }

  private func apply(_ index: Int, _ values: [[Double]]) -> [Double] {
    let node = model.nodes[index]
    let from = node.inputs.map { model.values[$0].quantization! }
    let to = model.values[node.output].quantization!
    let shape = model.values[node.inputs[0]].shape
    let u = zip(node.inputs, from).map { input, quantization in
      values[input].map { $0 - Double(quantization.zeroPoint) }
    }
    func finish(_ real: Double, _ activation: Activation = .none) -> Double {
      finished(real, activation, model.values[node.output])
    }
    switch node.op {
    case .conv2D(let conv):
      let plan = try! conv.plan(for: shape)
      let sums = DoubleNetwork.convolution(u[0], weights(node), bias(node), conv, plan)
      return weighted(index, sums, conv.activation, finish)
    case .dense(let dense):
      let w = weights(node)
      let sums = (0..<dense.units).map { unit in
        u[0].indices.reduce(bias(node)[unit]) { $0 + u[0][$1] * w[unit * u[0].count + $1] }
      }
      return weighted(index, sums, dense.activation, finish)
    case .pool2D(let pool): return pooled(pool, node, values[node.inputs[0]], u[0]) { finish($0) }
    case .activation(let activation):
      let factor = FixedPointMultiplier(input: from[0].scale, output: to.scale)!.doubleValue
      return u[0].map { finish($0 * factor, activation) }
    case .add(let add):
      let m = AdditionMultipliers(left: from[0].scale, right: from[1].scale, output: to.scale)!
      let unit = Double(sign: .plus, exponent: -Int(m.shift), significand: 1)
      return zip(u[0], u[1]).map { finish(($0 * Double(m.left) + $1 * Double(m.right)) * unit, add.activation) }
    case .concat:
      var joined: [Double] = []
      for pixel in 0..<shape.height * shape.width {
        for (position, input) in node.inputs.enumerated() {
          let channels = model.values[input].shape.channels
          let factor = FixedPointMultiplier(input: from[position].scale, output: to.scale)!.doubleValue
          joined += u[position][pixel * channels..<(pixel + 1) * channels].map { finish($0 * factor) }
        }
      }
      return joined
    case .reshape: return values[node.inputs[0]]
    case .softmax, .batchNorm, .dropout: fatalError("no quantized model has these")
    }
  }

  /// A real number of steps, rounded, at the output's zero point, and clamped by its type and activation.
  private func finished(_ real: Double, _ activation: Activation, _ output: Value) -> Double {
    let to = output.quantization!
    let rounded = (real + 0.5).rounded(.down) + Double(to.zeroPoint)
    guard output.element == .int32 else {
      let clamp = activation.clamp(to)
      return min(max(rounded, Double(clamp.lowerBound)), Double(clamp.upperBound))
    }
    switch activation {
    case .none: return rounded
    case .relu: return max(rounded, 0)
    case .boundedReLU(let bound):
      return min(max(rounded, 0), (bound.doubleValue / to.scale.doubleValue + 0.5).rounded(.down))
    }
  }

  /// `stored` are the input's numbers as they stand, `centred` less their zero point.
  private func pooled(
    _ pool: Pool2D, _ node: Node, _ stored: [Double], _ centred: [Double], _ finish: (Double) -> Double
  ) -> [Double] {
    let (from, to) = (model.values[node.inputs[0]].quantization!, model.values[node.output].quantization!)
    let shape = model.values[node.inputs[0]].shape
    let plan = try! pool.plan(for: shape)
    return DoubleNetwork.pooled(plan, shape.channels) { cells, oy, ox in
      switch pool.reduction {
      case .max: return cells.map { stored[$0] }.max()!
      case .average:
        let divisor = pool.divisor(plan, oy, ox)
        let sum = cells.reduce(0) { $0 + centred[$1] }
        if from == to { return finish(sum / Double(divisor)) }
        return finish(sum * FixedPointMultiplier(input: from.scale, output: to.scale, count: divisor)!.doubleValue)
      }
    }
  }

  private func weights(_ node: Node) -> [Double] { node.parameters[0].int8s!.map(Double.init) }
  private func bias(_ node: Node) -> [Double] { node.parameters[1].int32s!.map(Double.init) }

  private func weighted(
    _ index: Int, _ sums: [Double], _ activation: Activation, _ finish: (Double, Activation) -> Double
  ) -> [Double] {
    let node = model.nodes[index]
    let input = model.values[node.inputs[0]].quantization!.scale
    let output = model.values[node.output].quantization!.scale
    let factors = node.parameters[0].scales.map {
      FixedPointMultiplier(input: input, weight: $0, output: output)!.doubleValue
    }
    return sums.indices.map { finish(sums[$0] * factors[$0 % factors.count], activation) }
  }
}
