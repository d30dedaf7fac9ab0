import SwiftletFloat
import SwiftletModel

/// One weighted layer in quantization-aware training: real parameters in, the runtime's integers out.
///
/// The scale of each channel is 2^(k/2).
struct QuantizationAwareLayer: Sendable {
  let node: Int
  /// Weights become -levels ... levels.
  let levels: Int
  let input: Quantization
  /// The u8 output; nil for logits.
  let output: Quantization?
  private let activation: Activation
  /// Steps of logits, in reals, that biases need not be finer than.
  private let logitStep: Double
  /// What the output's integers u = q - z are clamped to.
  private var reach: Reach
  private(set) var halfPowers: [Int]
  private(set) var weights: [Float]
  private(set) var bias: [Float]
  /// Nil where the scales are too far apart for one.
  private var multipliers: [FixedPointMultiplier?]
  /// Made anew after every change of a scale.
  private var tables: Tables?
  /// The scale of logits: a power of two, so that scale * integer is exact in floating point.
  private(set) var logitScale = Scale.one

  /// Floats hold integers below this exactly; every accumulator and logit stays under it.
  static let exactLimit = 1 << 24
  private static let greatestHalfPower = 100

  var channels: Int { halfPowers.count }
  var inputScale: Double { input.scale.doubleValue }

  init(
    node: Int, levels: Int, input: Quantization, output: Quantization?, activation: Activation, logitStep: Double,
    weights: [Float], bias: [Float]
  ) {
    self.node = node
    self.levels = levels
    self.input = input
    self.output = output
    self.activation = activation
    self.logitStep = logitStep
    reach = output.map { Reach(activation, $0, .uint8) } ?? Self.reach(ofLogits: activation, .one)
    let count = weights.count / bias.count
    halfPowers = bias.indices.map { channel in
      Self.leastErrorHalfPower(weights[channel * count..<(channel + 1) * count], levels: levels)
    }
    self.weights = weights
    self.bias = bias
    multipliers = []
    multipliers = bias.indices.map { makeMultiplier($0) }
  }

  func scale(_ channel: Int) -> Double { Scale(halfPower: halfPowers[channel])!.doubleValue }

  /// The k with the least squared error of rounding `weights` to 2^(k/2) times -levels ... levels; -8 without weights.
  ///
  /// Of several within a twentieth of it the greatest is taken: its integers are smaller and cost fewer bits.
  static func leastErrorHalfPower(_ weights: ArraySlice<Float>, levels: Int) -> Int {
    let peak = weights.reduce(0) { max($0, abs($1)) }
    guard peak > 0, let top = ScaleForm.halfPower.scale(Double(peak) / Double(levels))?.halfPower else { return -8 }
    let limit = Float(levels)
    let candidates = max(top - 5, -greatestHalfPower)...min(top + 1, greatestHalfPower)
    let errors = candidates.map { k in
      let step = Float(Scale(halfPower: k)!.doubleValue)
      return weights.reduce(Float(0)) { sum, weight in
        let error = weight - step * max(-limit, min(limit, (weight / step).rounded()))
        return sum + error * error
      }
    }
    let least = errors.min()!
    return candidates.last { errors[$0 - candidates.lowerBound] <= 1.05 * least }!
  }

  /// Chooses the scales anew for what the weights have become; a channel without weights keeps its own.
  mutating func refitScales(to real: UnsafeBufferPointer<Float>) {
    let count = real.count / channels
    for channel in 0..<channels {
      let slice = Array(real[channel * count..<(channel + 1) * count])
      if slice.contains(where: { $0 != 0 }) {
        setHalfPower(Self.leastErrorHalfPower(slice[...], levels: levels), channel)
      }
    }
  }

  private static func reach(ofLogits activation: Activation, _ scale: Scale) -> Reach {
    Reach(activation, Quantization(scale: scale, zeroPoint: 0), .int32)
  }

  private mutating func setHalfPower(_ k: Int, _ channel: Int) {
    guard k != halfPowers[channel] else { return }
    halfPowers[channel] = k
    multipliers[channel] = makeMultiplier(channel)
    tables = nil
  }

  private func makeMultiplier(_ channel: Int) -> FixedPointMultiplier? {
    FixedPointMultiplier(
      input: input.scale, weight: Scale(halfPower: halfPowers[channel])!, output: output?.scale ?? logitScale)
  }

  /// Rounds the real parameters to integers under the present scales.
  ///
  /// A scale under which an accumulator could pass `exactLimit`, or that has no multiplier, grows until it fits.
  mutating func quantize(weights real: UnsafeBufferPointer<Float>, bias realBias: UnsafeBufferPointer<Float>) {
    let count = real.count / channels
    var greatest = 0.0
    var sums = [Double](repeating: 0, count: channels)
    for channel in 0..<channels {
      let slice = UnsafeBufferPointer(rebasing: real[channel * count..<(channel + 1) * count])
      while true {
        let step = scale(channel)
        let sum = weights.withUnsafeMutableBufferPointer {
          FloatKernels.best.roundWeights(
            slice, inverse: Float(1 / step), limit: Float(levels), into: $0.baseAddress! + channel * count)
        }
        let exactBias = (Double(realBias[channel]) / (inputScale * step)).rounded()
        let bound = 255 * Double(sum) + abs(exactBias)
        if bound < Double(Self.exactLimit), output == nil || multipliers[channel] != nil {
          bias[channel] = Float(exactBias)
          sums[channel] = 255 * Double(sum)
          greatest = max(greatest, bound * step * inputScale)
          break
        }
        // No scale holds weights that are not finite; the trainer reports those.
        guard halfPowers[channel] < Self.greatestHalfPower else { break }
        setHalfPower(halfPowers[channel] + 1, channel)
      }
    }
    if output == nil { fitLogits(greatest) }
    if tables == nil { tables = makeTables() }
    coarsenBiases(sums)
  }

  /// Rounds biases to multiples of a power of two of at most one step of the output, or `logitStep`.
  ///
  /// Finer ones change next to nothing that the rounding of the output does not, but would cost bits in the file.
  /// - Parameter sums: What the weights can add to each channel's accumulator at most.
  private mutating func coarsenBiases(_ sums: [Double]) {
    let greatest = Double(tables?.factors.prefix(channels).max() ?? 0)
    guard greatest > 0 else { return }
    let steps = (output == nil ? logitStep : 1) / greatest
    guard steps >= 2, steps.isFinite else { return }
    let unit = Double(sign: .plus, exponent: Int(steps.exponent), significand: 1)
    for channel in 0..<channels {
      let units = Double(bias[channel]) / unit
      let nearest = units.rounded() * unit
      let fits = sums[channel] + abs(nearest) < Double(Self.exactLimit)
      bias[channel] = Float(fits ? nearest : units.rounded(.towardZero) * unit)
    }
  }

  /// Gives logits a scale with room to spare, kept while the greatest stays between 2^17 and 2^23 of it.
  private mutating func fitLogits(_ greatest: Double) {
    let steps = greatest / logitScale.doubleValue
    guard greatest > 0, steps >= 0x1p23 || steps < 0x1p17 || multipliers.contains(nil) else { return }
    logitScale = Scale(halfPower: 2 * min(max(Int(greatest.exponent) - 20, -62), 62))!
    reach = Self.reach(ofLogits: activation, logitScale)
    for channel in 0..<channels { multipliers[channel] = makeMultiplier(channel) }
    tables = nil
  }

  /// What the kernels read, per channel.
  private struct Tables: Sendable {
    let mantissas, shifts: [Int32]
    /// The multipliers as reals, the derivative of requantization; of logits the scale of an accumulator.
    let factors: [Float]
  }

  private func makeTables() -> Tables {
    let factors = multipliers.map { $0 ?? FixedPointMultiplier(numerator: 1, denominator: 1 << 31)! }
    return Tables(
      mantissas: FloatKernels.perChannel(factors.map(\.mantissa)),
      shifts: FloatKernels.perChannel(factors.map(\.shift)),
      factors: FloatKernels.perChannel(
        (0..<channels).map { Float(output == nil ? inputScale * scale($0) : factors[$0].doubleValue) }))
  }

  /// Requantizes accumulators `[pixel][channel]` in place: to u = q - z, or to real logits.
  func requantize(_ elements: UnsafeMutableBufferPointer<Float>) {
    guard let tables else { preconditionFailure("a layer is quantized before it runs") }
    FloatKernels.best.requantize(
      elements, channels: channels, mantissas: tables.mantissas, shifts: tables.shifts, low: reach.low,
      high: reach.high, unit: unit)
  }

  /// What one step of the output's integers is in the network's floats.
  private var unit: Float { output == nil ? Float(logitScale.doubleValue) : 1 }

  /// The derivative of `requantize` by straight-through estimation (Bengio et al. 2013): the factor, and 0 where the
  /// clamp was reached.
  func backward(_ elements: UnsafeBufferPointer<Float>, _ gradient: UnsafeMutableBufferPointer<Float>) {
    guard let tables else { preconditionFailure("a layer is quantized before it runs") }
    FloatKernels.best.requantizeGradient(
      elements, gradient, channels: channels, factors: tables.factors, low: unit * reach.low, high: unit * reach.high)
  }

  /// Turns the gradients of integers into those of the real parameters, in place.
  func takeGradients(
    _ real: UnsafeBufferPointer<Float>, _ dw: UnsafeMutableBufferPointer<Float>,
    _ db: UnsafeMutableBufferPointer<Float>
  ) {
    let count = dw.count / channels
    for channel in 0..<channels {
      let inverse = Float(1 / scale(channel))
      // Beyond the last level the rounded weight cannot follow.
      FloatKernels.best.roundGradient(
        real.baseAddress! + channel * count, dw.baseAddress! + channel * count, count: count, inverse: inverse,
        reach: Float(levels) + 0.5)
      db[channel] *= inverse / Float(inputScale)
    }
  }
}
