import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletFloat
import SwiftletModel
import Testing

@Suite struct FisherPruningTests {
  /// Two dense layers, 4 -> 2 -> 2, whose weights are integers at scale 1.
  private func layers(
    _ first: [Float], _ second: [Float], levels: [Int] = [7]
  ) throws -> (QuantizationAwareNetwork, FloatNetwork) {
    var builder = ModelBuilder(input: Shape(height: 2, width: 2, channels: 1))
    try builder.add(.reshape(.flatten))
    try builder.add(.dense(Dense(units: 2, activation: .relu)))
    try builder.add(.dense(Dense(units: 2)))
    var model = try builder.build()
    model.nodes[1].parameters[0].storage = .float32(first)
    model.nodes[2].parameters[0].storage = .float32(second)
    let folded = try FoldedModel(model)
    let quantized = try QuantizationAwareNetwork(
      folded, calibration: folded.calibrated(on: Self.images, count: 4), options: .init(levels: levels))
    let network = try FloatNetwork(quantized.trainable, maxBatch: 4, threads: 1)
    quantized.attach(to: network)
    _ = Self.images.images.withUnsafeBufferPointer {
      network.train($0, labels: Self.images.labels, count: 4, key: 0)
    }
    return (quantized, network)
  }

  static let images = Dataset(
    height: 2, width: 2, channels: 1, images: (0..<16).map { UInt8($0 * 16) }, labels: [0, 1, 0, 1],
    classNames: ["a", "b"])

  private func setGradients(_ first: [Float], _ second: [Float], _ network: FloatNetwork) {
    _ = network.parameter(node: 1, index: 0).gradient!.all.update(fromContentsOf: first)
    _ = network.parameter(node: 2, index: 0).gradient!.all.update(fromContentsOf: second)
  }

  /// 8 weights, 2 of them not 0: 8 H(1/4) = 6.490 bits of positions, 2 signs, and 2 bits for magnitudes 7 and 3.
  /// 4 weights, none of them 0, magnitudes 7 7 7 7: 4 signs.
  @Test func bitsAreThoseOfAnIdealCoder() throws {
    let (quantized, _) = try layers([7, 0, 0, -3, 0, 0, 0, 0], [7, 7, -7, 7])
    let positions = -8 * (0.25 * log2(0.25) + 0.75 * log2(0.75))
    #expect(abs(FisherPruner(quantized).bits - (positions + 2 + 2 + 4)) < 1e-6)
  }

  /// The least F w^2 per bit goes first, whatever its magnitude.
  @Test func theLeastInformativeWeightGoesFirst() throws {
    let (quantized, network) = try layers([7, 0, 0, 0, 6, 0, 0, 5], [7, 0, 0, 6])
    let pruner = FisherPruner(quantized)
    pruner.freeze()
    #expect(pruner.keptCount == 5)
    // A large weight that no loss depends on goes before small ones that it does.
    setGradients([0.01, 1, 1, 1, 1, 1, 1, 0.02], [1, 1, 1, 0.03], network)
    pruner.takeGradients(network)
    for expected in [[[4, 7], [0, 3]], [[4], [0, 3]], [[4], [0]]] {
      pruner.prune(network, toBits: pruner.bits - 0.01)
      quantized.refresh(network)
      let left = [1, 2].map { node in
        let values = network.parameter(node: node, index: 0).values
        return values.indices.filter { values[$0] != 0 }
      }
      #expect(left == expected)
    }
  }

  @Test func zerosAreFinalAndTheBudgetHolds() throws {
    let (quantized, network) = try layers([7, 6, 5, 4, 7, 6, 5, 4], [7, 6, 7, 6])
    let pruner = FisherPruner(quantized)
    setGradients([1, 2, 3, 4, 5, 6, 7, 8].map { $0 / 8 }, [1, 1, 1, 1], network)
    pruner.takeGradients(network)
    let target = pruner.bits * 0.6
    pruner.prune(network, toBits: target)
    quantized.refresh(network)
    #expect(pruner.bits <= target)
    let zeros = network.parameter(node: 1, index: 0).values.indices.filter {
      network.parameter(node: 1, index: 0).values[$0] == 0
    }
    #expect(!zeros.isEmpty)
    // An optimizer that moves everything, and gradients of everything.
    network.parameter(node: 1, index: 0).withMutableValues { for i in $0.indices { $0[i] += 1 } }
    setGradients(Array(repeating: 1, count: 8), Array(repeating: 1, count: 4), network)
    pruner.takeGradients(network)
    pruner.apply(to: network)
    let (values, gradient) = (
      network.parameter(node: 1, index: 0).values, network.parameter(node: 1, index: 0).gradientValues
    )
    for i in 0..<8 {
      #expect((values[i] == 0) == zeros.contains(i))
      #expect((gradient[i] == 0) == zeros.contains(i))
    }
  }

  @Test func freezingKeepsWhatRoundsToZero() throws {
    let (quantized, network) = try layers([7, 0.3, 5, 4, 7, 6, 5, 4], [7, 6, 7, 6])
    let pruner = FisherPruner(quantized)
    pruner.freeze()
    #expect(pruner.keptCount == 11)
    network.parameter(node: 1, index: 0).withMutableValues { $0[1] = 3 }
    pruner.apply(to: network)
    #expect(network.parameter(node: 1, index: 0).values[1] == 0)
  }

  /// A weight that reads nothing has no information; every other has its mean squared gradient times its square.
  @Test func fisherScoresAreMeanSquaredGradientsTimesSquares() throws {
    var builder = ModelBuilder(input: Shape(height: 1, width: 2, channels: 1))
    try builder.add(.reshape(.flatten))
    try builder.add(.dense(Dense(units: 2)))
    var model = try builder.build()
    model.nodes[1].parameters[0].storage = .float32([2, 3, -1, 1])
    let images = Dataset(
      height: 1, width: 2, channels: 1, images: [255, 0], labels: [0], classNames: ["a", "b"])
    let scores = try model.fisherScores(on: images, count: 1)
    // One image x = (1, 0): logits (2, -1), gradient of unit 0 is p0 - 1 and of unit 1 is p1 = 1 - p0.
    let p1 = 1 / (1 + exp(Float(3)))
    let expected = [p1 * p1 * 4, 0, p1 * p1, 0]
    #expect(scores[0] == nil)
    for (a, b) in zip(try #require(scores[1]), expected) { #expect(abs(a - b) < 1e-6) }
  }
}
