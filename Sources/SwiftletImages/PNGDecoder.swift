import SwiftletBytes

/// Reads PNG images: gray and palette of 1 to 8 bits, RGB and either with alpha of 8 bits, not interlaced.
///
/// Every chunk's CRC is checked and the pixels must fill the image exactly. Ancillary chunks are
/// skipped, save tRNS, which becomes an alpha channel: gamma and color profiles are not applied.
public struct PNGDecoder {
  static var signature: [UInt8] { [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] }

  /// Whether the bytes start as every PNG file does.
  public static func recognizes(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature) }

  /// The header alone, checked against `pixelLimit`; the rest of the file is not looked at.
  public static func readHeader(
    _ bytes: [UInt8], pixelLimit: Int = Image.pixelLimit
  ) throws(ImageError) -> PNGHeader {
    try PNGDecoder(bytes, pixelLimit: pixelLimit).header
  }

  /// The whole image.
  ///
  /// Memory: about twice the image, allocated after the header's dimensions are checked against `pixelLimit`.
  public static func decode(_ bytes: [UInt8], pixelLimit: Int = Image.pixelLimit) throws(ImageError) -> Image {
    var decoder = try PNGDecoder(bytes, pixelLimit: pixelLimit)
    try decoder.readChunks()
    var rows = try decoder.inflateRows()
    try unfilter(&rows, header: decoder.header, at: decoder.imageData[0].lowerBound)
    return try decoder.expand(rows)
  }

  var cursor: ByteCursor
  var header: PNGHeader
  /// Where the content of each IDAT chunk lies.
  var imageData: [Range<Int>] = []
  var palette: Range<Int>?
  var transparency: Range<Int>?

  private struct Chunk {
    var type: UInt32
    var content: Range<Int>
    /// Where the chunk's length field lies.
    var offset: Int
  }

  private init(_ bytes: [UInt8], pixelLimit: Int) throws(ImageError) {
    if bytes.isEmpty { throw ImageError(.empty, at: 0) }
    guard Self.recognizes(bytes) else { throw ImageError(.notPNG, at: 0) }
    cursor = ByteCursor(bytes, range: Self.signature.count..<bytes.count)
    let chunk = try Self.readChunk(&cursor)
    guard chunk.type == ChunkType.header, chunk.content.count == 13 else {
      throw ImageError(.chunk(type: ChunkType.header), at: chunk.offset)
    }
    var fields = ByteCursor(bytes, range: chunk.content)
    header = try PNGHeader(&fields, pixelLimit: pixelLimit)
  }

  private static func readChunk(_ cursor: inout ByteCursor) throws(ImageError) -> Chunk {
    let offset = cursor.offset
    let length = try cursor.bigEndianWord("chunk length")
    let type = try cursor.bigEndianWord("chunk type")
    let content = try cursor.range("chunk content", count: Int(length))
    let stored = try cursor.bigEndianWord("chunk CRC")
    let computed = Zlib.crc32(cursor.bytes[content.lowerBound - 4..<content.upperBound])
    guard stored == computed else {
      throw ImageError(ByteError(.checksum(stored: stored, computed: computed), "chunk CRC", at: content.upperBound))
    }
    return Chunk(type: type, content: content, offset: offset)
  }

  /// Walks all chunks to IEND, noting where those that matter lie.
  private mutating func readChunks() throws(ImageError) {
    var previous = ChunkType.header
    while true {
      let chunk = try Self.readChunk(&cursor)
      let isValid: Bool
      switch chunk.type {
      case ChunkType.palette:
        isValid = palette == nil && imageData.isEmpty && isPaletteValid(chunk.content.count)
        palette = chunk.content
      case ChunkType.transparency:
        isValid = transparency == nil && imageData.isEmpty && isTransparencyValid(chunk.content.count)
        transparency = chunk.content
      case ChunkType.imageData:
        isValid =
          (imageData.isEmpty || previous == ChunkType.imageData) && (header.colorType != .palette || palette != nil)
        imageData.append(chunk.content)
      case ChunkType.end:
        guard !imageData.isEmpty else { throw ImageError(.chunk(type: ChunkType.imageData), at: chunk.offset) }
        guard chunk.content.isEmpty else { throw ImageError(.chunk(type: chunk.type), at: chunk.offset) }
        return try cursor.end("after IEND")
      default:
        // Bit 5 of the first letter tells chunks that may be skipped from those that must be understood.
        isValid = chunk.type & 0x2000_0000 != 0
      }
      guard isValid else { throw ImageError(.chunk(type: chunk.type), at: chunk.offset) }
      previous = chunk.type
    }
  }

  private func isPaletteValid(_ byteCount: Int) -> Bool {
    let isAllowed = header.colorType != .gray && header.colorType != .grayAlpha
    return isAllowed && byteCount % 3 == 0 && (1...256).contains(byteCount / 3)
  }

  private func isTransparencyValid(_ byteCount: Int) -> Bool {
    switch header.colorType {
    case .gray: byteCount == 2
    case .rgb: byteCount == 6
    case .palette: palette.map { byteCount <= $0.count / 3 } ?? false
    case .grayAlpha, .rgba: false
    }
  }

  /// The filtered rows, each after its filter byte: exactly as many bytes as the header implies.
  private func inflateRows() throws(ImageError) -> [UInt8] {
    let expected = (header.rowByteCount + 1) * header.height
    var stream: InflateStream
    do throws(ByteError) { stream = try InflateStream(.zlib, field: "IDAT") } catch { throw ImageError(error) }
    var failure: ByteError?
    var end = imageData[0].lowerBound
    // Room for one byte more shows data that goes on.
    let rows = [UInt8](unsafeUninitializedCapacity: expected + 1) { buffer, produced in
      produced = 0
      for range in imageData where failure == nil && produced <= expected {
        let room = UnsafeMutableBufferPointer(rebasing: buffer[produced..<(expected + 1)])
        cursor.bytes[range].withUnsafeBufferPointer { input in
          do throws(ByteError) {
            let step = try stream.inflate(input, into: room)
            produced += step.produced
            end = range.lowerBound + step.consumed
            if step.consumed < range.count && produced <= expected {
              failure = ByteError(.trailingBytes(range.count - step.consumed), "IDAT", at: end)
            }
          } catch { failure = ByteError(error.reason, "IDAT", at: range.lowerBound) }
        }
      }
    }
    if failure == nil && rows.count == expected && !stream.isFinished {
      failure = ByteError(.truncated(needed: 1, available: 0), "IDAT", at: end)
    }
    if failure == nil && rows.count != expected {
      failure = ByteError(.inflatedCount(expected: expected, actual: rows.count), "IDAT", at: end)
    }
    if let failure { throw ImageError(failure) }
    return rows
  }
}
