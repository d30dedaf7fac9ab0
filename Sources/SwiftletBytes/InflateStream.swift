import CSwiftletZlib

extension Zlib {
  /// What surrounds deflated data.
  public enum Wrapper: Sendable, Hashable {
    /// Nothing (RFC 1951).
    case raw
    /// Two header bytes and an Adler-32 (RFC 1950).
    case zlib
    /// Header, CRC-32 and size (RFC 1952).
    case gzip

    func windowBits(_ bits: Int32 = 15) -> Int32 {
      switch self {
      case .raw: -bits
      case .zlib: bits
      case .gzip: bits + 16
      }
    }
  }
}

/// Inflates piece by piece in bounded memory (about 40 KB), whatever the sizes of source and result.
public struct InflateStream: ~Copyable {
  // On the heap because zlib keeps the address of its stream.
  private let stream: UnsafeMutablePointer<z_stream>
  private let field: StaticString
  private let isGzip: Bool
  /// The number of source bytes consumed so far.
  public private(set) var consumed = 0
  /// Whether the end of the deflated data, with its checksum if it has one, has been read.
  public private(set) var isFinished = false

  /// - Throws: `.outOfMemory`.
  public init(_ wrapper: Zlib.Wrapper, field: StaticString) throws(ByteError) {
    self.field = field
    isGzip = wrapper == .gzip
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard swl_zlib_inflate_init(stream, wrapper.windowBits()) == Z_OK else {
      stream.deallocate()
      throw ByteError(.outOfMemory, field, at: 0)
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Inflates as much of `source` as fits into `output` and returns what was read and written.
  ///
  /// A gzip member that follows in `source` is taken as the data's continuation (RFC 1952, section 2.2); anything else
  /// behind the end stays unread, as gzip itself does it.
  /// Reads nothing once `isFinished`. When neither `source` nor `output` is exhausted, the data has ended.
  /// - Throws: `.corruptDeflate` or `.outOfMemory`; errors carry the offset in all source bytes given so far.
  public mutating func inflate(
    _ source: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
  ) throws(ByteError) -> (consumed: Int, produced: Int) {
    var read = 0
    var written = 0
    while !isFinished {
      // zlib counts in 32 bits.
      let sourceCount = min(source.count - read, 1 << 30)
      let outputCount = min(output.count - written, 1 << 30)
      guard sourceCount > 0 || outputCount > 0, let outputStart = output.baseAddress else { break }
      stream.pointee.next_in = source.baseAddress.map { UnsafeMutablePointer(mutating: $0 + read) }
      stream.pointee.avail_in = UInt32(sourceCount)
      stream.pointee.next_out = outputStart + written
      stream.pointee.avail_out = UInt32(outputCount)
      let code = CSwiftletZlib.inflate(stream, Z_NO_FLUSH)
      let readNow = sourceCount - Int(stream.pointee.avail_in)
      let writtenNow = outputCount - Int(stream.pointee.avail_out)
      read += readNow
      written += writtenNow
      consumed += readNow
      switch code {
      case Z_STREAM_END:
        if isGzip && source.count - read >= 2 && source[read] == 0x1f && source[read + 1] == 0x8b {
          inflateReset(stream)
        } else {
          isFinished = true
        }
      case Z_OK, Z_BUF_ERROR: if readNow == 0 && writtenNow == 0 { return (read, written) }
      case Z_MEM_ERROR: throw ByteError(.outOfMemory, field, at: consumed)
      default: throw ByteError(.corruptDeflate(code: code), field, at: consumed)
      }
    }
    return (read, written)
  }
}
