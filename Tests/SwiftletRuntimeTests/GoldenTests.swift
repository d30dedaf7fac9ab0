import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// Values worked out by hand, for every table and the plain Swift kernels alike.
@Suite struct GoldenTests {
  static var names: [String] { KernelTable.supported.map { "\($0.name)" } }

  /// A dense layer of one input (zero point `zeroPoint`), the given weights and no bias.
  private func dense(
    _ weights: [Int8], multiplierScales: (input: Scale, weight: Scale, output: Scale), zeroPoint: Int = 0,
    outputZeroPoint: Int = 0, element: ElementType
  ) throws -> Model {
    var network = TestNetwork(seed: 0)
    let input = network.input(Shape(vector: 1), zeroPoint: zeroPoint)
    network.model.values[input].quantization?.scale = multiplierScales.input
    let output = try network.add(
      .dense(Dense(units: weights.count)), [input], element: element,
      quantization: Quantization(scale: multiplierScales.output, zeroPoint: outputZeroPoint))
    network.model.nodes[0].parameters = [
      Tensor(
        shape: [weights.count, 1], storage: .int8(weights),
        scales: weights.map { _ in multiplierScales.weight }),
      Tensor(shape: [weights.count], storage: .int32(weights.map { _ in 0 })),
    ]
    return try network.build([output])
  }

  /// Multiplier 1/2: halves go up, negative ones too.
  @Test(arguments: names)
  func halvesRoundUp(_ table: String) throws {
    let half = TestNetwork.scale(0.5)
    let model = try dense([-5, -4, -3, -2, -1, 1, 2, 3], multiplierScales: (.one, half, .one), element: .int32)
    #expect(try model.output(Tables.table(table), [1]) == [-2, -2, -1, -1, 0, 1, 1, 2])
  }

  /// Multiplier 1/16 takes the upper-half path: 8/16 = 0.5 -> 1, -8/16 -> 0, -24/16 = -1.5 -> -1, -25/16 -> -2.
  @Test(arguments: names)
  func halvesRoundUpOnTheUpperHalfPath(_ table: String) throws {
    let sixteenth = TestNetwork.scale(1.0 / 16)
    let model = try dense(
      [8, 7, -8, -9, -24, -25, 24, 23], multiplierScales: (.one, sixteenth, .one), outputZeroPoint: 10, element: .uint8)
    #expect(try model.output(Tables.table(table), [1]) == [11, 10, 10, 9, 9, 8, 12, 11])
  }

  /// The worked example of Numerics.md: 255 * 10 = 2550 gives 1; 116 * 11 = 1276 gives 1; 75 * 17 = 1275 gives 0.
  @Test(arguments: names)
  func workedExampleOfNumerics(_ table: String) throws {
    let scales = (input: Scale.oneOver255, weight: TestNetwork.scale(0.01), output: TestNetwork.scale(0.1))
    #expect(try dense([10], multiplierScales: scales, element: .int32).output(Tables.table(table), [255]) == [1])
    #expect(
      try dense([11, -11], multiplierScales: scales, element: .int32).output(Tables.table(table), [116]) == [1, -1])
    #expect(try dense([17], multiplierScales: scales, element: .int32).output(Tables.table(table), [75]) == [0])
  }

  /// q = 10 with zero point 4 is u = 6; 6 * 20 = 120 fits, + 200 = 320 clamps; 6 * -127 + 200 clamps at 0.
  @Test(arguments: names)
  func zeroPointsAndClamps(_ table: String) throws {
    let model = try dense(
      [20, 9, -127, -33], multiplierScales: (.one, .one, .one), zeroPoint: 4, outputZeroPoint: 200, element: .uint8)
    #expect(try model.output(Tables.table(table), [10]) == [255, 254, 0, 2])
  }

  /// A multiplier of almost 2^30 saturates at 32 bits on both sides.
  @Test(arguments: names)
  func logitsSaturate(_ table: String) throws {
    let model = try dense(
      [127, -127, 0], multiplierScales: (TestNetwork.scale(0x1p20), TestNetwork.scale(0x1p9), .one), element: .int32)
    #expect(try model.output(Tables.table(table), [255]) == [.max, .min, 0])
  }

  /// A 2 x 2 image of 1, 2, 3, 4 under one 3 x 3 kernel of ones, padding 1, zero point 1: padding adds nothing.
  @Test(arguments: names)
  func paddingIsZero(_ table: String) throws {
    var network = TestNetwork(seed: 0)
    let input = network.input(Shape(height: 2, width: 2, channels: 1), scale: 1, zeroPoint: 1)
    let output = try network.add(
      .conv2D(Conv2D(filters: 1, window: SlidingWindow(3, padding: .uniform(1)))), [input],
      quantization: Quantization(scale: .one, zeroPoint: 0))
    network.model.nodes[0].parameters = [
      Tensor(shape: [1, 3, 3, 1], storage: .int8([1, 1, 1, 1, 2, 1, 1, 1, 1]), scales: [.one]),
      Tensor(shape: [1], storage: .int32([10])),
    ]
    // u = 0, 1, 2, 3; the sum is 6, the centre counts twice, the bias is 10.
    #expect(try network.build([output]).output(Tables.table(table), [1, 2, 3, 4]) == [16, 17, 18, 19])
  }

  /// Means of 1, 2, 3, 4 and parts of it; counted padding adds the zero point; an override scales u alone.
  @Test(arguments: names)
  func means(_ table: String) throws {
    func pooled(_ pool: Pool2D, zeroPoint: Int, to: Quantization? = nil) throws -> [Int32] {
      var network = TestNetwork(seed: 0)
      let input = network.input(Shape(height: 2, width: 2, channels: 1), scale: 1, zeroPoint: zeroPoint)
      let output = try network.add(.pool2D(pool), [input], quantization: to)
      return try network.build([output]).output(Tables.table(table), [1, 2, 3, 4])
    }
    let whole = SlidingWindow(2)
    // 10 / 4 = 2.5 rounds up.
    #expect(try pooled(Pool2D(.average, window: whole), zeroPoint: 0) == [3])
    // u = -2, -1, 0, 1: -2 / 4 = -0.5 rounds up to 0.
    #expect(try pooled(Pool2D(.average, window: whole), zeroPoint: 3) == [3])
    // Override 8: 10 / 8 = 1.25; with zero point 3: 3 - 2/8 = 2.75.
    #expect(try pooled(Pool2D(.average, window: whole, divisorOverride: 8), zeroPoint: 0) == [1])
    #expect(try pooled(Pool2D(.average, window: whole, divisorOverride: 8), zeroPoint: 3) == [3])
    // Override 1 sums: 3 - 2 = 1; with zero point 9: 9 + 10 - 36 < 0 clamps.
    #expect(try pooled(Pool2D(.average, window: whole, divisorOverride: 1), zeroPoint: 3) == [1])
    #expect(try pooled(Pool2D(.average, window: whole, divisorOverride: 1), zeroPoint: 9) == [0])
    // The largest divisor of 32-bit means at zero point 255, -1010 / D = 0, and larger ones.
    for divisor in [1 << 22, 1 << 22 + 1, Limits.elements] {
      #expect(try pooled(Pool2D(.average, window: whole, divisorOverride: divisor), zeroPoint: 255) == [255])
    }
    // Padding 1, stride 2: each window holds one cell and three of padding.
    let corners = SlidingWindow(2, stride: 2, padding: .uniform(1))
    #expect(try pooled(Pool2D(.average, window: corners), zeroPoint: 7) == [1, 2, 3, 4])
    // (1 + 21) / 4 = 5.5, 23 / 4 = 5.75, 6, 6.25.
    #expect(try pooled(Pool2D(.average, window: corners, countsPadding: true), zeroPoint: 7) == [6, 6, 6, 6])
    #expect(try pooled(Pool2D(.max, window: corners), zeroPoint: 7) == [1, 2, 3, 4])
    // Own scale 1/2, zero point 100: mean u = 2.5 becomes 5; with zero point 3 mean u = -0.5 becomes -1.
    let own = Quantization(scale: TestNetwork.scale(0.5), zeroPoint: 100)
    #expect(try pooled(Pool2D(.average, window: whole), zeroPoint: 0, to: own) == [105])
    #expect(try pooled(Pool2D(.average, window: whole), zeroPoint: 3, to: own) == [99])
  }

  /// 0.5 * 1 + 0.25 * 2 = 1: rounding each term alone would give 2.
  @Test(arguments: names)
  func additionRoundsOnce(_ table: String) throws {
    var network = TestNetwork(seed: 0)
    let left = network.input(Shape(vector: 20), scale: 0.5, zeroPoint: 10)
    let right = network.input(Shape(vector: 20), scale: 0.25, zeroPoint: 20)
    let output = try network.add(
      .add(Add()), [left, right], quantization: Quantization(scale: .one, zeroPoint: 5))
    let model = try network.build([output])
    let a = [UInt8](repeating: 11, count: 19) + [7]
    let b = [UInt8](repeating: 22, count: 20)
    // Last: 0.5 * -3 + 0.25 * 2 = -1.
    #expect(
      try model.outputs(Tables.table(table), [a, b], batch: 1)[0] == [Int32](repeating: 6, count: 19) + [4])
  }

  /// A grouped, dilated, strided and padded convolution against sums written out over a padded image.
  @Test func referenceEqualsSumsOverAPaddedImage() throws {
    var network = TestNetwork(seed: 3)
    let shape = Shape(height: 7, width: 6, channels: 4)
    let input = network.input(shape, scale: 1, zeroPoint: 9)
    let window = SlidingWindow(
      kernel: Size2D(height: 3, width: 2), stride: Size2D(2), dilation: Size2D(height: 2, width: 3),
      padding: .explicit(top: 2, left: 1, bottom: 1, right: 2))
    let output = try network.weighted(.conv2D(Conv2D(filters: 6, window: window, groups: 2)), input)
    let model = try network.build([output])
    let image = model.randomInput(batch: 1, seed: 1)
    let weights = try #require(model.nodes[0].parameters[0].int8s)
    let bias = try #require(model.nodes[0].parameters[1].int32s)
    let to = try #require(model.values[output].quantization)
    // Rows -2...7 and columns -1...7, kernels reaching 5 rows and 4 columns: outputs 3 x 3.
    var expected: [Int32] = []
    for oy in 0..<3 {
      for ox in 0..<3 {
        for filter in 0..<6 {
          var sum = Int(bias[filter])
          for ky in 0..<3 {
            for kx in 0..<2 {
              let y = 2 * oy + 2 * ky - 2
              let x = 2 * ox + 3 * kx - 1
              guard (0..<7).contains(y), (0..<6).contains(x) else { continue }
              for c in 0..<2 {
                let u = Int(image[(y * 6 + x) * 4 + filter / 3 * 2 + c]) - 9
                sum += u * Int(weights[((filter * 3 + ky) * 2 + kx) * 2 + c])
              }
            }
          }
          let scale = model.nodes[0].parameters[0].scales[filter]
          let m = try #require(FixedPointMultiplier(input: .one, weight: scale, output: to.scale))
          expected.append(Int32(min(max(to.zeroPoint + Int(m(Int32(sum))), 0), 255)))
        }
      }
    }
    #expect(try model.output(.reference, image) == expected)
  }
}
