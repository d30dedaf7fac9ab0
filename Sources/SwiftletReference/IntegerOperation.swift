package import SwiftletModel

/// What an operator without weights computes on the bytes of one sample, resolved against shapes and quantizations.
///
/// The runtime's reference table runs it, kernels are compared with it, and quantization-aware training simulates it.
package struct IntegerOperation: Sendable {
  private enum Body: Sendable {
    case table([UInt8], factor: FixedPointMultiplier)
    case pool(Pool2D, WindowPlan)
    case addition(Add, AdditionMultipliers)
    case concatenation([Part])
  }

  /// One input of a concatenation.
  private struct Part: Sendable {
    let channels: Int
    /// Nil where the input has the output's quantization and is copied.
    let rescaling: (table: [UInt8], factor: FixedPointMultiplier)?
  }

  package let inputs: [Quantization]
  package let output: Quantization
  /// Where the result is clamped.
  package let stage: OutputStage
  private let count: Int
  private let body: Body

  /// Nil for operators with weights, those that move bytes without looking at them, those of float models alone, and
  /// quantizations between which no multiplier exists.
  ///
  /// - Parameters:
  ///   - inputs: Of shapes that the operator accepts, quantized to u8.
  ///   - output: Of the operator's shape, quantized to u8.
  package init?(_ op: Operator, inputs: [Value], output: Value) {
    let from = inputs.compactMap { $0.quantization }
    guard let to = output.quantization, from.count == inputs.count else { return nil }
    switch op {
    case .activation(let activation):
      guard let factor = FixedPointMultiplier(input: from[0].scale, output: to.scale) else { return nil }
      body = .table(activation.integerTable(from: from[0], to: output), factor: factor)
    case .pool2D(let pool):
      let shape = inputs[0].shape
      guard let plan = try? pool.plan(for: shape), op.hasMultipliers(on: shape, from: from[0], to: to) else {
        return nil
      }
      body = .pool(pool, plan)
    case .add(let add):
      guard let factors = AdditionMultipliers(left: from[0].scale, right: from[1].scale, output: to.scale) else {
        return nil
      }
      body = .addition(add, factors)
    case .concat:
      var parts: [Part] = []
      for (input, quantization) in zip(inputs, from) {
        guard let factor = FixedPointMultiplier(input: quantization.scale, output: to.scale) else { return nil }
        let table = quantization == to ? nil : Activation.none.integerTable(from: quantization, to: output)
        parts.append(Part(channels: input.shape.channels, rescaling: table.map { ($0, factor) }))
      }
      body = .concatenation(parts)
    case .conv2D, .dense, .reshape, .softmax, .batchNorm, .dropout: return nil
    }
    self.inputs = from
    self.output = to
    stage = OutputStage(op.fusedActivation, output)
    count = output.shape.count
  }

  /// Computes one sample; element i of `inputs` points to input i.
  package func run(_ inputs: UnsafePointer<UnsafePointer<UInt8>>, into y: UnsafeMutablePointer<UInt8>) {
    switch body {
    case .table(let table, _): for i in 0..<count { y[i] = table[Int(inputs[0][i])] }
    case .pool(let pool, let plan): pool.integer(inputs[0], plan, from: self.inputs[0], to: output, into: y)
    case .addition(let add, let factors):
      add.integer(
        inputs[0], inputs[1], count: count,
        zeroPoints: (Int32(self.inputs[0].zeroPoint), Int32(self.inputs[1].zeroPoint)), factors, stage, into: y)
    case .concatenation(let parts):
      forEachRun(of: parts) { part, from, to in
        let (x, y) = (inputs[part] + from, y + to)
        if let table = parts[part].rescaling?.table {
          for i in 0..<parts[part].channels { y[i] = table[Int(x[i])] }
        } else {
          y.update(from: x, count: parts[part].channels)
        }
      }
    }
  }

  private func forEachRun(of parts: [Part], _ body: (_ part: Int, _ from: Int, _ to: Int) -> Void) {
    let channels = parts.reduce(0) { $0 + $1.channels }
    for pixel in 0..<count / channels {
      var offset = pixel * channels
      for index in parts.indices {
        body(index, pixel * parts[index].channels, offset)
        offset += parts[index].channels
      }
    }
  }
}

// MARK: How outputs follow inputs

extension IntegerOperation {
  /// A run of outputs and the run of one input that enters them, each output by `factor` times its input: rounding left
  /// aside, all operators without weights are linear until they clamp.
  package struct Link {
    package let input, from, to, count: Int
    package let factor: Float
    /// Whether an output at the ends of `stage` may have been clamped.
    package let isClamped: Bool
  }

  /// Visits every pair of an output and an input that enters it. A maximum has none: see `Pool2D`'s float gradient.
  package func forEachLink(_ body: (Link) -> Void) {
    switch self.body {
    case .table(_, let factor): body(Link(input: 0, from: 0, to: 0, count: count, factor: factor.real, isClamped: true))
    case .pool(let pool, let plan): forEachLink(pool, plan, body)
    case .addition(_, let factors):
      let unit = Float(sign: .plus, exponent: -Int(factors.shift), significand: 1)
      for (input, mantissa) in [factors.left, factors.right].enumerated() {
        body(
          Link(input: input, from: 0, to: 0, count: count, factor: Float(mantissa) * unit, isClamped: true))
      }
    case .concatenation(let parts):
      forEachRun(of: parts) { part, from, to in
        let factor = parts[part].rescaling?.factor
        body(
          Link(
            input: part, from: from, to: to, count: parts[part].channels, factor: factor?.real ?? 1,
            isClamped: factor != nil))
      }
    }
  }

  private func forEachLink(_ pool: Pool2D, _ plan: WindowPlan, _ body: (Link) -> Void) {
    let channels = plan.output.channels
    let keepsScale = inputs[0] == output
    // Windows of one size follow one another.
    var last: (divisor: Int, factor: Float) = (0, 0)
    plan.forEachPosition { position in
      let divisor = pool.divisor(plan, position.oy, position.ox)
      if divisor != last.divisor {
        let factor = FixedPointMultiplier(input: inputs[0].scale, output: output.scale, count: divisor)
        last = (divisor, keepsScale ? 1 / Float(divisor) : factor?.real ?? 0)
      }
      plan.forEachTap(of: position) { pixel, _ in
        body(
          Link(
            input: 0, from: pixel * channels, to: position.output * channels, count: channels, factor: last.factor,
            isClamped: !keepsScale || pool.divisorOverride != nil))
      }
    }
  }
}

extension FixedPointMultiplier {
  fileprivate var real: Float { Float(doubleValue) }
}
