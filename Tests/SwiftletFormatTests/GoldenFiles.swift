import SwiftletBytes
import SwiftletFormat
import SwiftletModel

/// The files of models/goldens, told from scratch. SWIFTLET_WRITE_GOLDENS=1 swift test --filter GoldenFileTests
/// writes them anew.
enum GoldenFiles {
  struct Invalid {
    var name: String
    var bytes: [UInt8]
    var reason: ModelFormatError.Reason
    var field: String
    /// Nil where zlib's buffering decides it.
    var offset: Int?
  }

  static let folder: String = {
    let here = "\(#filePath)"
    let root = here.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/" + root + "/models/goldens"
  }()

  static func read(_ name: String) throws(FileError) -> [UInt8] {
    let path = Array("\(folder)/\(name).swl".utf8CString)
    return try FileBytes.read(path, limit: 1 << 20)
  }

  static func write(_ bytes: [UInt8], _ name: String) throws(FileError) {
    let path = Array("\(folder)/\(name).swl".utf8CString)
    try FileBytes.write(bytes, to: path, replacing: true)
  }

  /// The inflated content of a valid file.
  static func content(_ bytes: [UInt8]) throws -> [UInt8] {
    let header = try ModelReader.readHeader(bytes)
    return try Zlib.inflate(
      bytes[header.content], count: header.contentByteCount, limit: 1 << 20, wrapper: .raw, field: "content")
  }

  /// A file around `content`, its checksum right; `size` overrides the declared size.
  static func file(version: UInt8 = 1, flags: UInt8 = 1, size: UInt64? = nil, _ content: [UInt8]) throws -> [UInt8] {
    var writer = ByteWriter()
    writer.write(text: "SWL")
    writer.write(byte: version)
    writer.write(byte: flags)
    writer.writeVarint(size ?? UInt64(content.count))
    writer.write(bytes: try Zlib.deflate(content, wrapper: .raw, effort: .fast))
    return sealed(writer.bytes)
  }

  /// `bytes` with the checksum over them appended.
  static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(bytes: bytes)
    writer.write(Zlib.crc32(bytes))
    return writer.bytes
  }

  static func invalid() throws -> [Invalid] {
    // The file rather than a fresh one, so that checksums do not depend on this machine's zlib.
    let example = try read("example")
    let content = try content(example)
    return try invalidCoded() + invalidHeaders(example, content) + damaged(example, content) + hostile(example, content)
  }

  private static func make(
    _ name: String, _ bytes: [UInt8], _ reason: ModelFormatError.Reason, _ field: String, at offset: Int?
  ) -> Invalid { Invalid(name: "invalid-" + name, bytes: bytes, reason: reason, field: field, offset: offset) }

  private static func invalidCoded() throws -> [Invalid] {
    let body = Array(try read("coded-example").dropLast(4))
    return [
      make("coded-float", sealed([0x53, 0x57, 0x4C, 1, 2] + body.dropFirst(5)), .badValue, "flags", at: 4),
      make("coded-trailing", sealed(body + [1]), .bytes(.trailingBytes(1)), "coded content", at: body.count),
      make(
        "coded-truncated", sealed(Array(body.prefix(20))),
        .bytes(.truncated(needed: 16, available: 15)), "graph byte count", at: 5),
    ]
  }

  private static func invalidHeaders(_ example: [UInt8], _ content: [UInt8]) throws -> [Invalid] {
    [
      make("empty", [], .empty, "magic", at: 0),
      make("bad-magic", sealed([0x53, 0x57, 0x4D] + example.dropLast(4).dropFirst(3)), .notAModel, "magic", at: 0),
      make("newer-version", try file(version: 2, content), .newerVersion(2), "version", at: 3),
      make("version-zero", try file(version: 0, content), .badValue, "version", at: 3),
      make("unknown-flag", try file(flags: 5, content), .unknownFlags(4), "flags", at: 4),
    ]
  }

  private static func damaged(_ example: [UInt8], _ content: [UInt8]) throws -> [Invalid] {
    let body = Array(example.dropLast(4))
    let stored = example.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    var wrongSum = example
    wrongSum[wrongSum.count - 1] ^= 1
    let trailing = example + [0]
    let shifted = trailing.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let trailingSum = Zlib.crc32(trailing.dropLast(4))
    return [
      make(
        "checksum", wrongSum, .bytes(.checksum(stored: stored ^ 0x0100_0000, computed: stored)), "checksum",
        at: body.count),
      make(
        "truncated", Array(example.prefix(4)), .bytes(.truncated(needed: 1, available: 0)), "version", at: 3),
      make(
        "trailing", trailing, .bytes(.checksum(stored: shifted, computed: trailingSum)), "checksum",
        at: trailing.count - 4),
      make(
        "trailing-deflate", sealed(body + [0]), .bytes(.trailingBytes(1)), "content", at: body.count),
      make(
        "trailing-content", try file(content + [0]), .bytes(.trailingBytes(1)), "end of content", at: content.count),
    ]
  }

  private static func hostile(_ example: [UInt8], _ content: [UInt8]) throws -> [Invalid] {
    let wide = dense(onSide: 1024)
    let tooLarge: [UInt8] = [1, 8, 8, 1, 0, 1, 3, 0, 9, 0, 0]
    return [
      make(
        "zip-bomb", try file(size: 100, [UInt8](repeating: 0, count: 1 << 20)),
        .bytes(.inflatedCount(expected: 100, actual: 101)), "content", at: nil),
      make(
        "huge-size", try file(size: 1 << 40, content), .bytes(.overLimit(value: 1 << 40, limit: 1 << 28)),
        "content size", at: 5),
      make(
        "size-beyond-deflate", sealed([0x53, 0x57, 0x4C, 1, 1, 0x80, 0x80, 0x80, 0x40, 3, 0]),
        .bytes(.overLimit(value: 1 << 27, limit: 2 * 1032)), "content", at: 9),
      // The parameters are refused before their first byte, after an absent output list and empty metadata.
      make(
        "huge-weights", try file(wide), .graph(GraphError(.overLimit, node: 0)), "parameters", at: wide.count - 2),
      make(
        "huge-activations", try file(dense(onSide: 4096)), .graph(GraphError(.overLimit, node: 0)), "node", at: 8),
      make(
        "unknown-tag", try file([1, 2, 2, 1, 0, 1, 13, 0]), .unknownValue(13), "node tag", at: 6),
      make(
        "bad-graph", try file(tooLarge),
        .graph(GraphError(.shape(.windowLargerThanInput(kernel: 9, input: 8)), node: 0)), "node",
        at: 6),
      make(
        "size-mismatch", try file(size: UInt64(content.count + 1), content),
        .bytes(.inflatedCount(expected: content.count + 1, actual: content.count)), "content",
        at: example.count - 4),
    ]
  }

  /// One dense node of 2^24 units, "all zero": on 2^24 inputs 2^48 weights, on 2^28 too many activations already.
  private static func dense(onSide side: UInt64) -> [UInt8] {
    var huge = ByteWriter()
    for value in [1, side, side, 16] { huge.writeVarint(value) }
    huge.write(bytes: [0, 1, 2, 8])
    huge.writeVarint(1 << 24)
    huge.write(bytes: [0, 0, 0, 0])
    return huge.bytes
  }
}
