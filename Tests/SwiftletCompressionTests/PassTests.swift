import Foundation
import SwiftletCompression
import SwiftletModel
import TestSupport
import Testing

/// Folding and fusing leave what a float network computes as it was.
@Suite struct PassTests {
  static let shape = Shape(height: 8, width: 8, channels: 2)

  static func model(_ build: (inout ModelBuilder) throws -> Void) throws -> Model {
    var builder = ModelBuilder(input: shape)
    try build(&builder)
    return Networks.randomized(try builder.build(), seed: 3)
  }

  static func expectSame(_ a: Model, _ b: Model, within tolerance: Double = 1e-5) throws {
    try b.validate()
    for (index, image) in Networks.images(4, of: shape, seed: 9).enumerated() {
      let input = image.map { Double($0) / 255 }
      let (x, y) = (DoubleNetwork(a).output(input), DoubleNetwork(b).output(input))
      #expect(x.count == y.count)
      let worst = zip(x, y).map { abs($0 - $1) }.max()!
      #expect(worst < tolerance * max(1, x.map(abs).max()!), "image \(index)")
    }
  }

  /// Hand-worked: w = 2, b = 1, gamma 3, beta 0.5, mean 4, variance 9 - epsilon: gain 1, so w = 2, b = 1 - 4 + 0.5.
  @Test func batchNormFoldsByHand() throws {
    var builder = ModelBuilder(input: Shape(vector: 1))
    try builder.add(.dense(Dense(units: 1)))
    try builder.add(.batchNorm(BatchNorm(epsilon: 1)))
    var model = try builder.build()
    for (position, value) in [Float(2), 1].enumerated() {
      model.nodes[0].parameters[position].storage = .float32([value])
    }
    for (position, value) in [Float(3), 0.5, 4, 8].enumerated() {
      model.nodes[1].parameters[position].storage = .float32([value])
    }
    let folded = try model.foldingBatchNorm()
    #expect(folded.nodes.count == 1)
    #expect(folded.nodes[0].parameters[0].floats == [2])
    #expect(folded.nodes[0].parameters[1].floats == [-2.5])
  }

  @Test func batchNormFoldsIntoTheLayerBefore() throws {
    let model = try Self.model {
      try $0.add(Networks.conv(6, padding: .sameUpper, activation: .none))
      try $0.add(.batchNorm(BatchNorm()))
      try $0.add(Networks.conv(6, groups: 6, activation: .none))
      try $0.add(.batchNorm(BatchNorm()))
      try $0.add(.reshape(.flatten))
      try $0.add(.dense(Dense(units: 5)))
      try $0.add(.batchNorm(BatchNorm()))
    }
    let folded = try model.foldingBatchNorm()
    #expect(folded.nodes.count == 4)
    try Self.expectSame(model, folded)
  }

  /// After an activation it goes forward: through pools and a flatten into a dense layer, or into grouped filters.
  @Test(arguments: [Pool2D.Reduction.max, .average])
  func batchNormFoldsIntoTheLayerAfter(_ reduction: Pool2D.Reduction) throws {
    let model = try Self.model {
      try $0.add(Networks.conv(6))
      try $0.add(.batchNorm(BatchNorm()))
      try $0.add(Networks.conv(4, groups: 2))
      try $0.add(.batchNorm(BatchNorm()))
      try $0.add(Networks.pool(reduction))
      try $0.add(.reshape(.flatten))
      try $0.add(.dense(Dense(units: 5)))
    }
    let folded = try model.foldingBatchNorm()
    #expect(folded.nodes.count == 5)
    try Self.expectSame(model, folded)
  }

  @Test func batchNormBeforeAPaddedConvolutionFoldsOnlyWithoutAnOffset() throws {
    var model = try Self.model {
      try $0.add(Networks.conv(6))
      try $0.add(.batchNorm(BatchNorm()), name: Array("norm".utf8))
      try $0.add(Networks.conv(4, padding: .sameUpper))
    }
    let layer = try model.foldingBatchNorm()
    #expect(layer.nodes.map { "\($0.op.kind.name)" } == ["conv2d", "conv2d", "conv2d"])
    #expect(layer.nodes[1].name == Array("norm".utf8))
    try Self.expectSame(model, layer)
    // Without an offset (beta = gain * mean) padding stays zero, and it folds.
    let node = model.nodes[1]
    let gains = zip(node.parameters[0].floats!, node.parameters[3].floats!).map { $0 / ($1 + 1e-3).squareRoot() }
    model.nodes[1].parameters[2].storage = .float32(gains.map { _ in 0 })
    model.nodes[1].parameters[1].storage = .float32(gains.map { _ in 0 })
    let folded = try model.foldingBatchNorm()
    #expect(folded.nodes.count == 2)
    try Self.expectSame(model, folded)
  }

  @Test func batchNormOfASharedValueBecomesALayer() throws {
    let model = try Self.model {
      let conv = try $0.add(Networks.conv(6, activation: .none))
      let norm = try $0.add(.batchNorm(BatchNorm()), name: Array("norm".utf8))
      try $0.add(.add(Add()), inputs: [conv, norm])
    }
    let folded = try model.foldingBatchNorm()
    #expect(folded.nodes.map { "\($0.op.kind.name)" } == ["conv2d", "conv2d", "add"])
    try Self.expectSame(model, folded)
  }

  @Test func activationsFuseThroughSelections() throws {
    let model = try Self.model {
      let conv = try $0.add(Networks.conv(6, padding: .sameUpper, activation: .none))
      try $0.add(Networks.pool(.max))
      try $0.add(.activation(.relu))
      try $0.add(.activation(.boundedReLU(Scale(0.75)!)))
      let pooled = $0.last
      let other = try $0.add(Networks.pool(.max), inputs: [conv])
      try $0.add(.add(Add()), inputs: [pooled, other])
      try $0.add(.activation(.relu))
      try $0.add(.reshape(.flatten))
      try $0.add(.dense(Dense(units: 5)))
      try $0.add(.activation(.relu))
    }
    let fused = model.fusingActivations()
    // conv is read by two pools, so its activations stay, as one pair; the others fuse.
    #expect(
      fused.nodes.map { "\($0.op.kind.name)" } == [
        "conv2d", "max_pool2d", "activation", "activation", "max_pool2d", "add", "flatten", "dense",
      ])
    #expect(fused.nodes[5].op.fusedActivation == .relu && fused.nodes[7].op.fusedActivation == .relu)
    try Self.expectSame(model, fused, within: 1e-12)
    let chain = try Self.model {
      try $0.add(Networks.conv(6, activation: .none))
      try $0.add(Networks.pool(.max))
      try $0.add(.reshape(.flatten))
      try $0.add(.activation(.boundedReLU(Scale(0.75)!)))
      try $0.add(.activation(.relu))
    }
    let short = chain.fusingActivations()
    #expect(short.nodes.count == 3)
    #expect(short.nodes[0].op.fusedActivation == .boundedReLU(Scale(0.75)!))
    try Self.expectSame(chain, short, within: 1e-12)
  }

  @Test func dropoutAndFinalSoftmaxGo() throws {
    let model = try Self.model {
      try $0.add(.dropout(Dropout(rate: 0.5)))
      try $0.add(.reshape(.flatten))
      try $0.add(.dense(Dense(units: 5)))
      try $0.add(.dropout(Dropout(rate: 0.25)))
      try $0.add(.softmax(Softmax()))
    }
    let dropped = try model.droppingTrainingNodes().droppingFinalSoftmax()
    #expect(dropped.nodes.map { "\($0.op.kind.name)" } == ["flatten", "dense"])
    let inside = try Self.model {
      try $0.add(.softmax(Softmax()), name: Array("gate".utf8))
      try $0.add(.reshape(.flatten))
    }
    #expect(throws: QuantizationError(.softmaxInside, node: "gate")) { _ = try inside.droppingFinalSoftmax() }
  }

  @Test func normalizationFoldsIntoAnUnpaddedFirstLayer() throws {
    var model = try Self.model {
      try $0.add(Networks.conv(6))
      try $0.add(.reshape(.flatten))
      try $0.add(.dense(Dense(units: 5)))
    }
    let (mean, deviation): ([Float], [Float]) = ([0.1307, 0.4], [0.3081, 0.25])
    model.metadata.normalization = Normalization(mean: mean, standardDeviation: deviation)
    let folded = try FoldedModel(model)
    #expect(folded.model.metadata.normalization == nil && folded.input == .image)
    for image in Networks.images(3, of: Self.shape, seed: 5) {
      let x = image.map { Double($0) / 255 }
      let normalized = x.indices.map { (x[$0] - Double(mean[$0 % 2])) / Double(deviation[$0 % 2]) }
      let (a, b) = (DoubleNetwork(model).output(normalized), DoubleNetwork(folded.model).output(x))
      #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-4 })
    }
  }

  /// mean 51/255, deviation 0.5: q stands for (q - 51) / 127.5.
  @Test func normalizationGoesIntoTheInputsScaleWhereTheFirstLayerPads() throws {
    var model = try Self.model { try $0.add(Networks.conv(6, padding: .sameUpper)) }
    model.metadata.normalization = Normalization(mean: [0.2, 0.2], standardDeviation: [0.5, 0.5])
    let folded = try FoldedModel(model)
    #expect(folded.input.zeroPoint == 51)
    #expect(abs(folded.input.scale.doubleValue - 1 / 127.5) < 1e-11)
    model.metadata.normalization = Normalization(mean: [0.1307, 0.1307], standardDeviation: [0.3, 0.3])
    let layered = try FoldedModel(model)
    #expect(layered.input == .image && layered.model.nodes[0].name == Array("normalize".utf8))
    model.metadata.normalization = Normalization(mean: [0.2], standardDeviation: [0.5])
    #expect(throws: QuantizationError(.normalizationMalformed)) { _ = try FoldedModel(model) }
  }
}
