import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletFloat
import SwiftletFormat
import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// What is trained is what runs.
@Suite struct QuantizationAwareTests {
  static let images = SyntheticDigits.dataset(count: 1000, seed: 3)

  /// Convolutions without activation (zero points that are not 0), padding, both pools, fused and not, bounds.
  static func network(_ kind: String) throws -> Model {
    if let model = try QuantizationAwareGraphs.network(kind) { return model }
    var builder = ModelBuilder(input: Shape(height: 28, width: 28, channels: 1))
    switch kind {
    case "seed":
      try builder.add(Networks.conv(5))
      try builder.add(Networks.pool(.max))
      try builder.add(Networks.conv(7))
      try builder.add(Networks.pool(.max))
    case "lenet":
      try builder.add(Networks.conv(5, kernel: 5, activation: .none))
      try builder.add(Networks.pool(.max))
      try builder.add(Networks.conv(6, kernel: 5, padding: .sameUpper, activation: .none))
      try builder.add(Networks.pool(.max, 3))
    default:
      try builder.add(Networks.conv(6, padding: .sameUpper, activation: .boundedReLU(Scale(1.5)!)))
      try builder.add(Networks.pool(.average))
      try builder.add(Networks.conv(9))
      try builder.add(Networks.pool(.average, 3))
    }
    try builder.add(.reshape(.flatten))
    try builder.add(.dense(Dense(units: 12, activation: .relu)))
    try builder.add(.dense(Dense(units: 10)))
    try builder.add(.softmax(Softmax()))
    return Networks.randomized(try builder.build(), seed: 9)
  }

  private func trained(
    _ kind: String, levels: [Int], steps: Int, keepsEveryValue: Bool = false
  ) throws -> TrainedIntegers {
    try TrainedIntegers(
      FoldedModel(Self.network(kind)), images: Self.images, levels: levels, steps: steps,
      keepsEveryValue: keepsEveryValue)
  }

  /// Every u8 activation and every s32 logit of 1,000 images, as integers, against the runtime's.
  @Test(arguments: ["seed", "lenet", "average"] + QuantizationAwareGraphs.kinds, [[127], [7], [3, 1, 7, 1], [1]])
  func everyActivationIsTheRuntimes(_ kind: String, _ levels: [Int]) throws {
    for keepsEveryValue in [false, true] {
      let trained = try trained(kind, levels: levels, steps: 30, keepsEveryValue: keepsEveryValue)
      let difference = try trained.difference(over: Self.images)
      let fused = ["seed": 2, "lenet": 1, "residual": 1, "concat": 1][kind] ?? 0
      #expect(difference.values == trained.quantized.model.nodes.count - (keepsEveryValue ? 0 : fused))
      #expect(difference.elements == 0)
    }
  }

  /// The integers explore their range: a test of exactness on dead values would prove nothing.
  @Test func activationsAndWeightsUseTheirRange() throws {
    let trained = try trained("lenet", levels: [7], steps: 30)
    let model = try trained.quantized.exported()
    #expect(model.values[model.nodes[0].output].quantization!.zeroPoint > 20)
    let weights = Set(model.nodes[0].parameters[0].int8s!)
    #expect(weights.count > 8 && weights.allSatisfy { abs($0) <= 7 })
    part(10).images.withUnsafeBufferPointer { trained.network.forward($0, count: 10) }
    let elements = trained.network.activations(of: model.nodes[1].output, count: 10)
    #expect(Set(elements).count > 50)
  }

  /// Multiples of the greatest power of two that is one step of the output at most, a sixteenth of a nat of logits.
  @Test(arguments: [3, 127]) func biasesAreNoFinerThanTheOutput(_ levels: Int) throws {
    let model = try trained("seed", levels: [levels], steps: 30).quantized.exported()
    var seen = 0
    for node in model.nodes where node.op.isWeighted {
      guard let biases = node.parameters[1].int32s, let input = model.values[node.inputs[0]].quantization else {
        continue
      }
      let isLogits = model.values[node.output].element == .int32
      let output = isLogits ? 1.0 / 16 : try #require(model.values[node.output].quantization).scale.doubleValue
      let greatest = node.parameters[0].scales.map { $0.doubleValue * input.scale.doubleValue / output }.max()!
      let unit = Int32(exp2(log2(1 / greatest).rounded(.down)))
      #expect(unit >= 2 && biases.allSatisfy { $0 % unit == 0 }, "\(node.op.kind): \(unit), \(biases)")
      if biases.contains(where: { $0 != 0 }) { seen += 1 }
    }
    #expect(seen >= 3, "biases of zeros prove nothing")
  }

  private func part(_ count: Int) -> Dataset { Self.images.subset(0..<count) }

  /// With 127 levels rounding is fine, so that straight-through gradients are nearly those of the float network.
  @Test(arguments: ["seed", "lenet", "average"] + QuantizationAwareGraphs.kinds)
  func gradientsAreNearlyTheFloatNetworks(_ kind: String) throws {
    let folded = try FoldedModel(Self.network(kind))
    let quantized = try QuantizationAwareNetwork(
      folded, calibration: folded.calibrated(on: Self.images, count: 200),
      options: QuantizationAwareOptions(levels: [127]))
    let network = try FloatNetwork(quantized.trainable, maxBatch: 50, threads: 1)
    quantized.attach(to: network)
    let float = try FloatNetwork(folded.model, maxBatch: 50, threads: 1)
    let part = part(50)
    let (a, b) = (
      TrainedIntegers.pass(network, part, key: 0), TrainedIntegers.pass(float, part, key: 0)
    )
    #expect(abs(a - b) < 0.05 * b)
    quantized.takeGradients(network)
    for (mine, theirs) in zip(network.parameters, float.parameters) {
      let (a, b) = (mine.gradientValues, theirs.gradientValues)
      let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
      let (aa, bb) = (a.reduce(0) { $0 + $1 * $1 }, b.reduce(0) { $0 + $1 * $1 })
      // The same direction and, but for what clamps cut, the same size.
      #expect(dot / (aa * bb).squareRoot() > 0.95)
      #expect(abs((aa / bb).squareRoot() - 1) < (kind == "residual" || kind == "concat" ? 0.3 : 0.15))
    }
  }

  @Test func trainingLowersTheLoss() throws {
    let before = try trained("seed", levels: [7], steps: 1)
    let after = try trained("seed", levels: [7], steps: 120)
    let part = part(50)
    let losses = [before, after].map { trained in
      part.images.withUnsafeBufferPointer { trained.network.score($0, labels: part.labels, count: 50).meanLoss }
    }
    #expect(losses[1] < 0.6 * losses[0])
  }

  /// The seed network at full width on 1,000 real digits, held out of its training, with what was learnt in floating
  /// point at its start.
  @Test(.enabled(if: RealDigits.folder != nil, "MNIST is not on this machine"), arguments: [[127], [7]])
  func everyActivationIsTheRuntimesOnRealDigits(_ levels: [Int]) throws {
    let digits = try Dataset.mnist(directory: try #require(RealDigits.folder)).train
    let (images, heldOut) = (digits.subset(0..<5000), digits.subset(59_000..<60_000))
    let float = RealDigits.root.appendingPathComponent("models/mnist-cnn-float.swl")
    let folded = try FoldedModel(ModelReader.read(Array(Data(contentsOf: float))))
    let trained = try TrainedIntegers(folded, images: images, levels: levels, steps: 100)
    let difference = try trained.difference(over: heldOut)
    #expect(difference.values == folded.model.nodes.count - 2)
    #expect(difference.elements == 0)
    let scores = stride(from: 0, to: heldOut.count, by: 50).map { first in
      let part = heldOut.subset(first..<first + 50)
      return part.images.withUnsafeBufferPointer { trained.network.score($0, labels: part.labels, count: 50) }
    }
    #expect(scores.reduce(0) { $0 + $1.correct } > 950, "the integers mean something")
  }

  @Test func sumsThatFloatsCannotHoldRaiseTheScale() throws {
    // 600 inputs * 255 * 127 is past 2^24, where floats skip integers.
    var builder = ModelBuilder(input: Shape(height: 25, width: 24, channels: 1))
    try builder.add(.reshape(.flatten))
    try builder.add(.dense(Dense(units: 3, activation: .relu)))
    try builder.add(.dense(Dense(units: 2)))
    var model = try builder.build()
    model.nodes[1].parameters[0].storage = .float32(Array(repeating: 0.5, count: 1800))
    model.nodes[2].parameters[0].storage = .float32([1, -1, 0.5, 0.25, 1, 1])
    let folded = try FoldedModel(model)
    let images = Dataset(
      height: 25, width: 24, channels: 1, images: Array(repeating: 255, count: 6000),
      labels: Array(repeating: 0, count: 10), classNames: ["a", "b"])
    let quantized = try QuantizationAwareNetwork(
      folded, calibration: folded.calibrated(on: images, count: 10), options: QuantizationAwareOptions(levels: [127]))
    quantized.attach(to: try FloatNetwork(quantized.trainable, maxBatch: 10, threads: 1))
    let weights = try quantized.exported().nodes[1].parameters[0].int8s!
    #expect(weights.allSatisfy { $0 == weights[0] && $0 > 60 })
    #expect(600 * 255 * Int(weights[0]) < 1 << 24)
  }

  /// The factors of a sum reach from 2^-32 to 2^30; one from scale 4 to 4e-15 has no multiplier.
  @Test func whatHasNoIntegerFormIsRefusedByName() throws {
    let folded = try FoldedModel(Networks.make("residual"))
    var calibration = Calibration(valueCount: folded.model.values.count)
    let sum = folded.model.nodes.last { if case .add = $0.op { true } else { false } }!.output
    for value in folded.model.values.indices {
      let range: [Float] = [0, value == sum ? 1e-12 : 1e3]
      _ = range.withUnsafeBufferPointer { calibration.observe($0, value: value) }
    }
    calibration.imageObserved()
    #expect {
      try QuantizationAwareNetwork(folded, calibration: calibration, options: QuantizationAwareOptions())
    } throws: { "\($0)".contains("node add") && "\($0)".contains("too large or too small") }
  }
}
