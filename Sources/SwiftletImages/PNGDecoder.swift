import SwiftletBytes

/// Reads PNG images: every color type, bit depth and interlacing of the PNG specification (third edition).
///
/// Samples of other depths become bytes by the specification's linear rescaling, floor(v * 255 / maximum + 0.5): 16 bits
/// lose their lower half so. tRNS becomes an alpha channel; its color is compared at the depth of the file, before that.
/// Gamma and color profiles are not applied.
///
/// Every CRC is checked and the pixels must fill the image exactly. As libpng does, the decoder passes over what cannot
/// change a pixel: ancillary chunks (damaged ones too, where they cannot have been tRNS), all that follows the deflated
/// image data's end in IDAT chunks, PLTE and tRNS behind image data, a palette of what is not indexed, a content or wrong
/// CRC of IEND, its absence, and bytes behind it. Where libpng makes its choice, with a tRNS of a wrong length or one too
/// many, rows too many or a wrong Adler-32, the file is refused: another program may show other pixels.
public struct PNGDecoder {
  static var signature: [UInt8] { [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] }

  /// Whether the bytes start as every PNG file does.
  public static func recognizes(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature) }

  /// The header alone; the rest of the file is not looked at.
  public static func readHeader(_ bytes: [UInt8]) throws(ImageError) -> PNGHeader { try PNGDecoder(bytes).header }

  /// The whole image.
  ///
  /// Memory: the image and two rows, allocated after the sizes of pixels and rows are checked against `decodeLimit`
  /// (nil: half the default for a file of this size).
  public static func decode(_ bytes: [UInt8], decodeLimit: DecodeLimit? = nil) throws(ImageError) -> Image {
    var decoder = try PNGDecoder(bytes)
    try decoder.readChunks()
    return try decoder.readPixels(decodeLimit ?? defaultLimit(bytes.count))
  }

  /// A PNG's byte takes about twice the time that one of another format takes: it is inflated, predicted, scaled.
  private static func defaultLimit(_ byteCount: Int) -> DecodeLimit {
    DecodeLimit(byteCount: DecodeLimit(fileOf: byteCount).byteCount / 2)
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
    /// Where the checksum is wrong.
    var damage: ByteError?

    /// Bit 5 of the first letter tells chunks that may be skipped from those that must be understood.
    var isAncillary: Bool { type & 0x2000_0000 != 0 }
  }

  private init(_ bytes: [UInt8]) throws(ImageError) {
    if bytes.isEmpty { throw ImageError(.empty, at: 0) }
    guard Self.recognizes(bytes) else {
      throw ImageError(FileKind.recognized(bytes).map { .otherKind($0) } ?? .notPNG, at: 0)
    }
    cursor = ByteCursor(bytes, range: Self.signature.count..<bytes.count)
    let chunk = try Self.readChunk(&cursor)
    guard chunk.type == ChunkType.header, chunk.content.count == 13 else {
      throw ImageError(.chunk(type: ChunkType.header), at: chunk.offset)
    }
    if let damage = chunk.damage { throw ImageError(damage) }
    var fields = ByteCursor(bytes, range: chunk.content)
    header = try PNGHeader(&fields)
  }

  private static func readChunk(_ cursor: inout ByteCursor) throws(ImageError) -> Chunk {
    let offset = cursor.offset
    let length = try cursor.bigEndianWord("chunk length")
    let type = try cursor.bigEndianWord("chunk type")
    let content = try cursor.range("chunk content", count: Int(length))
    let stored = try cursor.bigEndianWord("chunk CRC")
    let computed = Zlib.crc32(cursor.bytes[content.lowerBound - 4..<content.upperBound])
    var chunk = Chunk(type: type, content: content, offset: offset)
    if stored != computed {
      chunk.damage = ByteError(.checksum(stored: stored, computed: computed), "chunk CRC", at: content.upperBound)
    }
    return chunk
  }

  /// Walks all chunks to IEND, noting where those that matter lie.
  private mutating func readChunks() throws(ImageError) {
    var previous = ChunkType.header
    while imageData.isEmpty || !cursor.isAtEnd {
      let chunk = try Self.readChunk(&cursor)
      if let damage = chunk.damage, !isDispensable(chunk) { throw ImageError(damage) }
      let isValid: Bool
      switch chunk.type {
      case ChunkType.palette:
        isValid = !imageData.isEmpty || palette == nil && isPaletteValid(chunk.content.count)
        if imageData.isEmpty { palette = chunk.content }
      // Beside an alpha channel it means nothing.
      case ChunkType.transparency where header.colorType != .grayAlpha && header.colorType != .rgba:
        isValid = !imageData.isEmpty || transparency == nil && isTransparencyValid(chunk.content.count)
        if imageData.isEmpty { transparency = chunk.content }
      case ChunkType.imageData:
        isValid = header.colorType != .palette || palette != nil
        // Only the first chunks in a row are the image.
        if imageData.isEmpty || previous == ChunkType.imageData { imageData.append(chunk.content) }
      case ChunkType.end:
        guard !imageData.isEmpty else { throw ImageError(.chunk(type: ChunkType.imageData), at: chunk.offset) }
        return
      default: isValid = chunk.isAncillary
      }
      guard isValid else { throw ImageError(.chunk(type: chunk.type), at: chunk.offset) }
      previous = chunk.type
    }
  }

  /// Whether a chunk with a wrong checksum can be passed over: one that is not read, and is no tRNS whose letters were
  /// damaged.
  private func isDispensable(_ chunk: Chunk) -> Bool {
    if chunk.type == ChunkType.end { return true }
    let couldBeTransparency = chunk.type == ChunkType.transparency || isTransparencyValid(chunk.content.count)
    return chunk.isAncillary && !(imageData.isEmpty && couldBeTransparency)
  }

  private func isPaletteValid(_ byteCount: Int) -> Bool {
    header.colorType != .palette || byteCount % 3 == 0 && (1...256).contains(byteCount / 3)
  }

  private func isTransparencyValid(_ byteCount: Int) -> Bool {
    switch header.colorType {
    case .gray: byteCount == 2
    case .rgb: byteCount == 6
    case .palette: palette.map { byteCount <= $0.count / 3 } ?? false
    case .grayAlpha, .rgba: false
    }
  }
}
