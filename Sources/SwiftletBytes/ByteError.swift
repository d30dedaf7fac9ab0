/// Why bytes could not be read: the reason, the field being read, and where it starts.
public struct ByteError: Error, Sendable {
  public indirect enum Reason: Hashable, Sendable {
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

  /// Boxed: an error of one word takes little code where it only passes through.
  private indirect enum Facts: Sendable { case facts(Reason, field: StaticString, offset: Int) }
  private let facts: Facts

  public var reason: Reason {
    switch facts {
    case .facts(let reason, _, _): reason
    }
  }
  /// The field's name in the format's specification.
  public var field: StaticString {
    switch facts {
    case .facts(_, let field, _): field
    }
  }
  /// The byte at which the field starts, from the start of the bytes being read.
  public var offset: Int {
    switch facts {
    case .facts(_, _, let offset): offset
    }
  }

  @inline(never) public init(_ reason: Reason, _ field: StaticString, at offset: Int) {
    facts = .facts(reason, field: field, offset: offset)
  }
}
