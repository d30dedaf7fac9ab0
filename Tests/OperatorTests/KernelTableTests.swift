import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// Every kernel table computes an operator's integer definition, and the definition is what Numerics.md says.
@Suite struct KernelTableTests {
  static let names = KernelTable.supported.map { "\($0.name)" }
  private static let batch = 3

  private func expectDefinition(_ model: Model, _ table: String, _ name: String) throws {
    let images = model.inputs.indices.map { model.randomInput(batch: Self.batch, seed: UInt64($0 + 3), input: $0) }
    var expected: [Int32] = []
    for sample in 0..<Self.batch {
      expected += try #require(try model.definition(model.sample(sample, of: images)))
    }
    let actual = try model.outputs(Tables.table(table), images, batch: Self.batch, maxBatch: Self.batch)[0]
    #expect(actual == expected, "\(name)")
  }

  @Test(arguments: names, OperatorCase.quantizable)
  func everyTableGivesTheBytesOfTheDefinition(_ table: String, _ entry: OperatorCase) throws {
    try expectDefinition(entry.quantized(), table, entry.name)
  }

  /// Operators that take any number of channels, around the widths of vectors.
  @Test(arguments: names, [7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 130])
  func everyTableGivesTheBytesOfTheDefinitionAroundEveryVectorWidth(_ table: String, _ channels: Int) throws {
    for entry in OperatorCase.quantizable {
      guard let wide = entry.widened(to: channels) else { continue }
      try expectDefinition(wide.quantized(), table, entry.name)
    }
  }

  @Test(arguments: OperatorCase.quantizable)
  func theDefinitionIsNumericsReadLiterally(_ entry: OperatorCase) throws {
    var values: Set<Int32> = []
    for seed in 1...3 as ClosedRange<UInt64> {
      let model = try entry.quantized(seed: seed)
      let inputs = model.inputs.indices.map { model.randomInput(batch: 1, seed: seed * 10 + UInt64($0), input: $0) }
      let actual = try #require(try model.definition(inputs))
      #expect(actual.map(Double.init) == LiteralIntegers(model).output(inputs))
      values.formUnion(actual)
    }
    // Outputs that are all one value would prove nothing; a sum divided by millions is one.
    #expect(values.count > 1 || entry.divides(byMoreThan: 1 << 20))
  }
}

extension Model {
  /// Sample `index` of each input of a batch.
  func sample(_ index: Int, of images: [[UInt8]]) -> [[UInt8]] {
    zip(inputs, images).map { value, image in
      let count = values[value].shape.count
      return Array(image[index * count..<(index + 1) * count])
    }
  }
}

extension OperatorCase {
  func divides(byMoreThan count: Int) -> Bool {
    if case .pool2D(let pool) = op { (pool.divisorOverride ?? 0) > count } else { false }
  }
}
