import SwiftletModel

/// Turns the float weights and bias of one layer into integers, channel by channel.
struct WeightQuantizer {
  let input: Quantization
  /// The scale of the u8 output; nil for s32 logits, whose scale follows from the accumulators.
  let output: Scale?
  let options: QuantizationOptions
  /// The mean of each of a filter's inputs, where the bias is corrected.
  let means: [Double]?
  let rounding: CompensatedRounding?
  /// The least weight scale: multipliers under 2^-32 do not exist.
  var floor: Double
  private var grid: IntegerGrid

  init(
    input: Quantization, output: Scale?, options: QuantizationOptions, means: [Double]? = nil,
    rounding: CompensatedRounding? = nil
  ) {
    self.input = input
    self.output = output
    self.options = options
    self.means = options.correctsBias ? means : nil
    self.rounding = options.rounding == .compensated ? rounding : nil
    grid = .uniform(levels: options.weightLevels)
    floor = output.map { WeightQuantizer.floor(input: input.scale, output: $0) } ?? 0x1p-60
  }

  /// A channel's integers. `reach` is the largest magnitude its accumulator can have.
  struct Channel {
    var weights: [Int8]
    var bias: Int32
    var scale: Scale
    var reach: Int
  }

  static func floor(input: Scale, output: Scale) -> Double {
    max(0x1p-60, output.doubleValue / input.doubleValue * 0x1p-31)
  }

  /// round(w / scale), half away from zero, with the least scale that spans the weights; the bias alike in units of
  /// input scale * weight scale.
  ///
  /// A scale under which an accumulator could pass 32 bits grows by sqrt(2) until none can.
  /// - Returns: nil where no scale fits.
  func channel(_ weights: ArraySlice<Float>, bias: Float) -> Channel? {
    let peak = Double(weights.reduce(0) { max($0, abs($1)) })
    let fitting = peak == 0 ? constantScale(bias) : fittingScale(weights, peak: peak)
    guard var scale = fitting else { return nil }
    while true {
      if let channel = channel(weights, bias: bias, scale) { return channel }
      guard let next = options.weightScales.scale(scale.doubleValue * 1.4143) else { return nil }
      scale = next
    }
  }

  /// The least scale that spans the weights, or with a search the one under which they err least.
  private func fittingScale(_ weights: ArraySlice<Float>, peak: Double) -> Scale? {
    guard let whole = options.weightScales.scale(max(peak / levels, floor)) else { return nil }
    guard options.searchesWeightScales else { return whole }
    var best = whole
    var least = squaredError(weights, whole)
    for step in 1...32 {
      let share = 1 - 0.75 * Double(step) / 32
      guard whole.doubleValue * share >= floor, let scale = options.weightScales.scale(whole.doubleValue * share) else {
        break
      }
      let error = squaredError(weights, scale)
      if error < least {
        least = error
        best = scale
      }
    }
    return best
  }

  private func squaredError(_ weights: ArraySlice<Float>, _ scale: Scale) -> Double {
    let step = scale.doubleValue
    return weights.reduce(0) { sum, weight in
      let error = Double(weight) - step * grid.nearest(Double(weight) / step)
      return sum + error * error
    }
  }

  private var levels: Double { Double(options.weightLevels) }

  /// The integers under `scale`, or nil where an accumulator could pass 32 bits.
  private func channel(_ weights: ArraySlice<Float>, bias: Float, _ scale: Scale) -> Channel? {
    let step = scale.doubleValue
    let integers =
      rounding?.round(weights, step: step, grid: grid)
      ?? weights.map { Int8($0 == 0 ? 0 : grid.nearest(Double($0) / step)) }
    var corrected = Double(bias)
    if let means {
      for (mean, (weight, integer)) in zip(means, zip(weights, integers)) {
        corrected += mean * (Double(weight) - step * Double(integer))
      }
    }
    let exactBias = (corrected / (input.scale.doubleValue * step)).rounded()
    guard abs(exactBias) <= Double(Int32.max) else { return nil }
    var positive = 0
    var negative = 0
    for weight in integers { if weight > 0 { positive += Int(weight) } else { negative -= Int(weight) } }
    let start = Int(exactBias) - input.zeroPoint * (positive - negative)
    guard (positive + negative) * 255 + abs(start) <= Int(Int32.max) else { return nil }
    return Channel(
      weights: integers, bias: Int32(exactBias), scale: scale,
      reach: max(abs(start + 255 * positive), abs(start - 255 * negative)))
  }

  /// The scale of a channel without weights, which always gives its bias: 1, or the greatest power of two under which
  /// the bias errs by less than an eighth of an output step (for logits, by 2^-17 of itself).
  private func constantScale(_ bias: Float) -> Scale? {
    let magnitude = Double(abs(bias))
    guard magnitude > 0 else { return .one }
    let tolerance = output.map { $0.doubleValue / 8 } ?? magnitude * 0x1p-17
    let largest = 2 * tolerance / input.scale.doubleValue
    guard largest < 1 else { return .one }
    return Scale(halfPower: 2 * Int(max(largest, floor).exponent))
  }
}

extension WeightQuantizer {
  /// The integers of a whole layer.
  struct Layer {
    var weights: [Int8] = []
    var bias: [Int32] = []
    var scales: [Scale] = []
    /// The output's scale: as given, or for logits the power of two that leaves the largest accumulator 30 bits.
    var output: Scale
  }

  /// Quantizes the channels of a layer with a u8 output; nil where a channel has no scale that fits.
  func layer(_ weights: [Float], bias: [Float]) -> Layer? {
    guard let output, let channels = channels(weights, bias) else { return nil }
    return Layer(channels, output: output)
  }

  /// Quantizes the channels of a layer that gives logits.
  ///
  /// The scale S is the least power of two with accumulator bound * S_in * S_w[c] <= 2^30 * S for every channel: no
  /// logit saturates, whatever the input, and the greatest has at least 29 bits.
  func logits(_ weights: [Float], bias: [Float]) -> Layer? {
    guard let first = channels(weights, bias) else { return nil }
    func reach(_ channels: [Channel]) -> Double {
      channels.reduce(0) { max($0, Double($1.reach) * $1.scale.doubleValue) } * input.scale.doubleValue
    }
    let largest = reach(first)
    guard largest > 0 else { return Layer(first, output: .one) }
    let exponent = Int((largest * 0x1p-30).exponent)
    guard let output = Scale(halfPower: 2 * (exponent + 1)) else { return nil }
    // A channel far below the others may now need a coarser scale for its multiplier.
    var coarser = self
    coarser.floor = WeightQuantizer.floor(input: input.scale, output: output)
    guard let channels = coarser.channels(weights, bias), reach(channels) <= output.doubleValue * 0x1.fffffp30 else {
      return nil
    }
    return Layer(channels, output: output)
  }

  private func channels(_ weights: [Float], _ bias: [Float]) -> [Channel]? {
    let perChannel = weights.count / bias.count
    func filter(_ index: Int) -> ArraySlice<Float> { weights[index * perChannel..<(index + 1) * perChannel] }
    var result: [Channel] = []
    for index in bias.indices {
      guard let channel = channel(filter(index), bias: bias[index]) else { return nil }
      result.append(channel)
    }
    guard let size = options.codebookSize, case .uniform = grid else { return result }
    // One codebook for the layer: channels are alike under their own scales.
    var histogram = [Double](repeating: 0, count: 255)
    for (index, channel) in result.enumerated() {
      let step = channel.scale.doubleValue
      for weight in filter(index) where weight != 0 {
        histogram[Int(max(-127, min(127, (Double(weight) / step).rounded()))) + 127] += step * step
      }
    }
    var coded = self
    coded.grid = .codebook(of: histogram, size: size, limit: options.weightLevels)
    return coded.channels(weights, bias)
  }
}

extension WeightQuantizer.Layer {
  fileprivate init(_ channels: [WeightQuantizer.Channel], output: Scale) {
    self.output = output
    weights = channels.flatMap(\.weights)
    bias = channels.map(\.bias)
    scales = channels.map(\.scale)
  }
}
