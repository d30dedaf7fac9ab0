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
  /// What the output's integers u = q - z are clamped to.
  private var reach: Reach
  private(set) var halfPowers: [Int]
  private(set) var weights: [Float]
  private(set) var bias: [Float]
  private(set) var multipliers: [FixedPointMultiplier]
  /// The multipliers as reals: the derivative of requantization.
  private(set) var factors: [Float]
  /// The scale of logits: a power of two, so that scale * integer is exact in floating point.
  private(set) var logitScale = Scale.one

  /// Floats hold integers below this exactly; every accumulator and logit stays under it.
  static let exactLimit = 1 << 24
  private static let greatestHalfPower = 100

  var channels: Int { halfPowers.count }
  var inputScale: Double { input.scale.doubleValue }

  init(
    node: Int, levels: Int, input: Quantization, output: Quantization?, activation: Activation, weights: [Float],
    bias: [Float]
  ) {
    self.node = node
    self.levels = levels
    self.input = input
    self.output = output
    self.activation = activation
    reach = output.map { Reach(activation, $0) } ?? Reach(logits: activation, .one)
    let count = weights.count / bias.count
    halfPowers = bias.indices.map { channel in
      Self.leastErrorHalfPower(weights[channel * count..<(channel + 1) * count], levels: levels)
    }
    self.weights = weights
    self.bias = bias
    multipliers = []
    factors = []
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
        halfPowers[channel] = Self.leastErrorHalfPower(slice[...], levels: levels)
      }
    }
  }

  /// Rounds the real parameters to integers under the present scales.
  ///
  /// A scale under which an accumulator could pass `exactLimit`, or that has no multiplier, grows until it fits.
  mutating func quantize(weights real: UnsafeBufferPointer<Float>, bias realBias: UnsafeBufferPointer<Float>) {
    let count = real.count / channels
    var greatest = 0.0
    for channel in 0..<channels {
      let slice = channel * count..<(channel + 1) * count
      while true {
        let step = scale(channel)
        let sum = round(real, slice, step)
        let exactBias = (Double(realBias[channel]) / (inputScale * step)).rounded()
        let bound = 255 * sum + abs(exactBias)
        if bound < Double(Self.exactLimit), output == nil || multiplier(channel) != nil {
          bias[channel] = Float(exactBias)
          greatest = max(greatest, bound * step * inputScale)
          break
        }
        // No scale holds weights that are not finite; the trainer reports those.
        guard halfPowers[channel] < Self.greatestHalfPower else { break }
        halfPowers[channel] += 1
      }
    }
    if output == nil {
      fitLogits(greatest)
      reach = Reach(logits: activation, logitScale)
    }
    multipliers = (0..<channels).map { multiplier($0) ?? FixedPointMultiplier(numerator: 1, denominator: 1 << 31)! }
    factors = (0..<channels).map { Float(output == nil ? inputScale * scale($0) : multipliers[$0].doubleValue) }
  }

  /// Rounds one channel's weights; returns the sum of their magnitudes.
  private mutating func round(_ real: UnsafeBufferPointer<Float>, _ slice: Range<Int>, _ step: Double) -> Double {
    let limit = Float(levels)
    let inverse = Float(1 / step)
    var sum: Float = 0
    weights.withUnsafeMutableBufferPointer { target in
      for i in slice {
        let q = max(-limit, min(limit, (real[i] * inverse).rounded(.toNearestOrEven)))
        target[i] = q
        sum += abs(q)
      }
    }
    return Double(sum)
  }

  private func multiplier(_ channel: Int) -> FixedPointMultiplier? {
    FixedPointMultiplier(
      input: input.scale, weight: Scale(halfPower: halfPowers[channel])!, output: output?.scale ?? logitScale)
  }

  /// Gives logits a scale with room to spare, kept while the greatest stays between 2^17 and 2^23 of it.
  private mutating func fitLogits(_ greatest: Double) {
    let steps = greatest / logitScale.doubleValue
    guard greatest > 0, steps >= 0x1p23 || steps < 0x1p17 || (0..<channels).contains(where: { multiplier($0) == nil })
    else { return }
    logitScale = Scale(halfPower: 2 * (Int(greatest.exponent) - 20))!
  }

  /// Requantizes accumulators `[pixel][channel]` in place: to u = q - z, or to real logits.
  func requantize(_ elements: UnsafeMutableBufferPointer<Float>) {
    let count = channels
    let unit = Float(logitScale.doubleValue)
    multipliers.withUnsafeBufferPointer { multipliers in
      for start in stride(from: 0, to: elements.count, by: count) {
        let pixel = elements.baseAddress! + start
        if output == nil {
          for c in 0..<count { pixel[c] = unit * reach.clamping(multipliers[c](Int32(pixel[c]))) }
        } else {
          for c in 0..<count { pixel[c] = reach.clamping(multipliers[c](Int32(pixel[c]))) }
        }
      }
    }
  }

  /// The derivative of `requantize` by straight-through estimation (Bengio et al. 2013): the factor, and 0 where the
  /// clamp was reached.
  func backward(_ elements: UnsafeBufferPointer<Float>, _ gradient: UnsafeMutableBufferPointer<Float>) {
    let count = channels
    let unit = output == nil ? Float(logitScale.doubleValue) : 1
    let (low, high) = (unit * reach.low, unit * reach.high)
    factors.withUnsafeBufferPointer { factors in
      for start in stride(from: 0, to: elements.count, by: count) {
        let u = elements.baseAddress! + start
        let dy = gradient.baseAddress! + start
        for c in 0..<count { dy[c] = u[c] > low && u[c] < high ? dy[c] * factors[c] : 0 }
      }
    }
  }
}
