import SwiftletBytes
import SwiftletFormat
import SwiftletModel
import Testing

@Suite struct CodedContentTests {
  /// A convolution and a dense layer of the given extents, weights by density and largest magnitude.
  private static func model(
    _ extents: (filters: Int, kernel: Int, channels: Int, units: Int), density: Double, levels: Int, seed: UInt64,
    scale: (Int) -> Scale
  ) throws -> Model {
    let (filters, kernel, channels, units) = extents
    var builder = ModelBuilder(input: Shape(height: kernel + 2, width: kernel + 3, channels: channels))
    let window = SlidingWindow(kernel: Size2D(height: kernel, width: max(kernel - 1, 1)))
    try builder.add(.conv2D(Conv2D(filters: filters, window: window, activation: .relu)))
    if seed % 2 == 0 { try builder.add(.reshape(.flatten)) }
    try builder.add(.dense(Dense(units: units)))
    var model = try builder.build()
    for index in model.values.indices {
      model.values[index].element = .uint8
      model.values[index].quantization = Quantization(scale: Scale(0.01)!, zeroPoint: 0)
    }
    model.values[model.outputs[0]].element = .int32
    var generator = SplitMix64(seed: seed)
    func weight() -> Int8 {
      guard Double(generator.nextUnit()) < density else { return 0 }
      let magnitude = Int(generator.next() % UInt64(levels)) + 1
      return Int8(generator.next() & 1 == 0 ? magnitude : -magnitude)
    }
    for node in model.nodes.indices where !model.nodes[node].parameters.isEmpty {
      let shape = model.nodes[node].parameters[0].shape
      let shift = Int32(seed % 7)
      model.nodes[node].parameters = [
        Tensor(
          shape: shape, storage: .int8((0..<shape.reduce(1, *)).map { _ in weight() }),
          scales: (0..<shape[0]).map(scale)),
        Tensor(
          shape: [shape[0]],
          storage: .int32((0..<shape[0]).map { _ in (Int32(generator.next() % 2001) - 1000) << shift })),
      ]
    }
    return model
  }

  private static let extents: [(filters: Int, kernel: Int, channels: Int, units: Int)] = [
    (1, 1, 1, 1), (2, 1, 3, 1), (1, 3, 1, 10), (5, 2, 2, 7), (9, 3, 1, 26), (4, 5, 3, 10), (17, 3, 16, 3),
    (3, 2, 1030, 2),
  ]

  @Test func moreParametersThanTheCoderTakesAreNotWrittenPlainInstead() throws {
    let model = try Self.model((1024, 1, 3, 1400), density: 0, levels: 1, seed: 0) { _ in Scale(halfPower: -14)! }
    #expect(model.parameterCount > 1 << 24)
    let error = #expect(throws: ModelFormatError.self) { try ModelWriter.write(model, packing: .coded) }
    #expect(error?.reason == .notCodable)
  }

  @Test(arguments: extents.indices, [0, 0.02, 0.1, 0.5, 1])
  func randomModelsComeBack(_ index: Int, _ density: Double) throws {
    for (seed, levels) in [1, 2, 3, 7, 8, 15, 16, 31, 63, 64, 127].enumerated() {
      let scales: [(Int) -> Scale] = [
        { _ in Scale(halfPower: -14)! }, { Scale(halfPower: -12 - $0 % 5)! }, { Scale(0.003 + 1e-4 * Double($0 / 2))! },
      ]
      let model = try Self.model(
        Self.extents[index], density: density, levels: levels, seed: UInt64(seed), scale: scales[seed % 3])
      let written = try ModelWriter.write(model, packing: .coded)
      #expect(try ModelReader.read(written.bytes) == model)
      #expect(try ModelWriter.write(model, packing: .coded).bytes == written.bytes)
    }
  }

  /// Biases of every size up to the largest that the accumulator rule allows, and scales at their ends.
  @Test func extremesComeBack() throws {
    var model = try Self.model((3, 1, 1, 2), density: 1, levels: 1, seed: 1) { _ in .one }
    model.nodes[0].parameters[1].storage = .int32([Int32.max - 300, -(1 << 30), 1])
    model.nodes[0].parameters[0].scales = [-60, 10, 3].map { Scale(halfPower: $0)! }
    model.nodes[1].parameters[1].storage = .int32([1 << 30, -(1 << 30)])
    #expect(try ModelReader.read(ModelWriter.write(model, packing: .coded).bytes) == model)
  }

  static let files: [[UInt8]] = [
    try! ModelWriter.write(
      SampleModels.quantized(filters: 2, units: 2) { Int8($0.next() % 5) - 2 }, packing: .coded
    ).bytes,
    try! ModelWriter.write(GoldenModels.residual, packing: .coded).bytes,
  ]

  @Test(arguments: files) func everyTruncationAndEveryChangedByteIsRefused(_ bytes: [UInt8]) {
    for count in 0..<bytes.count {
      #expect(throws: ModelFormatError.self) { try ModelReader.read(Array(bytes[..<count])) }
    }
    for index in bytes.indices {
      for delta in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
        var changed = bytes
        changed[index] ^= delta
        #expect(throws: ModelFormatError.self) { try ModelReader.read(changed) }
      }
    }
  }

  /// Decodes a stream behind the checksum's back; what is accepted must be a valid model.
  private func isRefused(_ stream: [UInt8]) throws -> Bool {
    let limits = ReadLimits(contentBytes: 1 << 16, parameters: 1 << 20)
    do {
      let model = try CodedContent.read(stream, 0..<stream.count, limits: limits).model
      try model.validate()
      return false
    } catch is ModelFormatError { return true }
  }

  @Test(arguments: files) func streamsWithoutChecksumNeverCrash(_ bytes: [UInt8]) throws {
    let header = try ModelReader.readHeader(bytes)
    let stream = Array(bytes[header.content])
    #expect(try !isRefused(stream))
    // The last few bytes may be missing without contradiction: only the checksum tells.
    for count in 0..<stream.count {
      let refused = try isRefused(Array(stream[..<count]))
      #expect(refused || count > stream.count - 6)
    }
    for extra in [[0], [1], [255, 255], [UInt8](repeating: 0, count: 9)] as [[UInt8]] {
      #expect(try isRefused(stream + extra))
    }
    var refused = 0
    for index in stream.indices {
      for value in [0, 1, 3, 16, 85, 128, 170, 254, 255] as [UInt8] where value != stream[index] {
        var changed = stream
        changed[index] = value
        if try isRefused(changed) { refused += 1 }
      }
    }
    #expect(refused > stream.count)
  }

  @Test func randomStreamsAreRefused() throws {
    var generator = SplitMix64(seed: 99)
    for round in 0..<3000 {
      let stream = (0..<round % 97).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      #expect(try isRefused(stream))
    }
    for byte in 0...255 as ClosedRange<UInt8> {
      #expect(try isRefused([UInt8](repeating: byte, count: 500)))
    }
  }

  /// A graph that asks for more weights than the limits allow is refused before they are allocated.
  @Test func hugeLayersAreRefused() throws {
    let model = try Self.model((17, 3, 16, 3), density: 0, levels: 1, seed: 0) { _ in .one }
    let bytes = try ModelWriter.write(model, packing: .coded).bytes
    let error = try #require(throws: ModelFormatError.self) {
      try ModelReader.read(bytes, limits: ReadLimits(parameters: 1000))
    }
    #expect(error.reason == .graph(GraphError(.overLimit, node: 0)))
  }

  @Test func sparseSmallWeightsShrinkBelowTheirPlainForm() throws {
    let model = try Self.model((9, 3, 8, 26), density: 0.12, levels: 7, seed: 2) { Scale(halfPower: -14 - $0 % 3)! }
    let plain = try ModelWriter.write(model, packing: .plain).bytes.count
    #expect(try ModelWriter.write(model, packing: .coded).bytes.count * 100 < plain * 92)
    #expect(try ModelWriter.write(model).bytes.count * 100 < plain * 92)
  }

  @Test func slowModelsStayPlain() throws {
    let model = try SeedSizeTests.seed(power: { _ in -14 }) { SeedSizeTests.drawn(&$0, mean: 24) }
    #expect(try !ModelReader.readHeader(ModelWriter.write(model, effort: .fast).bytes).isCoded)
  }
}
