import Foundation
import SwiftletCompression
import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

@Suite struct QuantizationTests {
  static let shape = Shape(height: 12, width: 12, channels: 1)

  static func run(_ model: Model, _ images: [[UInt8]], kernels: KernelTable? = nil) throws -> [[Double]] {
    let session = Session(try PreparedModel(model, maxBatch: 1, kernels: kernels))
    var logits = [Int32](repeating: 0, count: model.values[model.outputs[0]].shape.count)
    return images.map { image in
      var output = logits.mutableSpan
      session.run(image.span, into: &output)
      return logits.map(Double.init)
    }
  }

  /// Float and int8 outputs agree to the signal-to-noise ratio 8 bits give, on every kind of network.
  @Test(arguments: Networks.kinds, [RangeMethod.minMax, .mse, .percentile(99.99)])
  func integerNetworkFollowsTheFloatNetwork(_ kind: String, _ ranges: RangeMethod) throws {
    let model = try Networks.make(kind)
    let folded = try FoldedModel(model)
    let calibration = Calibration.of(folded.model, images: Networks.images(16, of: Self.shape, seed: 2))
    let quantized = try folded.quantized(calibration, options: QuantizationOptions(ranges: ranges))
    let images = Networks.images(8, of: Self.shape, seed: 11)
    let integers = try Self.run(quantized, images)
    var exact: [Double] = []
    var approximate: [Double] = []
    for (image, integer) in zip(images, integers) {
      exact += DoubleNetwork(model).output(image.map { Double($0) / 255 })
      approximate += quantized.reals(integer)
    }
    let ratio = signalToNoise(exact, approximate)
    #expect(ratio > 28, "\(ratio) dB")
  }

  /// Quantizer and runtime together do what Numerics.md says, computed a second way.
  @Test(arguments: Networks.kinds, [ScaleForm.exact, .halfPower])
  func runtimeEqualsTheSimulatedContract(_ kind: String, _ form: ScaleForm) throws {
    let folded = try FoldedModel(try Networks.make(kind, seed: 4))
    let calibration = Calibration.of(folded.model, images: Networks.images(8, of: Self.shape, seed: 2))
    let options = QuantizationOptions(activationScales: form, weightScales: form)
    let quantized = try folded.quantized(calibration, options: options)
    let images = Networks.images(4, of: Self.shape, seed: 13)
    let integers = try Self.run(quantized, images)
    for (image, integer) in zip(images, integers) { #expect(LiteralIntegers(quantized).output(image) == integer) }
    if form == .halfPower {
      for node in quantized.nodes {
        for tensor in node.parameters { #expect(tensor.scales.allSatisfy { $0.halfPower != nil }) }
      }
    }
  }

  static func dense(_ weights: [Float], bias: [Float], units: Int) throws -> Model {
    var builder = ModelBuilder(input: Shape(vector: weights.count / units))
    try builder.add(.dense(Dense(units: units)), name: Array("layer".utf8))
    var model = try builder.build()
    model.nodes[0].parameters[0].storage = .float32(weights)
    model.nodes[0].parameters[1].storage = .float32(bias)
    return model
  }

  static func quantized(_ model: Model, _ options: QuantizationOptions = QuantizationOptions()) throws -> Model {
    let folded = try FoldedModel(model)
    let images = Networks.images(4, of: model.values[model.inputs[0]].shape, seed: 1)
    return try folded.quantized(Calibration.of(folded.model, images: images), options: options)
  }

  /// Scale 2.54 / 127 = 0.02: 1.27 -> 63.5 -> 64 and -1.27 -> -64, half away from zero; the bias counts 0.02 / 255.
  @Test func weightsRoundHalfAwayFromZeroPerChannel() throws {
    // Powers of two, so that the quotients are exact: scale 2^-6, weights 127, 0.5, -0.5, 1.5 steps.
    let step: Float = 0x1p-6
    let model = try Self.dense(
      [127, 0.5, -0.5, 1.5].map { $0 * step } + [-1, 0, 0, 0.5], bias: [step / 255 * 1000, 0], units: 2)
    let node = try Self.quantized(model).nodes[0]
    #expect(node.parameters[0].int8s == [127, 1, -1, 2, -127, 0, 0, 64])
    #expect(node.parameters[0].scales[0].doubleValue == 0x1p-6)
    #expect(abs(node.parameters[0].scales[1].doubleValue - 1 / 127.0) < 1e-11)
    #expect(node.parameters[1].int32s == [1000, 0])
  }

  @Test func fewerWeightLevelsAreObeyed() throws {
    let model = try Self.dense([7, -3.4, 0.4, -7], bias: [0], units: 1)
    let node = try Self.quantized(model, QuantizationOptions(weightLevels: 7)).nodes[0]
    #expect(node.parameters[0].int8s == [7, -3, 0, -7])
  }

  /// 1/127 is about 2^-6.99; the least 2^(k/2) above is 2^-6.5, k = -13.
  @Test func halfPowersAreRoundedUp() throws {
    let model = try Self.dense([1, 0, 0, 0.25], bias: [0], units: 1)
    let node = try Self.quantized(model, QuantizationOptions(weightScales: .halfPower)).nodes[0]
    #expect(node.parameters[0].scales[0].halfPower == -13)
    for value in [1e-9, 0.3, 0.5, 0.70711, 1, 1.5, 77] {
      let scale = try #require(ScaleForm.halfPower.scale(value)).doubleValue
      #expect(scale >= value * (1 - 1e-8) && scale < value * 1.4143)
    }
    #expect(ScaleForm.halfPower.scale(0.5)?.halfPower == -2)
  }

  @Test func deadChannelsHaveScaleOne() throws {
    let node = try Self.quantized(Self.dense([0, 0, 1, 0.5], bias: [0, 0], units: 2)).nodes[0]
    #expect(node.parameters[0].scales[0] == .one)
    #expect(node.parameters[0].int8s == [0, 0, 127, 64])
    #expect(node.parameters[1].int32s == [0, 0])
  }

  /// A channel of zeros with a bias still gives its bias, to an eighth of an output step.
  @Test func constantChannelsKeepTheirConstant() throws {
    var builder = ModelBuilder(input: Shape(vector: 4))
    try builder.add(.dense(Dense(units: 2, activation: .relu)))
    try builder.add(.dense(Dense(units: 1)))
    var model = try builder.build()
    model.nodes[0].parameters[0].storage = .float32([0, 0, 0, 0, 0.01, 0.01, 0.01, 0.01])
    model.nodes[0].parameters[1].storage = .float32([0.00123, 0])
    model.nodes[1].parameters[0].storage = .float32([1, 1])
    let quantized = try Self.quantized(model)
    let input = quantized.values[0].quantization!.scale.doubleValue
    let channel =
      Double(quantized.nodes[0].parameters[1].int32s![0]) * input
      * quantized.nodes[0].parameters[0].scales[0].doubleValue
    #expect(abs(channel - 0.00123) <= quantized.values[1].quantization!.scale.doubleValue / 8)
  }

  /// bias / (input scale * weight scale) is 1e6 * 255 * 127 / 1e-3 = 3e13: the weight scale must rise by 15,000 or more.
  @Test func overflowRaisesTheChannelsScale() throws {
    let model = try Self.dense([1e-3, 1e-3, 1, 1], bias: [1e6, 0], units: 2)
    let quantized = try Self.quantized(model)
    let scales = quantized.nodes[0].parameters[0].scales.map(\.doubleValue)
    #expect(scales[0] > 15_000 * 1e-3 / 127)
    #expect(abs(scales[1] - 1 / 127.0) < 1e-9)
    #expect(quantized.nodes[0].parameters[1].int32s![0] > 1 << 29)
    try quantized.validate()
    let bias = Double(quantized.nodes[0].parameters[1].int32s![0]) * scales[0] / 255
    #expect(abs(bias - 1e6) < 1)
  }

  /// The bias alone fits, 66311 * 255 * 127 = 2147481735 < 2^31, but not with 2 * 127 * 255 = 64770 from the weights.
  @Test func overflowCountsBiasAndWeightsTogether() throws {
    let quantized = try Self.quantized(try Self.dense([1, 1, 1, 1], bias: [66311, 0], units: 2))
    let scales = quantized.nodes[0].parameters[0].scales.map(\.doubleValue)
    #expect(scales[0] > 1.4 / 127 && scales[0] < 1.5 / 127)
    #expect(abs(scales[1] - 1 / 127.0) < 1e-9)
    #expect(quantized.nodes[0].parameters[0].int8s == [90, 90, 127, 127])
  }

  /// The greatest accumulator an input can make still fits, with 29 bits or more, and no other logit saturates.
  @Test func logitsHaveResolutionAndNeverSaturate() throws {
    let model = try Self.dense([1, 1, 1, 1, -1e-6, 1e-6, 0, 0], bias: [0.5, -2], units: 2)
    let quantized = try Self.quantized(model)
    let scale = quantized.values[quantized.outputs[0]].quantization!
    #expect(scale.zeroPoint == 0 && scale.scale.halfPower != nil)
    let logits = try Self.run(quantized, [[255, 255, 255, 255], [0, 0, 0, 0], [0, 255, 0, 0]])
    #expect(logits[0][0] >= 0x1p29 && logits[0][0] <= 0x1p31 - 1)
    let reals = logits.map { quantized.reals($0) }
    #expect(abs(reals[0][0] - 4.5) < 0.02 && abs(reals[1][0] - 0.5) < 1e-4 && abs(reals[2][1] + 2) < 1e-4)
  }

  @Test func selectionsInheritQuantization() throws {
    let folded = try FoldedModel(try Networks.make("lenet"))
    let quantized = try folded.quantized(
      Calibration.of(folded.model, images: Networks.images(4, of: Self.shape, seed: 2)))
    for node in quantized.nodes {
      if case .pool2D = node.op {
        #expect(quantized.values[node.inputs[0]].quantization == quantized.values[node.output].quantization)
      }
    }
    #expect(quantized.values[quantized.outputs[0]].element == .int32)
    #expect(quantized.values[quantized.inputs[0]].quantization == .image)
  }

  /// What a max pool never lets through needs no room: the range is that of the pooled values.
  @Test func rangeIsThatOfWhatGetsThroughTheMaxPool() throws {
    var builder = ModelBuilder(input: Shape(height: 2, width: 2, channels: 1))
    try builder.add(Networks.conv(1, kernel: 1, activation: .none))
    try builder.add(Networks.pool(.max))
    try builder.add(.dense(Dense(units: 1)))
    var model = try builder.build()
    model.nodes[0].parameters[0].storage = .float32([-10])
    model.nodes[0].parameters[1].storage = .float32([1])
    model.nodes[2].parameters[0].storage = .float32([1])
    let folded = try FoldedModel(model)
    // Pixels 255, 255, 255, 0: the convolution gives -9 and 1; the pool 1.
    let quantized = try folded.quantized(
      Calibration.of(folded.model, images: [[255, 255, 255, 0]]), options: QuantizationOptions(ranges: .minMax))
    #expect(quantized.values[1].quantization?.zeroPoint == 0)
    #expect(abs(quantized.values[1].quantization!.scale.doubleValue - 1 / 255.0) < 1e-9)
    #expect(quantized.values[1].quantization == quantized.values[2].quantization)
  }

  /// Averages of few bright pixels among many dark ones need a finer scale (R2); averages as wide as the input do not.
  @Test func averagePoolRuleFollowsTheMeasuredError() throws {
    func scales(_ image: [UInt8]) throws -> (Quantization, Quantization) {
      var builder = ModelBuilder(input: Shape(height: 4, width: 4, channels: 1))
      try builder.add(Networks.pool(.average, 4))
      try builder.add(.dense(Dense(units: 1)))
      var model = try builder.build()
      model.nodes[1].parameters[0].storage = .float32([1])
      let folded = try FoldedModel(model)
      let quantized = try folded.quantized(Calibration.of(folded.model, images: [image]))
      return (quantized.values[0].quantization!, quantized.values[1].quantization!)
    }
    let sparse = try scales([255] + Array(repeating: 0, count: 15))
    #expect(sparse.1.scale.doubleValue < sparse.0.scale.doubleValue / 8)
    let full = try scales(Array(repeating: 255, count: 16))
    #expect(full.0 == full.1)
  }

  @Test func concatenationSharesAScale() throws {
    let folded = try FoldedModel(try Networks.make("concat"))
    let quantized = try folded.quantized(
      Calibration.of(folded.model, images: Networks.images(4, of: Self.shape, seed: 2)))
    let concat = try #require(quantized.nodes.first { if case .concat = $0.op { true } else { false } })
    for input in concat.inputs {
      #expect(quantized.values[input].quantization == quantized.values[concat.output].quantization)
    }
  }

  @Test func nonFiniteWeightsAndActivationsAreRefusedByName() throws {
    var model = try Networks.make("plain")
    model.nodes[2].parameters[1].storage = .float32([.infinity] + Array(repeating: 0, count: 11))
    #expect(throws: QuantizationError(.nonFiniteParameter, node: "conv2d_2")) { _ = try FoldedModel(model) }
  }

  @Test func wrongStartsAreRefused() throws {
    let folded = try FoldedModel(try Networks.make("plain"))
    #expect(throws: QuantizationError(.noCalibrationImages)) {
      _ = try folded.quantized(Calibration(valueCount: folded.model.values.count))
    }
    #expect(throws: QuantizationError(.calibrationMismatch)) { _ = try folded.quantized(Calibration(valueCount: 2)) }
    let calibration = Calibration.of(folded.model, images: Networks.images(2, of: Self.shape, seed: 2))
    let quantized = try folded.quantized(calibration)
    #expect(throws: QuantizationError(.alreadyQuantized)) { _ = try FoldedModel(quantized) }
  }
}
