/// Why bytes could not be read: the reason, the field being read, and where it starts.
public struct ByteError: Error, Sendable {
  public enum Reason: Hashable, Sendable {
    /// The field needs more bytes than are left.
    case truncated(needed: Int, available: Int)
    /// A count or size above its stated cap; nothing was allocated for it.
    case overLimit(value: UInt64, limit: UInt64)
    /// A variable-length integer that does not fit in 64 bits.
    case varintOverflow
    /// A variable-length integer with superfluous zero bytes.
    case varintNotCanonical
    /// Bytes left over after the last field.
    case trailingBytes(Int)
    /// Deflated data that zlib refuses, with zlib's code.
    case corruptDeflate(code: Int32)
    /// Deflated data that ends after `actual` bytes, or, with `actual > expected`, goes on beyond `expected`.
    case inflatedCount(expected: Int, actual: Int)
    /// The stored checksum is not that of the bytes.
    case checksum(stored: UInt32, computed: UInt32)
    /// zlib could not get the memory it needs.
    case outOfMemory
  }

  public var reason: Reason
  /// The field's name in the format's specification.
  public var field: StaticString
  /// The byte at which the field starts, from the start of the bytes being read.
  public var offset: Int

  public init(_ reason: Reason, _ field: StaticString, at offset: Int) {
    self.reason = reason
    self.field = field
    self.offset = offset
  }
}
