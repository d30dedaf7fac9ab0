import SwiftletBytes

/// The facts of the format that are the same for every file.
public enum ModelFormat {
  /// "SWL".
  public static var magic: [UInt8] { [0x53, 0x57, 0x4C] }
  /// The version this code writes, and the latest it reads.
  public static var version: Int { 1 }
  /// Flag bit 0: values and weights are integers.
  static var quantizedFlag: UInt8 { 1 }
  /// Flag bit 1: the content is arithmetic coded, not deflated.
  static var codedFlag: UInt8 { 2 }
  /// Flag bits 4...7 may be ignored by a reader that does not know them.
  static var requiredFlags: UInt8 { 0x0F }
  static var checksumByteCount: Int { 4 }
  /// Deflate writes at most 258 bytes for each two bits it reads.
  static var largestExpansion: Int { 1032 }
}

/// What a file says about itself before it is inflated.
public struct ModelHeader: Hashable, Sendable {
  public var version: Int
  public var flags: UInt8
  /// Bytes of the inflated content; 0 where it is coded.
  public var contentByteCount: Int
  /// Where the deflated or coded content lies in the file.
  public var content: Range<Int>

  /// Whether the content is one arithmetic-coded stream.
  public var isCoded: Bool { flags & ModelFormat.codedFlag != 0 }

  public var isQuantized: Bool { flags & ModelFormat.quantizedFlag != 0 }
}

/// The container: magic, version, flags, the content's size, the deflated content, CRC-32.
enum Container {
  static func readHeader(_ bytes: [UInt8], limits: ReadLimits) throws(ModelFormatError) -> ModelHeader {
    guard !bytes.isEmpty else { throw ModelFormatError(.empty, "magic", at: 0, isInContent: false) }
    let magic = ModelFormat.magic
    guard bytes.count >= magic.count, bytes[0] == magic[0], bytes[1] == magic[1], bytes[2] == magic[2] else {
      throw ModelFormatError(.notAModel, "magic", at: 0, isInContent: false)
    }
    let end = max(bytes.count - ModelFormat.checksumByteCount, magic.count)
    var reader = FieldReader(bytes, range: magic.count..<end, isInContent: false)
    let version = Int(try reader.byte("version"))
    guard version <= ModelFormat.version else { throw reader.error(.newerVersion(version), "version", at: 3) }
    guard version >= 1 else { throw reader.error(.badValue, "version", at: 3) }
    let flags = try reader.byte("flags")
    let unknown = flags & ModelFormat.requiredFlags & ~(ModelFormat.quantizedFlag | ModelFormat.codedFlag)
    guard unknown == 0 else { throw reader.error(.unknownFlags(unknown), "flags", at: 4) }
    if flags & ModelFormat.codedFlag != 0 {
      guard flags & ModelFormat.quantizedFlag != 0 else { throw reader.error(.badValue, "flags", at: 4) }
      return ModelHeader(version: version, flags: flags, contentByteCount: 0, content: reader.offset..<end)
    }
    let count = try reader.count("content size", limit: limits.contentBytes)
    return ModelHeader(version: version, flags: flags, contentByteCount: count, content: reader.offset..<end)
  }

  /// Checks the checksum of a file whose header has been read.
  static func check(_ bytes: [UInt8], _ header: ModelHeader) throws(ModelFormatError) {
    let body = bytes.count - ModelFormat.checksumByteCount
    guard body >= header.content.lowerBound else {
      let missing = header.content.lowerBound + ModelFormat.checksumByteCount
      throw ModelFormatError(
        .bytes(.truncated(needed: missing, available: bytes.count)), "checksum", at: bytes.count, isInContent: false)
    }
    var stored: UInt32 = 0
    for index in (0..<4).reversed() { stored = stored << 8 | UInt32(bytes[body + index]) }
    let computed = Zlib.crc32(bytes[..<body])
    guard stored == computed else {
      throw ModelFormatError(
        .bytes(.checksum(stored: stored, computed: computed)), "checksum", at: body, isInContent: false)
    }
  }

  /// Inflates the content of a file whose checksum is right.
  static func inflate(
    _ bytes: [UInt8], _ header: ModelHeader, limits: ReadLimits
  ) throws(ModelFormatError) -> [UInt8] {
    let reachable = header.content.count.multipliedReportingOverflow(by: ModelFormat.largestExpansion)
    let limit = reachable.overflow ? limits.contentBytes : min(limits.contentBytes, reachable.partialValue)
    // A size that the deflated bytes cannot have is damage, and no limit to be lifted.
    guard header.contentByteCount <= limits.memoryBytes || header.contentByteCount > limit else {
      throw ModelFormatError(.memoryLimit(limits.memoryBytes), "content size", at: 5, isInContent: false)
    }
    do {
      return try Zlib.inflate(
        bytes[header.content], count: header.contentByteCount, limit: limit, wrapper: .raw, field: "content")
    } catch { throw ModelFormatError(error, isInContent: false) }
  }

  /// The whole file around `content`, deflated as small as zlib can.
  ///
  /// `blockEnds` are offsets in the content where a new kind of data begins and a deflate block may end.
  static func write(
    _ content: [UInt8], flags: UInt8, blockEnds: [Int], effort: Zlib.Effort
  ) throws(ModelFormatError) -> [UInt8] {
    var writer = beginning(flags: flags)
    writer.writeCount(content.count)
    do { writer.write(bytes: try Zlib.deflate(content, wrapper: .raw, effort: effort, blockEnds: blockEnds)) } catch {
      throw ModelFormatError(error, isInContent: false)
    }
    writer.write(Zlib.crc32(writer.bytes))
    return writer.bytes
  }

  /// The whole file around a coded stream.
  static func write(coded stream: [UInt8], flags: UInt8) -> [UInt8] {
    var writer = beginning(flags: flags | ModelFormat.codedFlag)
    writer.write(bytes: stream)
    writer.write(Zlib.crc32(writer.bytes))
    return writer.bytes
  }

  private static func beginning(flags: UInt8) -> ByteWriter {
    var writer = ByteWriter()
    writer.write(bytes: ModelFormat.magic)
    writer.write(byte: UInt8(ModelFormat.version))
    writer.write(byte: flags)
    return writer
  }
}
