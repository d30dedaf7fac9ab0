/// Reads fields from bytes that may be hostile: every read is checked against the end.
///
/// Nothing is allocated but the slices' bookkeeping; offsets count from the array's first byte. Reads are not inlined:
/// a format has hundreds of them, and their time is nothing beside that of the data they lead to.
public struct ByteCursor: Sendable {
  /// The bytes being read, in full.
  public let bytes: [UInt8]
  /// The offset of the next byte to read.
  public private(set) var offset: Int
  /// The offset one past the last byte that may be read.
  public let end: Int

  /// A cursor over `bytes[range]`, or over all of `bytes`.
  public init(_ bytes: [UInt8], range: Range<Int>? = nil) {
    let range = range ?? 0..<bytes.count
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "The range lies outside the bytes.")
    self.bytes = bytes
    offset = range.lowerBound
    end = range.upperBound
  }

  /// The number of bytes not yet read.
  public var remaining: Int { end - offset }

  public var isAtEnd: Bool { offset == end }

  /// Skips `count` bytes and returns where they lie.
  @inline(never) public mutating func readRange(_ field: StaticString, count: Int) throws(ByteError) -> Range<Int> {
    guard count >= 0, count <= remaining else {
      throw ByteError(.truncated(needed: count, available: remaining), field, at: offset)
    }
    let range = offset..<offset + count
    offset += count
    return range
  }

  /// The next `count` bytes, without copying them.
  public mutating func readBytes(_ field: StaticString, count: Int) throws(ByteError) -> ArraySlice<UInt8> {
    let range = try readRange(field, count: count)
    return bytes[range]
  }

  /// All bytes not yet read, without copying them; none is a valid answer.
  public mutating func readRest() -> ArraySlice<UInt8> {
    let rest = bytes[offset..<end]
    offset = end
    return rest
  }

  @inline(never) public mutating func readByte(_ field: StaticString) throws(ByteError) -> UInt8 {
    guard offset < end else { throw ByteError(.truncated(needed: 1, available: 0), field, at: offset) }
    let byte = bytes[offset]
    offset += 1
    return byte
  }

  /// A little-endian unsigned integer.
  public mutating func read<T: FixedWidthInteger & UnsignedInteger>(
    _ field: StaticString, as type: T.Type = T.self
  ) throws(ByteError) -> T {
    T(truncatingIfNeeded: try readLittleEndian(field, byteCount: T.bitWidth / 8))
  }

  /// A big-endian unsigned integer.
  public mutating func readBigEndian<T: FixedWidthInteger & UnsignedInteger>(
    _ field: StaticString, as type: T.Type = T.self
  ) throws(ByteError) -> T {
    let value = try readLittleEndian(field, byteCount: T.bitWidth / 8)
    return T(truncatingIfNeeded: value).byteSwapped
  }

  @inline(never) private mutating func readLittleEndian(
    _ field: StaticString, byteCount: Int
  ) throws(ByteError) -> UInt64 {
    let range = try readRange(field, count: byteCount)
    var value: UInt64 = 0
    for index in range.reversed() { value = value << 8 | UInt64(bytes[index]) }
    return value
  }

  /// An unsigned LEB128 integer: seven bits a byte, lowest first, the top bit set on all but the last.
  ///
  /// Only the shortest form of a value is accepted, and at most 64 bits.
  @inline(never) public mutating func readVarint(_ field: StaticString) throws(ByteError) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard offset < end else {
        throw ByteError(.truncated(needed: offset - start + 1, available: offset - start), field, at: start)
      }
      let byte = bytes[offset]
      offset += 1
      let bits = UInt64(byte & 0x7f)
      if shift == 63 && byte > 1 { throw ByteError(.varintOverflow, field, at: start) }
      value |= bits << shift
      if byte & 0x80 == 0 {
        if byte == 0 && shift > 0 { throw ByteError(.varintNotCanonical, field, at: start) }
        return value
      }
      shift += 7
    }
  }

  /// A signed integer as a zigzag varint: 0, -1, 1, -2, ... are stored as 0, 1, 2, 3, ...
  public mutating func readSignedVarint(_ field: StaticString) throws(ByteError) -> Int64 {
    let value = try readVarint(field)
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A varint that counts or sizes something, refusing anything above `limit`.
  @inline(never) public mutating func readCount(_ field: StaticString, limit: Int) throws(ByteError) -> Int {
    let start = offset
    let value = try readVarint(field)
    guard value <= UInt64(limit) else {
      throw ByteError(.overLimit(value: value, limit: UInt64(limit)), field, at: start)
    }
    return Int(value)
  }

  /// Refuses bytes left over after the last field.
  public func expectEnd(_ field: StaticString) throws(ByteError) {
    guard isAtEnd else { throw ByteError(.trailingBytes(remaining), field, at: offset) }
  }
}
