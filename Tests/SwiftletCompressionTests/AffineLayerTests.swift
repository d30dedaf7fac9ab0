import SwiftletCompression
import SwiftletData
import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// A normalization that no weights take up is a depthwise convolution of one tap, which integers run as any other.
@Suite struct AffineLayerTests {
  static let shapes = [Shape(height: 8, width: 8, channels: 1), Shape(height: 7, width: 6, channels: 3)]

  @Test(arguments: AffineNetworks.kinds, shapes)
  func theFloatNetworkStaysTheSame(_ kind: String, _ shape: Shape) throws {
    let model = try AffineNetworks.make(kind, input: shape)
    let folded = try FoldedModel(model)
    let added = folded.model.nodes.filter { node in
      guard case .conv2D(let conv) = node.op else { return false }
      return conv.window.kernel == Size2D(1) && conv.filters == conv.groups
    }
    #expect(added.count == 1)
    let name = kind.hasPrefix("normalized") && kind != "normalized first" ? "normalize" : "norm"
    #expect(String(decoding: added.first?.name ?? [], as: UTF8.self) == name)
    let logits = try model.droppingFinalSoftmax()
    for image in Networks.images(2, of: shape, seed: 5) {
      let exact = DoubleNetwork(logits).output(AffineNetworks.reals(image, model))
      let same = DoubleNetwork(folded.model).output(AffineNetworks.reals(image, folded.model))
      #expect(zip(exact, same).allSatisfy { abs($0 - $1) < 1e-4 * max(1, abs($0)) })
    }
  }

  @Test(arguments: AffineNetworks.kinds, shapes)
  func integersFollowTheFloatNetwork(_ kind: String, _ shape: Shape) throws {
    let model = try AffineNetworks.make(kind, input: shape)
    let folded = try FoldedModel(model)
    let calibration = Calibration.of(folded.model, images: Networks.images(32, of: shape, seed: 2))
    let quantized = try folded.quantized(calibration)
    let logits = try model.droppingFinalSoftmax()
    let images = Networks.images(4, of: shape, seed: 11)
    let exact = images.map { DoubleNetwork(logits).output(AffineNetworks.reals($0, model)) }
    let integers = try QuantizationTests.run(quantized, images)
    let ratio = signalToNoise(exact.flatMap { $0 }, integers.flatMap { quantized.reals($0) })
    #expect(ratio > 28, "\(ratio) dB")
    for (image, integer) in zip(images, integers) { #expect(LiteralIntegers(quantized).output(image) == integer) }
    for table in KernelTable.supported {
      #expect(try QuantizationTests.run(quantized, images, kernels: table) == integers, "\(table.name)")
    }
  }

  @Test(arguments: AffineNetworks.kinds, [[127], [3, 1]])
  func trainingAsIntegersIsTheRuntime(_ kind: String, _ levels: [Int]) throws {
    let shape = Self.shapes[1]
    let images = Dataset(
      height: shape.height, width: shape.width, channels: shape.channels,
      images: Networks.images(100, of: shape, seed: 3).flatMap { $0 }, labels: (0..<100).map { $0 % 6 },
      classNames: (0..<6).map(String.init))
    let model = try AffineNetworks.make(kind, input: shape)
    let trained = try TrainedIntegers(
      FoldedModel(model), images: images, levels: levels, steps: 4, keepsEveryValue: true)
    let difference = try trained.difference(over: images)
    #expect(difference.values == trained.quantized.model.nodes.count)
    #expect(difference.elements == 0)
  }

  @Test func whatWeightsCanTakeUpStaysInThem() throws {
    for kind in Networks.kinds {
      let model = try Networks.make(kind)
      #expect(try FoldedModel(model).model.nodes.count == model.nodes.count)
    }
    var builder = ModelBuilder(input: Shape(height: 8, width: 8, channels: 2))
    try builder.add(Networks.conv(4))
    // The first can go nowhere before the second has gone into the convolution.
    try builder.add(.batchNorm(BatchNorm()))
    try builder.add(.batchNorm(BatchNorm()))
    try builder.add(Networks.conv(4))
    let model = Networks.randomized(try builder.build(), seed: 1)
    let folded = try model.foldingBatchNorm()
    #expect(folded.nodes.count == 2)
    try PassTests.expectSame(model, folded)
  }

  @Test func untrainedNetworksTellWhetherTheyCanBeQuantized() throws {
    for kind in AffineNetworks.kinds { try AffineNetworks.make(kind).checkQuantizable() }
    for kind in Networks.kinds {
      // All zero, as an architecture file gives it: no range at all.
      var model = try Networks.make(kind)
      for index in model.nodes.indices {
        for position in model.nodes[index].parameters.indices {
          model.nodes[index].parameters[position] = Tensor(zeros: model.nodes[index].parameters[position].shape)
        }
      }
      try model.checkQuantizable()
    }
    var builder = ModelBuilder(input: Shape(vector: 4))
    try builder.add(.dense(Dense(units: 3)))
    try builder.add(.softmax(Softmax()), name: Array("gate".utf8))
    try builder.add(.softmax(Softmax()))
    let twice = try builder.build()
    #expect(throws: QuantizationError(.softmaxInside, node: "gate")) { try twice.checkQuantizable() }
    var unread = try Networks.make("plain")
    unread.values.append(unread.values[1])
    unread.nodes.insert(
      Node(name: Array("side".utf8), op: .activation(.relu), inputs: [1], output: unread.values.count - 1), at: 1)
    #expect(throws: QuantizationError(.unread, node: "side")) { try unread.checkQuantizable() }
  }
}
