import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// Large dense layers whose weights fit four bits, packed two to a byte, give the plain Swift kernels' bytes.
@Suite struct FourBitDenseTests {
  /// A dense layer of weights in -8...7, the whole range used.
  private func model(_ inputs: Int, _ units: Int, _ change: (inout [Int8]) -> Void = { _ in }) throws -> Model {
    var network = TestNetwork(seed: UInt64(inputs + units))
    let input = network.input(Shape(vector: inputs), zeroPoint: 9)
    let output = try network.weighted(.dense(Dense(units: units)), input, spread: 2000)
    var model = try network.build([output])
    guard var weights = model.nodes[0].parameters[0].int8s else { preconditionFailure("weights are int8") }
    for i in weights.indices { weights[i] = Int8((Int(weights[i]) + 128) % 16 - 8) }
    change(&weights)
    model.nodes[0].parameters[0].storage = .int8(weights)
    return model
  }

  /// Odd numbers of steps, rests of a step, panels of four vectors and fewer, images around four.
  @Test(arguments: Tables.names, [513, 516, 520, 701])
  func everyNumberOfStepsAndImages(_ table: String, _ inputs: Int) throws {
    for (units, batch) in [(64, 1), (65, 2), (127, 3), (113, 4), (128, 5), (180, 8), (177, 13)] {
      try expectEqual(model(inputs, units), table, batch: batch)
    }
  }

  /// One weight of more bits takes its panel out; steps of zeros are dropped, an odd number may be left.
  @Test(arguments: Tables.names)
  func largeAndZeroWeights(_ table: String) throws {
    for large: Int8 in [8, -9, 127] {
      try expectEqual(model(520, 128) { $0[520 * 70 + 33] = large }, table, batch: 5)
    }
    for kept in [3, 4, 12, 200] {
      try expectEqual(model(800, 64) { for i in $0.indices where i % 800 >= kept { $0[i] = 0 } }, table, batch: 2)
    }
    let zeros = try model(800, 64) { for i in $0.indices { $0[i] = 0 } }
    let image = zeros.randomInput(batch: 1, seed: 3)
    #expect(try zeros.output(Tables.table(table), image) == zeros.output(.reference, image))
  }

  /// The largest sums there are, every input 255 and every weight -8 or 7, at the most inputs whose sixteenfold sums fit
  /// 32 bits, and one input past them.
  @Test(arguments: Tables.names)
  func theLargestSums(_ table: String) throws {
    for (count, weight) in [(2000, 7), (65_536, -8), (65_537, -8)] as [(Int, Int8)] {
      let full = try model(count, 64) { for i in $0.indices { $0[i] = weight } }
      let image = [UInt8](repeating: 255, count: count)
      #expect(try full.output(Tables.table(table), image) == full.output(.reference, image))
    }
  }

  @Test func weightsOfFourBitsTakeHalfTheMemory() throws {
    guard let table = KernelTable.named(Array("avx512vnni".utf8).span) else { return }
    let bytes = try PreparedModel(model(800, 64) { $0[5] = 8 }, kernels: table).packedByteCount
    let nibbles = try PreparedModel(model(800, 64), kernels: table).packedByteCount
    #expect(bytes - nibbles == 800 * 64 / 2)
  }
}
