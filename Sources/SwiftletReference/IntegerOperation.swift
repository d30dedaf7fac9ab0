package import SwiftletModel

/// What an operator without weights computes on the bytes of one sample, resolved against shapes and quantizations.
///
/// Quantization-aware training simulates it, and tests compare kernels with it. It only resolves and calls the operators'
/// definitions, as the runtime's reference table does.
package final class IntegerOperation: Sendable {
  private enum Body: Sendable {
    /// Each input's bytes through a table of its own, side by side along the channels.
    case tables([[UInt8]])
    case pool(Pool2D, WindowPlan)
    case addition(Add, AdditionMultipliers)
  }

  private let inputs: [Value]
  private let output: Value
  private let body: Body
  /// Where the result is clamped.
  package let stage: OutputStage

  /// Nil for operators with weights, those that move bytes without looking at them, and those of float models alone.
  ///
  /// - Parameters:
  ///   - inputs: Of shapes that the operator accepts, quantized to u8; see `Operator.hasMultipliers`.
  ///   - output: Of the operator's shape, quantized to u8.
  package init?(_ op: Operator, inputs: [Value], output: Value) {
    self.inputs = inputs
    self.output = output
    stage = OutputStage(op.fusedActivation, output)
    let to = output.quantization ?? .image
    switch op {
    case .pool2D(let pool):
      guard let plan = try? pool.plan(for: inputs[0].shape) else { return nil }
      body = .pool(pool, plan)
    case .add(let add):
      guard let left = inputs[0].quantization, let right = inputs[1].quantization,
        let factors = AdditionMultipliers(left: left.scale, right: right.scale, output: to.scale)
      else { return nil }
      body = .addition(add, factors)
    case .activation, .concat:
      var tables: [[UInt8]] = []
      // Between equal quantizations each byte becomes itself.
      for input in inputs {
        tables.append(op.fusedActivation.integerTable(from: input.quantization ?? .image, to: output))
      }
      body = .tables(tables)
    case .conv2D, .dense, .reshape, .softmax, .batchNorm, .dropout: return nil
    }
  }

  /// The zero point of an input, or of the output.
  package func zeroPoint(ofInput index: Int) -> Int { quantization(inputs[index]).zeroPoint }
  package var outputZeroPoint: Int { quantization(output).zeroPoint }

  private func quantization(_ value: Value) -> Quantization { value.quantization ?? .image }

  /// Computes one sample; `input` gives the bytes of each input.
  package func run(_ input: (Int) -> UnsafePointer<UInt8>, into y: UnsafeMutablePointer<UInt8>) {
    switch body {
    case .pool(let pool, let plan):
      pool.integer(input(0), plan, from: quantization(inputs[0]), to: quantization(output), into: y)
    case .addition(let add, let factors):
      add.integer(
        input(0), input(1), count: output.shape.count,
        zeroPoints: (Int32(zeroPoint(ofInput: 0)), Int32(zeroPoint(ofInput: 1))), factors, stage, into: y)
    case .tables(let tables):
      forEachRun { part, from, to, count in
        let (x, y) = (input(part) + from, y + to)
        for i in 0..<count { y[i] = tables[part][Int(x[i])] }
      }
    }
  }

  /// Visits the inputs' runs of channels in the order in which they make the output.
  private func forEachRun(_ body: (_ part: Int, _ from: Int, _ to: Int, _ count: Int) -> Void) {
    var to = 0
    for pixel in 0..<output.shape.height * output.shape.width {
      for index in inputs.indices {
        let count = inputs[index].shape.channels
        body(index, pixel * count, to, count)
        to += count
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
          Link(input: input, from: 0, to: 0, count: output.shape.count, factor: Float(mantissa) * unit, isClamped: true)
        )
      }
    case .tables:
      let factors = inputs.map { real($0, count: 1) }
      forEachRun { part, from, to, count in
        let moves = inputs.count > 1 && inputs[part].quantization == output.quantization
        body(Link(input: part, from: from, to: to, count: count, factor: factors[part], isClamped: !moves))
      }
    }
  }

  /// The factor from the sum of `count` integers of `input` to the output's, as a real.
  private func real(_ input: Value, count: Int) -> Float {
    let (from, to) = (quantization(input).scale, quantization(output).scale)
    return FixedPointMultiplier(input: from, output: to, count: count).map { Float($0.doubleValue) } ?? 0
  }

  private func forEachLink(_ pool: Pool2D, _ plan: WindowPlan, _ body: (Link) -> Void) {
    let channels = plan.output.channels
    let keepsQuantization = inputs[0].quantization == output.quantization
    // Windows of one size follow one another.
    var last: (divisor: Int, factor: Float) = (0, 0)
    plan.forEachPosition { position in
      let divisor = pool.divisor(plan, position.oy, position.ox)
      if divisor != last.divisor {
        last = (divisor, keepsQuantization ? 1 / Float(divisor) : real(inputs[0], count: divisor))
      }
      plan.forEachTap(of: position) { pixel, _ in
        body(
          Link(
            input: 0, from: pixel * channels, to: position.output * channels, count: channels, factor: last.factor,
            isClamped: !keepsQuantization || pool.divisorOverride != nil))
      }
    }
  }
}
