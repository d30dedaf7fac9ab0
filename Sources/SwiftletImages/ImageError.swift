import SwiftletBytes

/// Why an image, or a file of images, could not be read: the reason and the byte where it was seen.
public struct ImageError: Error, Sendable {
  public indirect enum Reason: Sendable {
    /// No bytes at all.
    case empty
    /// Not a PNG, PNM, IDX or gzip file, and not `expectedByteCount` raw bytes or a multiple of it.
    case unknownFormat(byteCount: Int, expectedByteCount: Int)
    /// Raw bytes that are not `expectedByteCount` or a multiple of it, and maybe are a file of a known kind.
    case rawByteCount(byteCount: Int, expectedByteCount: Int, FileKind?)
    /// A file of another kind than is wanted.
    case otherKind(FileKind)
    /// Bytes of which only the content speaks against raw pixels, and how; those of a file that `hasName` can be given
    /// another one.
    case couldBeRaw(Reason, hasName: Bool)
    /// The bytes do not start as a PNG file does.
    case notPNG
    /// A field that is truncated or over its limit, or deflated data that is corrupt.
    case bytes(ByteError)
    /// Width, height or their product is zero or above the limit.
    case dimensions(width: UInt64, height: UInt64)
    /// Decoding would make more bytes than the limit; nothing was allocated for them.
    case overLimit(byteCount: Int, limit: Int)
    /// The file's length does not agree with its header.
    case byteCount(actual: Int, expected: Int)

    /// A PNG chunk that is missing, repeated, out of order, of a wrong length, or unknown but critical;
    /// `type` is its four letters.
    case chunk(type: UInt32)
    /// A PNG header with an unknown compression or filter method, or an impossible depth and color type.
    case invalidPNGHeader
    /// A PNG row whose filter is not 0...4.
    case rowFilter(UInt8)
    /// A PNG pixel beyond its palette.
    case paletteIndex(UInt8)

    /// A PNM header that is not numbers, white space and comments, or a sample above the maximum.
    case invalidPNM
    /// A PNM header that seems to end in CR and LF, where only one byte separates it from the pixels.
    case pnmLineEnd
    /// A PNM of several images where one is wanted.
    case severalImages

    /// The bytes do not start as an IDX file does.
    case notIDX
    /// An IDX file whose elements are not unsigned bytes (0x08).
    case idxElementType(UInt8)
    /// An IDX file with another number of dimensions than is wanted.
    case idxDimensionCount(Int)
    /// An IDX file whose header promises more elements than the limit; nothing was allocated for them.
    case idxElementCount(limit: Int)

    /// An image of another size or number of channels than the model takes; nothing is resized or converted.
    case wrongSize(
      width: Int, height: Int, channels: Int, expectedWidth: Int, expectedHeight: Int, expectedChannels: Int)
    /// An image with transparent pixels for a model without an alpha channel.
    case transparent

    /// Whether the file is what it seems to be, and only not what is wanted.
    var isMisfit: Bool {
      switch self {
      case .wrongSize, .transparent, .overLimit, .idxDimensionCount, .empty, .severalImages: true
      default: false
      }
    }
  }

  public var reason: Reason
  /// The byte at which the offending field starts, from the file's first byte.
  public var offset: Int

  public init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  @inline(never) init(_ error: ByteError) { self.init(.bytes(error), at: error.offset) }
}

extension DecodeLimit {
  /// Refuses to make `byteCount` bytes of a file; `offset` is where the file asks for them.
  func check(_ byteCount: Int, at offset: Int) throws(ImageError) {
    guard byteCount <= self.byteCount else {
      throw ImageError(.overLimit(byteCount: byteCount, limit: self.byteCount), at: offset)
    }
  }
}

// The cursor's reads, with their errors as image errors.
extension ByteCursor {
  mutating func bigEndianWord(_ field: StaticString) throws(ImageError) -> UInt32 {
    do throws(ByteError) { return try readBigEndian(field) } catch { throw ImageError(error) }
  }

  mutating func byte(_ field: StaticString) throws(ImageError) -> UInt8 {
    do throws(ByteError) { return try readByte(field) } catch { throw ImageError(error) }
  }

  mutating func range(_ field: StaticString, count: Int) throws(ImageError) -> Range<Int> {
    do throws(ByteError) { return try readRange(field, count: count) } catch { throw ImageError(error) }
  }
}
