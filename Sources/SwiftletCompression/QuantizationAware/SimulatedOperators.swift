import SwiftletFloat
import SwiftletModel

/// Operators without weights in quantization-aware training: values are u = q - z, integers held as floats, and each
/// forward pass is the arithmetic of Numerics.md on them. None exceeds 255, so all are exact.
///
/// Backward, rounding counts as the identity (straight-through), scales as their ratio, and a clamp that was reached
/// cuts the gradient.
extension Operator {
  /// What computes this operator on integers, nil where the float operator does so itself.
  ///
  /// - Throws: `QuantizationError` where it has no integer form between these quantizations, with the node's `name`.
  package func simulated(
    _ shapes: [Shape], from: [Quantization], to: Quantization, name: String
  ) throws(QuantizationError) -> (any OperatorSubstitute)? {
    let outOfRange = QuantizationError(.scaleRange, node: name)
    switch self {
    case .activation(let activation):
      guard let rescaling = Rescaling(activation, from: from[0], to: to) else { throw outOfRange }
      return SimulatedActivation(rescaling: rescaling)
    case .add(let add):
      guard let multipliers = AdditionMultipliers(left: from[0].scale, right: from[1].scale, output: to.scale) else {
        throw outOfRange
      }
      return SimulatedAddition(multipliers: multipliers, range: Reach(add.activation, to))
    case .concat:
      var parts: [SimulatedConcatenation.Part] = []
      for (shape, quantization) in zip(shapes, from) {
        guard let rescaling = Rescaling(.none, from: quantization, to: to) else { throw outOfRange }
        parts.append(.init(channels: shape.channels, rescaling: quantization == to ? nil : rescaling))
      }
      return SimulatedConcatenation(parts: parts)
    case .pool2D(let pool):
      guard pool.reduction == .average else { return nil }
      guard let mean = SimulatedMean(pool, shapes[0], from: from[0], to: to) else { throw outOfRange }
      return mean
    case .conv2D, .dense, .reshape: return nil
    case .softmax, .batchNorm, .dropout: throw QuantizationError(.notTrainableAsIntegers, node: name)
    }
  }
}

/// What an output's integers u = q - z are clamped to.
struct Reach: Sendable {
  let low, high: Float

  init(_ activation: Activation, _ quantization: Quantization) {
    let clamp = activation.clamp(quantization)
    low = Float(Int(clamp.lowerBound) - quantization.zeroPoint)
    high = Float(Int(clamp.upperBound) - quantization.zeroPoint)
  }

  /// For s32 logits, which have no zero point.
  init(logits activation: Activation, _ scale: Scale) {
    switch activation {
    case .none: (low, high) = (-.infinity, .infinity)
    case .relu: (low, high) = (0, .infinity)
    case .boundedReLU(let bound):
      let isHuge = bound.exponent > scale.exponent
      let steps = FixedPointMultiplier(input: bound, output: scale)?(1) ?? (isHuge ? .max : 0)
      (low, high) = (0, Float(steps))
    }
  }

  func clamping(_ value: Int32) -> Float { max(low, min(high, Float(value))) }
  /// Whether a gradient passes an output.
  func passes(_ u: Float) -> Bool { u > low && u < high }
}

/// An integer brought from one quantization to another.
struct Rescaling: Sendable {
  /// The output for each input byte q, at u = q - zeroPoint.
  private let table: [Float]
  private let zeroPoint: Int32
  private let factor: Float
  private let reach: Reach

  init?(_ activation: Activation, from: Quantization, to: Quantization) {
    guard let multiplier = FixedPointMultiplier(input: from.scale, output: to.scale) else { return nil }
    let reach = Reach(activation, to)
    zeroPoint = Int32(from.zeroPoint)
    table = (0...255).map { reach.clamping(multiplier($0 - Int32(from.zeroPoint))) }
    factor = Float(multiplier.doubleValue)
    self.reach = reach
  }

  /// Rows of `count` elements, `inputStride` and `outputStride` apart.
  func forward(
    _ x: UnsafePointer<Float>, _ inputStride: Int, _ y: UnsafeMutablePointer<Float>, _ outputStride: Int, count: Int,
    rows: Int
  ) {
    table.withUnsafeBufferPointer { table in
      for row in 0..<rows {
        let (x, y) = (x + row * inputStride, y + row * outputStride)
        for i in 0..<count { y[i] = table[Int(Int32(x[i]) &+ zeroPoint)] }
      }
    }
  }

  func backward(
    _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ outputStride: Int, _ dx: UnsafeMutablePointer<Float>,
    _ inputStride: Int, count: Int, rows: Int
  ) {
    for row in 0..<rows {
      let (y, dy, dx) = (y + row * outputStride, dy + row * outputStride, dx + row * inputStride)
      FloatKernels.best.gateAdd(y, dy, count: count, factor: factor, low: reach.low, high: reach.high, to: dx)
    }
  }
}

/// A standalone activation.
struct SimulatedActivation: OperatorSubstitute {
  let rescaling: Rescaling

  func forward(_ inputs: [UnsafeBufferPointer<Float>], _ output: UnsafeMutableBufferPointer<Float>) {
    guard let x = inputs[0].baseAddress, let y = output.baseAddress else { return }
    rescaling.forward(x, 0, y, 0, count: output.count, rows: 1)
  }

  func backward(
    _ output: UnsafeBufferPointer<Float>, _ outputGradient: UnsafeBufferPointer<Float>,
    addingTo inputGradients: [UnsafeMutableBufferPointer<Float>?]
  ) {
    guard let y = output.baseAddress, let dy = outputGradient.baseAddress, let dx = inputGradients[0]?.baseAddress
    else { return }
    rescaling.backward(y, dy, 0, dx, 0, count: output.count, rows: 1)
  }
}

/// A u8 output as the reals it stands for: scale * u.
struct SimulatedOutput: OperatorSubstitute {
  private let scale: Float

  init(_ scale: Scale) { self.scale = Float(scale.doubleValue) }

  func forward(_ inputs: [UnsafeBufferPointer<Float>], _ output: UnsafeMutableBufferPointer<Float>) {
    for i in output.indices { output[i] = scale * inputs[0][i] }
  }

  func backward(
    _ output: UnsafeBufferPointer<Float>, _ outputGradient: UnsafeBufferPointer<Float>,
    addingTo inputGradients: [UnsafeMutableBufferPointer<Float>?]
  ) {
    guard let dx = inputGradients[0] else { return }
    for i in dx.indices { dx[i] += scale * outputGradient[i] }
  }
}

/// The sum of two values: both terms at one shift, added in 64 bits, rounded once.
struct SimulatedAddition: OperatorSubstitute {
  let multipliers: AdditionMultipliers
  let range: Reach

  func forward(_ inputs: [UnsafeBufferPointer<Float>], _ output: UnsafeMutableBufferPointer<Float>) {
    FloatKernels.best.addIntegers(
      inputs[0], inputs[1], left: multipliers.left, right: multipliers.right, shift: multipliers.shift, low: range.low,
      high: range.high, into: output)
  }

  func backward(
    _ output: UnsafeBufferPointer<Float>, _ outputGradient: UnsafeBufferPointer<Float>,
    addingTo inputGradients: [UnsafeMutableBufferPointer<Float>?]
  ) {
    let unit = Float(sign: .plus, exponent: -Int(multipliers.shift), significand: 1)
    for (dx, mantissa) in zip(inputGradients, [multipliers.left, multipliers.right]) {
      guard let dx = dx?.baseAddress, let y = output.baseAddress, let dy = outputGradient.baseAddress else { continue }
      FloatKernels.best.gateAdd(
        y, dy, count: output.count, factor: Float(mantissa) * unit, low: range.low, high: range.high, to: dx)
    }
  }
}

/// Values joined along the channels.
struct SimulatedConcatenation: OperatorSubstitute {
  struct Part: Sendable {
    let channels: Int
    /// Nil where the input has the output's quantization and is copied.
    let rescaling: Rescaling?
  }

  let parts: [Part]
  private var channels: Int { parts.reduce(0) { $0 + $1.channels } }

  func forward(_ inputs: [UnsafeBufferPointer<Float>], _ output: UnsafeMutableBufferPointer<Float>) {
    guard var y = output.baseAddress else { return }
    let (stride, rows) = (channels, output.count / channels)
    for (part, input) in zip(parts, inputs) {
      guard let x = input.baseAddress else { return }
      if let rescaling = part.rescaling {
        rescaling.forward(x, part.channels, y, stride, count: part.channels, rows: rows)
      } else {
        for row in 0..<rows { (y + row * stride).update(from: x + row * part.channels, count: part.channels) }
      }
      y += part.channels
    }
  }

  func backward(
    _ output: UnsafeBufferPointer<Float>, _ outputGradient: UnsafeBufferPointer<Float>,
    addingTo inputGradients: [UnsafeMutableBufferPointer<Float>?]
  ) {
    guard var y = output.baseAddress, var dy = outputGradient.baseAddress else { return }
    let (stride, rows) = (channels, output.count / channels)
    for (part, gradient) in zip(parts, inputGradients) {
      if let dx = gradient?.baseAddress {
        if let rescaling = part.rescaling {
          rescaling.backward(y, dy, stride, dx, part.channels, count: part.channels, rows: rows)
        } else {
          for row in 0..<rows {
            for c in 0..<part.channels { dx[row * part.channels + c] += dy[row * stride + c] }
          }
        }
      }
      y += part.channels
      dy += part.channels
    }
  }
}
