/// Writes the fields that `ByteCursor` reads.
public struct ByteWriter: Sendable {
  public var bytes: [UInt8] = []

  public init() {}

  public var count: Int { bytes.count }

  public mutating func write(byte: UInt8) { bytes.append(byte) }

  public mutating func write(bytes more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  /// The UTF-8 bytes of a fixed text, without a terminator.
  @inline(never) public mutating func write(text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  /// A little-endian unsigned integer of its type's size.
  public mutating func write<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    for index in 0..<T.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: value >> T(index * 8))) }
  }

  /// A big-endian unsigned integer of its type's size.
  public mutating func writeBigEndian<T: FixedWidthInteger & UnsignedInteger>(_ value: T) { write(value.byteSwapped) }

  /// An unsigned LEB128 integer in its shortest form, 1 to 10 bytes.
  public mutating func writeVarint(_ value: UInt64) {
    var rest = value
    while rest > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// A signed integer as a zigzag varint.
  public mutating func writeSignedVarint(_ value: Int64) {
    writeVarint(UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  /// A count as a varint; it must not be negative.
  public mutating func writeCount(_ value: Int) { writeVarint(UInt64(value)) }

  /// The decimal digits of an integer, as text.
  public mutating func writeDecimal(_ value: some FixedWidthInteger) {
    writeDecimal(isNegative: value < 0, UInt64(value.magnitude))
  }

  // Not generic: one copy of the code serves all integers.
  @inline(never) private mutating func writeDecimal(isNegative: Bool, _ magnitude: UInt64) {
    if isNegative { bytes.append(UInt8(ascii: "-")) }
    var rest = magnitude
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }
  /// A fixed text with an integer in it.
  public mutating func write(text before: StaticString, _ value: some FixedWidthInteger, _ after: StaticString) {
    write(text: before)
    writeDecimal(value)
    write(text: after)
  }
}
