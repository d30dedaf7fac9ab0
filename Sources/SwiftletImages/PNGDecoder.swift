import SwiftletBytes

/// Reads PNG images: every color type, bit depth and interlacing of the PNG specification (third edition).
///
/// Samples of other depths become bytes by the specification's linear rescaling, floor(v * 255 / maximum + 0.5): 16 bits
/// lose their lower half so. tRNS becomes an alpha channel; its color is compared at the depth of the file, before that.
/// Gamma and color profiles are not applied.
///
/// Every CRC is checked and the pixels must fill the image exactly. As libpng does, the decoder passes over ancillary
/// chunks (damaged ones too, where they cannot have been tRNS), bytes behind IEND and behind the deflated image data.
public struct PNGDecoder {
  static var signature: [UInt8] { [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] }

  /// Whether the bytes start as every PNG file does.
  public static func recognizes(_ bytes: [UInt8]) -> Bool { bytes.starts(with: signature) }

  /// The header alone; the rest of the file is not looked at.
  public static func readHeader(_ bytes: [UInt8]) throws(ImageError) -> PNGHeader { try PNGDecoder(bytes).header }

  /// The whole image.
  ///
  /// Memory: the image and two rows, allocated after the sizes of pixels and rows are checked against `decodeLimit`
  /// (nil: the default for a file of this size).
  public static func decode(_ bytes: [UInt8], decodeLimit: DecodeLimit? = nil) throws(ImageError) -> Image {
    var decoder = try PNGDecoder(bytes)
    try decoder.readChunks()
    return try decoder.readPixels(decodeLimit ?? DecodeLimit(fileOf: bytes.count))
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
      throw ImageError(FileKind.recognized(bytes).map { .otherKind($0, couldBeRaw: false) } ?? .notPNG, at: 0)
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
    while true {
      let chunk = try Self.readChunk(&cursor)
      if let damage = chunk.damage, !isDispensable(chunk) { throw ImageError(damage) }
      let isValid: Bool
      switch chunk.type {
      case ChunkType.palette:
        isValid = palette == nil && imageData.isEmpty && isPaletteValid(chunk.content.count)
        palette = chunk.content
      // Beside an alpha channel it means nothing.
      case ChunkType.transparency where header.colorType != .grayAlpha && header.colorType != .rgba:
        isValid = transparency == nil && imageData.isEmpty && isTransparencyValid(chunk.content.count)
        transparency = chunk.content
      case ChunkType.imageData:
        isValid =
          (imageData.isEmpty || previous == ChunkType.imageData) && (header.colorType != .palette || palette != nil)
        imageData.append(chunk.content)
      case ChunkType.end:
        guard !imageData.isEmpty else { throw ImageError(.chunk(type: ChunkType.imageData), at: chunk.offset) }
        guard chunk.content.isEmpty else { throw ImageError(.chunk(type: chunk.type), at: chunk.offset) }
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
    let couldBeTransparency = imageData.isEmpty && isTransparencyValid(chunk.content.count)
    return chunk.isAncillary && chunk.type != ChunkType.transparency && !couldBeTransparency
  }

  /// A palette of gray pixels means nothing.
  private func isPaletteValid(_ byteCount: Int) -> Bool {
    header.channels < 3 || byteCount % 3 == 0 && (1...256).contains(byteCount / 3)
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
