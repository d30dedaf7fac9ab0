import SwiftletData
import SwiftletModel
import TestSupport
import Testing

import SwiftletCompression

@Suite struct RoundingTests {
  static let length = 12

  /// Correlated inputs, as neighbouring pixels are, some always 0.
  static func inputs(_ count: Int, seed: UInt64) -> [[Double]] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      let common = Double(random.nextUnit())
      return (0..<length).map { $0 == 5 ? 0 : common + 0.3 * Double(random.nextUnit()) }
    }
  }

  static func gram(_ inputs: [[Double]]) -> [Double] {
    var gram = [Double](repeating: 0, count: length * length)
    for x in inputs {
      for i in 0..<length { for j in 0..<length { gram[i * length + j] += x[i] * x[j] / Double(inputs.count) } }
    }
    return gram
  }

  static func error(_ weights: [Float], _ integers: [Int8], _ step: Double, _ inputs: [[Double]]) -> Double {
    inputs.reduce(0) { sum, x in
      let e = (0..<length).reduce(0.0) { $0 + (Double(weights[$1]) - step * Double(integers[$1])) * x[$1] }
      return sum + e * e
    } / Double(inputs.count)
  }

  @Test func laterWeightsMakeUpForEarlierErrors() throws {
    let seen = Self.inputs(200, seed: 1)
    let unseen = Self.inputs(200, seed: 2)
    let rounding = try #require(CompensatedRounding(gram: Self.gram(seen), length: Self.length))
    var random = SplitMix64(seed: 3)
    var (nearest, compensated) = (0.0, 0.0)
    for _ in 0..<50 {
      var weights = (0..<Self.length).map { _ in Networks.bell(&random) }
      weights[3] = 0
      let step = Double(weights.map(abs).max()!) / 3
      let plain = weights.map { Int8((Double($0) / step).rounded()) }
      let better = rounding.round(weights[...], step: step, grid: .uniform(levels: 3))
      #expect(better[3] == 0 && better.allSatisfy { abs($0) <= 3 })
      nearest += Self.error(weights, plain, step, unseen)
      compensated += Self.error(weights, better, step, unseen)
    }
    #expect(compensated < 0.25 * nearest)
  }

  /// With independent inputs there is nothing to make up for.
  @Test func independentInputsRoundToNearest() throws {
    var gram = [Double](repeating: 0, count: Self.length * Self.length)
    for i in 0..<Self.length { gram[i * Self.length + i] = 1 + Double(i) }
    let rounding = try #require(CompensatedRounding(gram: gram, length: Self.length))
    let weights = (0..<Self.length).map { Float($0) * 0.37 - 2 }
    #expect(
      rounding.round(weights[...], step: 0.5, grid: .uniform(levels: 127))
        == weights.map { Int8((Double($0) / 0.5).rounded()) })
    #expect(CompensatedRounding(gram: gram.map { _ in 0 }, length: Self.length) == nil)
  }

  /// U^T U is the inverse of H: rounding to a step so fine that nothing is lost leaves every weight as it is, and one
  /// coarse weight moves the others by the textbook amount, -e * Hinv[0][k] / Hinv[0][0].
  @Test func theErrorIsSpreadAsOptimalBrainSurgerySays() throws {
    // H = [[2, 1], [1, 2]]; the inverse is [[2, -1], [-1, 2]] / 3: the second weight takes e / 2 from the first.
    let rounding = try #require(CompensatedRounding(gram: [2, 1, 1, 2], length: 2))
    // 0.4 rounds to 0, e = 0.4; damping is 0.02 of the diagonal, so the share is 1 / 2.02: 10.4 + 0.198 = 10.598.
    #expect(rounding.round([0.4, 10.4], step: 1, grid: .uniform(levels: 127)) == [0, 11])
    #expect(rounding.round([0.4, 10.2], step: 1, grid: .uniform(levels: 127)) == [0, 10])
    #expect(rounding.round([-0.4, 10.6], step: 1, grid: .uniform(levels: 127)) == [0, 10])
  }

  @Test(arguments: ["plain", "residual", "concat", "average", "lenet", "depthwise"])
  func equalizingKeepsTheFunctionAndEvensRanges(_ kind: String) throws {
    let model = try Networks.make(kind)
    let equalized = try FoldedModel(model, equalizes: true).model
    var random = SplitMix64(seed: 4)
    let input = (0..<144).map { _ in Double(random.nextUnit()) }
    let (a, b) = (DoubleNetwork(model).output(input), DoubleNetwork(equalized).output(input))
    for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4 * (1 + abs(x))) }
    #expect(equalized != (try FoldedModel(model).model))
  }

  /// Images whose neighbouring pixels are alike: 3 x 3 random levels, each 4 x 4 pixels with a little noise.
  static func blocks(_ count: Int, seed: UInt64) -> [[UInt8]] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      let levels = (0..<9).map { _ in 220 * random.nextUnit() }
      return (0..<144).map { UInt8(levels[$0 / 48 * 3 + $0 % 12 / 4] + 30 * random.nextUnit()) }
    }
  }

  @Test func fourBitsGainByCompensationAndBiasCorrection() throws {
    let model = try Networks.make("plain")
    let images = Dataset(
      height: 12, width: 12, channels: 1, images: Self.blocks(64, seed: 2).flatMap { $0 },
      labels: Array(repeating: 0, count: 64), classNames: ["0"])
    let unseen = Self.blocks(16, seed: 9)
    func ratio(_ options: QuantizationOptions) throws -> Double {
      let quantized = try model.quantized(calibratingOn: images, count: 64, options: options)
      var exact: [Double] = []
      var approximate: [Double] = []
      for (image, integers) in zip(unseen, try QuantizationTests.run(quantized, unseen)) {
        exact += DoubleNetwork(model).output(image.map { Double($0) / 255 })
        approximate += quantized.reals(integers)
      }
      return signalToNoise(exact, approximate)
    }
    let plain = try ratio(QuantizationOptions(weightLevels: 7))
    let corrected = try ratio(QuantizationOptions(weightLevels: 7, correctsBias: true))
    let compensated = try ratio(QuantizationOptions(weightLevels: 7, rounding: .compensated))
    let both = try ratio(QuantizationOptions(weightLevels: 7, rounding: .compensated, correctsBias: true))
    #expect(corrected > plain + 1, "\(plain) \(corrected) \(compensated) \(both) dB")
    #expect(compensated > plain + 2, "\(plain) \(corrected) \(compensated) \(both) dB")
    #expect(both > plain + 2, "\(plain) \(corrected) \(compensated) \(both) dB")
    // A calibration without the moments is refused.
    let folded = try FoldedModel(model)
    let bare = try folded.calibrated(on: images, count: 8)
    #expect(throws: QuantizationError(.calibrationMismatch)) {
      _ = try folded.quantized(bare, options: QuantizationOptions(correctsBias: true))
    }
  }

  /// A few outliers a hundred times as far out as the rest: divergence cuts them off, min-max keeps them.
  @Test func divergenceCutsOutliersOff() {
    var random = SplitMix64(seed: 5)
    var values = (0..<20_000).map { _ in abs(Networks.bell(&random)) }
    values += [100, 90]
    let histogram = RangeHistogramTests.histogram(values)
    let range = histogram.range(.divergence)
    #expect(range.low == 0 && range.high < 20 && range.high > 2)
    #expect(histogram.range(.minMax).high == 100)
    #expect(RangeHistogramTests.histogram([0, 0]).range(.divergence).high == 0)
  }

  private static func values(_ grid: IntegerGrid) -> [Int8] {
    guard case .codebook(let values) = grid else { return [] }
    return values
  }

  private static func error(_ histogram: [Double], _ values: [Int8]) -> Double {
    histogram.enumerated().reduce(0) { sum, bin in
      let distance = values.map { abs(Double(bin.offset - 127) - Double($0)) }.min()!
      return sum + bin.element * distance * distance
    }
  }

  /// Against every choice of two values beside 0, for weights on one side and on both.
  @Test(arguments: [-9...9, 1...12, -5 ... -2]) func codebooksErrLeast(_ span: ClosedRange<Int>) {
    var random = SplitMix64(seed: 5)
    for _ in 0..<20 {
      var histogram = [Double](repeating: 0, count: 255)
      for value in span { histogram[value + 127] = Double(random.nextUnit() * random.nextUnit()) }
      let found = Self.values(.codebook(of: histogram, size: 3, limit: 127))
      #expect(found.contains(0) && found.count <= 3 && found == found.sorted())
      // Clusters are runs of integers around 0's own, so each nearest value is its cluster's centre.
      var least = Double.infinity
      for a in -13...13 { for b in -13...a { least = min(least, Self.error(histogram, [0, Int8(a), Int8(b)])) } }
      #expect(Self.error(histogram, found) <= least * 1.000_001 + 1e-12)
    }
  }

  @Test func codebooksKeepTheirLimitAndNeedNoMoreThanThereIs() {
    var histogram = [Double](repeating: 0, count: 255)
    for value in [-100, -3, 40, 127] { histogram[value + 127] = 1 }
    #expect(Self.values(.codebook(of: histogram, size: 5, limit: 127)) == [-100, -3, 0, 40, 127])
    #expect(Self.values(.codebook(of: histogram, size: 200, limit: 127)) == [-100, -3, 0, 40, 127])
    #expect(Self.values(.codebook(of: histogram, size: 5, limit: 50)).allSatisfy { abs($0) <= 50 })
    #expect(Self.values(.codebook(of: histogram.map { _ in 0 }, size: 4, limit: 127)) == [0])
    #expect(IntegerGrid.codebook([-4, 0, 7]).nearest(3.6) == 7 && IntegerGrid.codebook([-4, 0, 7]).nearest(-9) == -4)
  }

  /// A layer shares its values, pruned weights stay 0, and 15 chosen values err less than 15 even ones.
  @Test func layersShareACodebook() throws {
    var model = try QuantizationAwareTests.network("seed")
    for node in model.nodes.indices where model.nodes[node].op.isWeighted {
      let floats = try #require(model.nodes[node].parameters[0].floats)
      model.nodes[node].parameters[0].storage = .float32(floats.enumerated().map { $0 % 3 == 0 ? 0 : $1 })
    }
    let folded = try FoldedModel(model)
    func noise(_ options: QuantizationOptions) throws -> Double {
      let calibration = try folded.calibrated(on: QuantizationAwareTests.images, count: 50, options: options)
      let quantized = try folded.quantized(calibration, options: options)
      var sum = 0.0
      for (node, original) in zip(quantized.nodes, folded.model.nodes) where node.op.isWeighted {
        let integers = try #require(node.parameters[0].int8s)
        let floats = try #require(original.parameters[0].floats)
        #expect(Set(integers).count <= 15 && zip(floats, integers).allSatisfy { $0 != 0 || $1 == 0 })
        let perChannel = integers.count / node.parameters[0].scales.count
        for (index, (weight, integer)) in zip(floats, integers).enumerated() {
          let error = Double(weight) - Double(integer) * node.parameters[0].scales[index / perChannel].doubleValue
          sum += error * error
        }
      }
      return sum
    }
    let even = try noise(QuantizationOptions(weightLevels: 7))
    let chosen = try noise(QuantizationOptions(codebookSize: 15))
    #expect(chosen < 0.7 * even)
    #expect(try noise(QuantizationOptions(codebookSize: 15, rounding: .compensated)) > chosen)
  }
}
