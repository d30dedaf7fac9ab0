import SwiftletBytes
import SwiftletModel
import Testing

import SwiftletFormat

/// A small file may not take much memory or time to read (Format.md, Limits).
@Suite struct ReadLimitTests {
  /// A file of one dense layer on a vector, with `tensors` after the metadata.
  private static func dense(
    inputs: Int, units: Int, isQuantized: Bool, _ tensors: [UInt8], metadata: [UInt8] = [0]
  ) throws -> [UInt8] {
    var content = ByteWriter()
    content.write(bytes: [1, 1, 1])
    content.writeCount(inputs)
    // An image as it is; s32 logits of scale 2^-15.
    content.write(bytes: isQuantized ? [0, 1, 2, 12] : [1, 2, 0])
    content.writeCount(units)
    content.write(bytes: (isQuantized ? [94, 0] : [0]) + metadata + tensors)
    return try HostileInputTests.file(flags: isQuantized ? 1 : 0, content.bytes)
  }

  private func reason(_ bytes: [UInt8], _ limits: ReadLimits? = nil) throws -> ModelFormatError.Reason {
    try #require(throws: ModelFormatError.self) { try ModelReader.read(bytes, limits: limits) }.reason
  }

  private static let defaultMemory = 48 << 20

  @Test func aTinyFileOfHugeZeroTensorsIsRefused() throws {
    // 50 MiB of float weights; 13 Mi scales and biases of one weight each.
    let floats = try Self.dense(inputs: 1, units: 50 << 18, isQuantized: false, [0, 0])
    let channels = try Self.dense(inputs: 1, units: 13 << 20, isQuantized: true, [0, 110, 0, 0])
    for bytes in [floats, channels] {
      #expect(bytes.count < 64)
      #expect(try reason(bytes) == .memoryLimit(Self.defaultMemory))
    }
  }

  @Test func theOptionLiftsTheLimits() throws {
    let bytes = try Self.dense(inputs: 1000, units: 40, isQuantized: false, [0, 0])
    let model = try ModelReader.read(bytes)
    let tight = ReadLimits(memoryBytes: 100_000)
    #expect(try reason(bytes, tight) == .memoryLimit(100_000))
    #expect(try ModelReader.read(bytes, limits: .lifted) == model)
  }

  @Test func whatIsInflatedCounts() throws {
    let bytes = try HostileInputTests.file([UInt8](repeating: 0, count: 50 << 20))
    #expect(bytes.count < 1 << 16)
    #expect(try reason(bytes) == .memoryLimit(Self.defaultMemory))
  }

  @Test func labelsCountWithWhatEachTakes() throws {
    let labels = [1, 100] + [UInt8](repeating: 0, count: 100)
    let bytes = try Self.dense(inputs: 1, units: 1, isQuantized: true, [0, 110, 0, 0], metadata: labels)
    #expect(try ModelReader.read(bytes).metadata.labels.count == 100)
    #expect(try reason(bytes, ReadLimits(memoryBytes: 6_000)) == .memoryLimit(6_000))
  }

  /// 4 x 256 int8 weights in every encoding, and the steps they take.
  private static let encodings: [(name: String, bytes: [UInt8], steps: Int)] = {
    let table = [1, 0, 5] as [UInt8]
    let ones = { (count: Int) in [UInt8](repeating: 1, count: count) }
    let bits = { (count: Int) in [UInt8](repeating: 255, count: count) }
    return [
      ("zeros", [0], 0), ("raw", [1] + ones(1024), 1024), ("raw, transposed", [129] + ones(1024), 3 * 1024),
      ("bitmask", [2] + bits(128) + ones(1024), 1024),
      ("bitmask, transposed", [130] + bits(128) + ones(1024), 3 * 1024),
      ("gaps", [3, 2, 0, 0, 1, 1], 2), ("gaps, transposed", [131, 2, 0, 0, 1, 1], 6),
      ("blocks", [4] + bits(8) + ones(1024), 1024 + 64), ("codebook", [5] + table + bits(128), 2 * 1024),
      ("codebook, transposed", [133] + table + bits(128), 4 * 1024),
      ("bit planes", [6, 2] + bits(128) + bits(128) + bits(128), 1024 * 2),
      ("bit planes of zeros", [6, 2] + [UInt8](repeating: 0, count: 256), 0),
    ]
  }()

  @Test(arguments: encodings.indices) func everyEncodingTakesItsSteps(_ index: Int) throws {
    let (name, bytes, steps) = Self.encodings[index]
    let file = try Self.dense(inputs: 256, units: 4, isQuantized: true, [0, 50] + bytes + [0])
    _ = try ModelReader.read(file, limits: ReadLimits(steps: steps))
    if steps > 0 { #expect(try reason(file, ReadLimits(steps: steps - 1)) == .stepLimit, "\(name)") }
  }

  @Test func largerFilesMayTakeMoreInProportion() {
    #expect(ReadLimits(fileOf: 0) == ReadLimits(fileOf: 1 << 20))
    let large = ReadLimits(fileOf: 4 << 20)
    #expect(large.memoryBytes == 4 * Self.defaultMemory && large.steps == 4 * ReadLimits.leastSteps)
    #expect(ReadLimits(fileOf: .max).steps == .max)
  }

  /// A layer of zeros, which the coder stores in a bit each row, or of zeros but for one weight each row.
  private static func coded(rows: Int, columns: Int, isEmpty: Bool) throws -> [UInt8] {
    var builder = ModelBuilder(input: Shape(vector: columns))
    try builder.add(.dense(Dense(units: rows)))
    var model = try builder.build()
    for index in model.values.indices {
      model.values[index].element = .uint8
      model.values[index].quantization = .image
    }
    var weights = [Int8](repeating: 0, count: rows * columns)
    if !isEmpty { for row in 0..<rows { weights[row * columns] = 1 } }
    model.nodes[0].parameters = [
      Tensor(
        shape: [rows, columns], storage: .int8(weights),
        scales: [Scale](repeating: Scale(halfPower: -14)!, count: rows)),
      Tensor(shape: [rows], storage: .int32([Int32](repeating: 0, count: rows))),
    ]
    return try ModelWriter.write(model, packing: .coded).bytes
  }

  @Test func decisionsOfTheCoderCount() throws {
    let full = try Self.coded(rows: 8, columns: 3000, isEmpty: false)
    let empty = try Self.coded(rows: 8, columns: 3000, isEmpty: true)
    // A few bytes of graph, 64 decisions for each row's scale and bias; one decision per weight of a row with any.
    let limits = ReadLimits(steps: 5 * (8 * 64 + 60 * 8))
    _ = try ModelReader.read(empty, limits: limits)
    #expect(try reason(full, limits) == .stepLimit)
    _ = try ModelReader.read(full, limits: ReadLimits(steps: 5 * (8 * 64 + 60 * 8 + 8 * 3010)))
    // It stops within the row: after about a thousand of its weights at most.
    #expect(try reason(full, ReadLimits(steps: 5 * (8 * 64 + 60 * 8 + 1025))) == .stepLimit)
  }

  @Test func theCodersContextsCount() throws {
    let bytes = try Self.coded(rows: 1, columns: 3000, isEmpty: true)
    _ = try ModelReader.read(bytes, limits: ReadLimits(memoryBytes: 40_000))
    #expect(try reason(bytes, ReadLimits(memoryBytes: 20_000)) == .memoryLimit(20_000))
  }

  /// 1 weight, its 4-byte bias, and 64 for scale and checks in each row; 9 for the column.
  @Test func everyBiasOfCodedContentCounts() throws {
    let bytes = try Self.coded(rows: 1000, columns: 1, isEmpty: true)
    let prelude = try ModelReader.readDetailed(bytes).header.contentByteCount
    let memory = 1000 * (64 + 1 + 4) + 9 + 512 + prelude
    _ = try ModelReader.read(bytes, limits: ReadLimits(memoryBytes: memory))
    #expect(try reason(bytes, ReadLimits(memoryBytes: memory - 1)) == .memoryLimit(memory - 1))
  }

  /// The defaults' room in a 1024th of the size: 50 million parameters less one for each byte of content.
  @Test func theRoomFormatTellsIsThere() throws {
    let memory = ReadLimits(fileOf: 0).memoryBytes
    let steps = ReadLimits(fileOf: 0).steps
    #expect(memory / 1_000_000 == 50 && memory / 2 / 1_000_000 == 25 && steps / 3 / 1_000_000 == 11)
    let limits = ReadLimits(memoryBytes: memory >> 10, steps: steps >> 10)
    // What a node, a channel, its bias and the content's other bytes take.
    let rest = 700
    func layer(_ count: Int, _ weights: [UInt8]) throws -> [UInt8] {
      try Self.dense(inputs: count, units: 1, isQuantized: true, [0, 110] + weights + [0])
    }
    func raw(_ count: Int) throws -> [UInt8] { try layer(count, [1] + [UInt8](repeating: 1, count: count)) }
    let half = limits.memoryBytes / 2
    _ = try ModelReader.read(raw(half - rest), limits: limits)
    #expect(try reason(raw(half), limits) == .memoryLimit(limits.memoryBytes))
    _ = try ModelReader.read(layer(limits.memoryBytes - rest, [0]), limits: limits)
    #expect(try reason(layer(limits.memoryBytes, [0]), limits) == .memoryLimit(limits.memoryBytes))
    // A transposed matrix of two rows.
    func transposed(_ columns: Int) throws -> [UInt8] {
      let weights = [129] + [UInt8](repeating: 1, count: 2 * columns)
      return try Self.dense(inputs: columns, units: 2, isQuantized: true, [0, 110] + weights + [0])
    }
    _ = try ModelReader.read(transposed(limits.steps / 6), limits: limits)
    #expect(try reason(transposed(limits.steps / 6 + 1), limits) == .stepLimit)
  }

  @Test func aLongGraphIsRefusedBeforeItIsDecoded() throws {
    let bytes = try Self.coded(rows: 1, columns: 1, isEmpty: true)
    #expect(throws: ModelFormatError.self) { try ModelReader.read(bytes, limits: ReadLimits(steps: 100)) }
  }
}
