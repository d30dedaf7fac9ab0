package import SwiftletModel

/// What an operator without weights computes on the bytes of one sample, resolved against shapes and quantizations.
///
/// The runtime's reference table runs it, kernels are compared with it, and quantization-aware training simulates it.
package final class IntegerOperation: Sendable {
  private enum Body: Sendable {
    /// Each input's bytes through a table of its own, side by side along the channels.
    case tables([Part])
    case pool(Pool2D, WindowPlan)
    case addition(Add, AdditionMultipliers)
  }

  /// What becomes of one input's channels.
  private struct Part: Sendable {
    let channels: Int
    let table: [UInt8]
    let factor: FixedPointMultiplier
    let isClamped: Bool
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
    case .activation, .concat:
      var parts: [Part] = []
      for (index, quantization) in from.enumerated() {
        guard let factor = FixedPointMultiplier(input: quantization.scale, output: to.scale) else { return nil }
        // Between equal quantizations a concatenation moves bytes: each becomes itself.
        parts.append(
          Part(
            channels: inputs[index].shape.channels,
            table: op.fusedActivation.integerTable(from: quantization, to: output), factor: factor,
            isClamped: op.kind == .activation || quantization != to))
      }
      body = .tables(parts)
    case .conv2D, .dense, .reshape, .softmax, .batchNorm, .dropout: return nil
    }
    self.inputs = from
    self.output = to
    stage = OutputStage(op.fusedActivation, output)
    count = output.shape.count
  }

  /// Computes one sample; `input` gives the bytes of each input.
  package func run(_ input: (Int) -> UnsafePointer<UInt8>, into y: UnsafeMutablePointer<UInt8>) {
    switch body {
    case .pool(let pool, let plan): pool.integer(input(0), plan, from: inputs[0], to: output, into: y)
    case .addition(let add, let factors):
      add.integer(
        input(0), input(1), count: count, zeroPoints: (Int32(inputs[0].zeroPoint), Int32(inputs[1].zeroPoint)),
        factors, stage, into: y)
    case .tables(let parts):
      forEachRun(of: parts) { part, from, to in
        let (x, y) = (input(part) + from, y + to)
        for i in 0..<parts[part].channels { y[i] = parts[part].table[Int(x[i])] }
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
    case .pool(let pool, let plan): forEachLink(pool, plan, body)
    case .addition(_, let factors):
      let unit = Float(sign: .plus, exponent: -Int(factors.shift), significand: 1)
      for (input, mantissa) in [factors.left, factors.right].enumerated() {
        body(
          Link(input: input, from: 0, to: 0, count: count, factor: Float(mantissa) * unit, isClamped: true))
      }
    case .tables(let parts):
      forEachRun(of: parts) { part, from, to in
        let (count, factor) = (parts[part].channels, parts[part].factor.real)
        body(
          Link(input: part, from: from, to: to, count: count, factor: factor, isClamped: parts[part].isClamped))
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
