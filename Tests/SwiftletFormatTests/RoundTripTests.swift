import SwiftletBytes
import SwiftletFormat
import SwiftletModel
import Testing

@Suite struct RoundTripTests {
  static let models: [(name: String, model: Model)] = [
    ("float", SampleModels.float), ("dense", SampleModels.dense), ("sparse", SampleModels.sparse),
    ("ternary", SampleModels.ternary), ("four bits", SampleModels.fourBit), ("zeros", SampleModels.zeros),
    ("full scales", SampleModels.quantized(scale: { Scale(0.01 + Double($0) / 999)! }) { Int8($0.next() % 9) }),
  ]

  @Test(arguments: models.indices) func whatIsWrittenIsRead(_ index: Int) throws {
    let model = Self.models[index].model
    let written = try ModelWriter.write(model)
    let read = try ModelReader.readDetailed(written.bytes)
    #expect(read.model == model)
    #expect(read.header.isQuantized == model.isQuantized)
    #expect(read.tensors.map(\.encoding) == written.tensors.map(\.encoding))
    #expect(try ModelWriter.write(read.model).bytes == written.bytes)
  }

  @Test(arguments: models.indices, Packing.allCases) func everyPackingHoldsTheSameModel(
    _ index: Int, _ packing: Packing
  ) throws {
    let model = Self.models[index].model
    let written = try ModelWriter.write(model, packing: packing)
    let read = try ModelReader.readDetailed(written.bytes)
    #expect(read.model == model)
    if packing != .smallest { #expect(read.header.isCoded == (packing == .coded && model.isQuantized)) }
    let coded = try ModelWriter.write(model, packing: .coded).bytes.count
    if packing == .smallest { #expect(written.bytes.count <= coded) }
    #expect(try ModelWriter.write(model, packing: packing).bytes == written.bytes)
  }

  @Test func valuesAreRenumberedCanonically() throws {
    var model = SampleModels.dense
    // Swap the numbers of two values.
    model.values.swapAt(1, 2)
    model.nodes[0].output = 2
    model.nodes[1].inputs = [2]
    model.nodes[1].output = 1
    model.nodes[2].inputs = [1]
    #expect(try ModelReader.read(ModelWriter.write(model).bytes) == SampleModels.dense)
  }

  @Test func invalidModelsAreNotWritten() {
    var model = SampleModels.dense
    model.values[0].quantization?.zeroPoint = 300
    #expect(throws: ModelFormatError.self) { try ModelWriter.write(model) }
    var labels = SampleModels.dense
    labels.metadata.labels = [Array(repeating: 65, count: 256)]
    #expect(throws: ModelFormatError.self) { try ModelWriter.write(labels) }
  }

  @Test func structureOfASmallModelCostsLittle() throws {
    let written = try ModelWriter.write(SampleModels.zeros)
    // Container, graph, activation scales, self-test; weights are nothing.
    #expect(written.bytes.count <= 140)
  }

  /// Every encoding, forced, decodes to the same elements, transposed or not.
  @Test(arguments: [(1, 1), (1, 9), (16, 4), (17, 5), (40, 33), (3, 700)], [0, 1, 2, 3])
  func everyEncodingIsLossless(_ extents: (Int, Int), _ kind: Int) throws {
    var generator = SplitMix64(seed: 8)
    let matrix = Matrix([extents.0, extents.1])
    let elements = (0..<matrix.count).map { _ -> UInt8 in
      switch kind {
      case 0: UInt8(truncatingIfNeeded: generator.next() % 255 + 129)
      case 1: generator.next() % 300 == 0 ? 127 : 0
      case 2: [0, 1, 255, 7][Int(generator.next() % 4)]
      default: 5
      }
    }
    for candidate in TensorEncoder.candidates(elements, matrix, isInt32: false) {
      var reader = FieldReader(candidate.bytes)
      let decoded = try TensorDecoder.decode(
        candidate.encoding, &reader, matrix, isTransposed: candidate.isTransposed, as: UInt8.self)
      #expect(decoded == elements, "\(candidate.encoding) \(candidate.isTransposed)")
      #expect(reader.remaining == 0)
    }
    let words = elements.map { UInt32(bitPattern: Int32(Int8(bitPattern: $0)) &* 7_654_321) }
    for candidate in TensorEncoder.candidates(words, matrix, isInt32: true) {
      var reader = FieldReader(candidate.bytes)
      let decoded = try TensorDecoder.decode(
        candidate.encoding, &reader, matrix, isTransposed: candidate.isTransposed, as: UInt32.self)
      #expect(decoded == words, "\(candidate.encoding)")
    }
  }
}
