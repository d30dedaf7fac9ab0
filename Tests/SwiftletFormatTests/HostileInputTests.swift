import SwiftletBytes
import SwiftletFormat
import SwiftletModel
import Testing

@Suite struct HostileInputTests {
  static let float = try! ModelWriter.write(SampleModels.float).bytes
  static let quantized = try! ModelWriter.write(
    SampleModels.quantized(filters: 2, units: 2) { Int8($0.next() % 5) - 2 }, packing: .plain
  ).bytes

  @Test(arguments: [float, quantized]) func everyTruncationIsRefused(_ bytes: [UInt8]) {
    for count in 0..<bytes.count {
      #expect(throws: ModelFormatError.self) { try ModelReader.read(Array(bytes[..<count])) }
    }
  }

  @Test(arguments: [float, quantized]) func everyChangedByteIsRefused(_ bytes: [UInt8]) {
    for index in bytes.indices {
      for delta in 1...255 as ClosedRange<UInt8> {
        // All values for the small file, a spread of them for the larger.
        guard bytes.count < 300 || delta.nonzeroBitCount == 1 || delta == 255 else { continue }
        var changed = bytes
        changed[index] ^= delta
        #expect(throws: ModelFormatError.self) { try ModelReader.read(changed) }
      }
    }
  }

  @Test func trailingBytesAreRefused() {
    for extra in [[0], [1, 2, 3, 4, 5]] as [[UInt8]] {
      #expect(throws: ModelFormatError.self) { try ModelReader.read(Self.quantized + extra) }
    }
  }

  /// The content with every byte changed: the checksum does not help here, the parser has to hold. What is still
  /// accepted must be a valid model.
  @Test(arguments: [float, quantized]) func changedContentNeverCrashes(_ bytes: [UInt8]) throws {
    let header = try ModelReader.readHeader(bytes)
    let content = try Zlib.inflate(
      bytes[header.content], count: header.contentByteCount, limit: 1 << 20, wrapper: .raw, field: "content")
    var refused = 0
    let limits = ReadLimits(contentBytes: 1 << 20, parameters: 1 << 16)
    for index in content.indices {
      for value in [0, 1, 2, 3, 5, 8, 16, 31, 64, 127, 128, 129, 200, 254, 255] as [UInt8]
      where value != content[index] {
        var changed = content
        changed[index] = value
        do {
          let (model, _) = try ModelReader.readContent(changed, isQuantized: header.isQuantized, limits: limits)
          try model.validate()
        } catch is ModelFormatError { refused += 1 }
      }
    }
    #expect(refused > content.count)
    for count in 0..<content.count {
      #expect(throws: ModelFormatError.self) {
        try ModelReader.readContent(Array(content[..<count]), isQuantized: header.isQuantized, limits: limits)
      }
    }
    for _ in 0..<3 {
      #expect(throws: ModelFormatError.self) {
        try ModelReader.readContent(content + [0], isQuantized: header.isQuantized)
      }
    }
  }

  /// A file of the given container fields with a right checksum.
  static func file(version: UInt8 = 1, flags: UInt8 = 1, size: UInt64? = nil, _ content: [UInt8]) throws -> [UInt8] {
    var writer = ByteWriter()
    writer.write(text: "SWL")
    writer.write(byte: version)
    writer.write(byte: flags)
    writer.writeVarint(size ?? UInt64(content.count))
    writer.write(bytes: try Zlib.deflate(content, wrapper: .raw, effort: .fast))
    writer.write(Zlib.crc32(writer.bytes))
    return writer.bytes
  }

  private func reason(_ bytes: [UInt8]) throws -> ModelFormatError.Reason {
    try #require(throws: ModelFormatError.self) { try ModelReader.read(bytes) }.reason
  }

  @Test func containerFaultsHaveTheirReasons() throws {
    #expect(try reason([]) == .empty)
    #expect(try reason(Array("PK\u{3}\u{4} not a model".utf8)) == .notAModel)
    #expect(try reason(Self.file(version: 2, [1])) == .newerVersion(2))
    #expect(try reason(Self.file(flags: 0x0D, [1])) == .unknownFlags(0x0C))
    // Ignorable flags are ignored: the fault found is a later one.
    #expect(try reason(Self.file(flags: 0xF1, [0])) == .badValue)
    #expect(try reason(Self.file(size: 2, [1])) == .bytes(.inflatedCount(expected: 2, actual: 1)))
    #expect(try reason(Self.file(size: 0, [1])) == .bytes(.inflatedCount(expected: 0, actual: 1)))
  }

  @Test func zipBombStopsAtTheDeclaredSize() throws {
    let bomb = try Self.file(size: 100, [UInt8](repeating: 0, count: 1 << 24))
    #expect(bomb.count < 20_000)
    #expect(try reason(bomb) == .bytes(.inflatedCount(expected: 100, actual: 101)))
  }

  @Test func hugeSizesAreRefusedBeforeAllocating() throws {
    let huge = try Self.file(size: 1 << 40, [1])
    #expect(try reason(huge) == .bytes(.overLimit(value: 1 << 40, limit: 1 << 28)))
    // input 1 x 4096x4096x16; one dense node of 2^24 units: 2^52 weights, all zero by encoding.
    var content = ByteWriter()
    for value in [1, 4096, 4096, 16] as [UInt64] { content.writeVarint(value) }
    content.write(bytes: [0, 1, 2])
    content.writeVarint(8)
    content.writeVarint(1 << 24)
    content.write(bytes: [0, 0, 0, 0, 0, 0])
    #expect(try reason(Self.file(content.bytes)) == .graph(GraphError(.overLimit, node: 0)))
  }

  @Test func offsetsPointAtTheField() throws {
    let error = try #require(throws: ModelFormatError.self) { try ModelReader.read(Self.file([1, 8, 8, 1, 7])) }
    #expect(error.reason == .unknownValue(7) && error.offset == 4 && error.isInContent)
    #expect("\(error.field)" == "input quantization")
  }
}
