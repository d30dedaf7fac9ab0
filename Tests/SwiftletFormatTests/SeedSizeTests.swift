import Foundation
import SwiftletFormat
import SwiftletModel
import Testing

/// File sizes of the seed network (225,034 parameters) with weights drawn as training leaves them: sign symmetric,
/// magnitudes falling off exponentially.
@Suite struct SeedSizeTests {
  /// The seed network, int8; `weight` draws each weight, `power` each channel's scale 2^(k/2).
  static func seed(power: (inout SplitMix64) -> Int, weight: (inout SplitMix64) -> Int8) throws -> Model {
    var builder = ModelBuilder(input: Shape(height: 28, width: 28, channels: 1))
    let pool = Pool2D(.max, window: SlidingWindow(kernel: Size2D(2), stride: Size2D(2)))
    for filters in [32, 64] {
      let window = SlidingWindow(kernel: Size2D(3))
      try builder.add(.conv2D(Conv2D(filters: filters, window: window, activation: .relu)))
      try builder.add(.pool2D(pool))
    }
    try builder.add(.dense(Dense(units: 128, activation: .relu)))
    try builder.add(.dense(Dense(units: 10)))
    var model = try builder.build()
    var generator = SplitMix64(seed: 5)
    for index in model.values.indices {
      model.values[index].element = .uint8
      model.values[index].quantization =
        index == 0 ? .image : Quantization(scale: Scale(halfPower: -10)!, zeroPoint: 0)
    }
    model.values[model.outputs[0]].element = .int32
    for node in model.nodes.indices where !model.nodes[node].parameters.isEmpty {
      let shape = model.nodes[node].parameters[0].shape
      model.nodes[node].parameters = [
        Tensor(
          shape: shape, storage: .int8((0..<shape.reduce(1, *)).map { _ in weight(&generator) }),
          scales: (0..<shape[0]).map { _ in Scale(halfPower: power(&generator))! }),
        Tensor(shape: [shape[0]], storage: .int32((0..<shape[0]).map { _ in 0 })),
      ]
    }
    return model
  }

  /// A weight of exponentially falling magnitude around `mean`.
  static func drawn(_ generator: inout SplitMix64, mean: Int) -> Int8 {
    var magnitude = 1
    while magnitude < 127 && generator.next() % UInt64(mean) != 0 { magnitude += 1 }
    return Int8(generator.next() & 1 == 0 ? magnitude : -magnitude)
  }

  @Test func structureOfTheSeedNetworkCostsUnderEightyBytes() throws {
    let model = try Self.seed(power: { _ in -14 }) { _ in 0 }
    #expect(try ModelWriter.write(model).bytes.count <= 80)
  }

  /// Bytes of an ideal coder that knows each weight tensor's zeros and histogram, but no order between elements.
  static func entropyByteCount(_ model: Model) -> Double {
    var bits = 0.0
    for node in model.nodes {
      guard let weights = node.parameters.first?.int8s else { continue }
      var counts = [Int](repeating: 0, count: 256)
      for weight in weights { counts[Int(UInt8(bitPattern: weight))] += 1 }
      for count in counts where count > 0 {
        let share = Double(count) / Double(weights.count)
        bits -= Double(count) * log2(share)
      }
    }
    return bits / 8
  }

  @Test func prunedSeedNetworkIsNearItsEntropy() throws {
    let model = try Self.seed(power: { -14 - Int($0.next() % 4) }) {
      $0.next() % 10 == 0 ? Self.drawn(&$0, mean: 24) : 0
    }
    let written = try ModelWriter.write(model)
    #expect(Double(written.bytes.count) < 1.04 * Self.entropyByteCount(model) + 200)
    #expect(try ModelReader.read(written.bytes) == model)
  }

  @Test func denseSeedNetworkIsNearItsEntropy() throws {
    let model = try Self.seed(power: { -14 - Int($0.next() % 4) }) { Self.drawn(&$0, mean: 24) }
    let written = try ModelWriter.write(model)
    #expect(Double(written.bytes.count) < 1.02 * Self.entropyByteCount(model) + 200)
    #expect(try ModelReader.read(written.bytes) == model)
  }
}
