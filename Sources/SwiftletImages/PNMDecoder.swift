import SwiftletBytes

/// Reads images of Netpbm, one after the other: bitmaps (P1, P4), gray (P2, P5) and RGB (P3, P6), as text or binary,
/// with maximum values up to 65535.
///
/// Samples become bytes by linear rescaling, floor(v * 255 / maximum + 0.5); a bitmap's ones are black. Comments and
/// white space are read as Netpbm's own programs do: a comment is as good as the end of its line, and white space may
/// follow an image.
public struct PNMDecoder {
  public struct Header: Hashable, Sendable {
    public var width, height: Int
    /// 1 or 3.
    public var channels: Int
    /// Where the image starts in the file.
    public var offset: Int
    /// The value of white, 1 to 65535.
    var maximum = 1
    var isText, isBitmap: Bool

    var sampleCount: Int { width * height * channels }

    /// The bytes of binary samples, or the least that text takes: a digit each and, save in bitmaps, a space between.
    var leastByteCount: Int {
      if isText { return isBitmap ? sampleCount : sampleCount * 2 - 1 }
      return isBitmap ? (width + 7) / 8 * height : maximum > 255 ? sampleCount * 2 : sampleCount
    }
  }

  /// Whether the bytes start as one of the six formats does.
  public static func recognizes(_ bytes: [UInt8]) -> Bool { startsImage(bytes, at: 0) }

  private static func startsImage(_ bytes: [UInt8], at offset: Int) -> Bool {
    guard bytes.count >= offset + 3, bytes[offset] == UInt8(ascii: "P") else { return false }
    let next = bytes[offset + 2]
    return (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(bytes[offset + 1])
      && (isSpace(next) || next == UInt8(ascii: "#"))
  }

  /// The only image of a file.
  public static func decode(_ bytes: [UInt8], decodeLimit: DecodeLimit? = nil) throws(ImageError) -> Image {
    var decoder = try PNMDecoder(bytes, decodeLimit: decodeLimit)
    guard let header = try decoder.nextHeader() else { throw ImageError(.invalidPNM, at: 0) }
    let pixels = try decoder.readPixels(header)
    if let next = try decoder.nextHeader() { throw ImageError(.severalImages, at: next.offset) }
    return Image(width: header.width, height: header.height, channels: header.channels, pixels: pixels)
  }

  private var cursor: ByteCursor
  private let limit: DecodeLimit
  /// The byte behind the number read last.
  private var terminator: UInt8 = 0

  /// A decoder that stands before the first image.
  public init(_ bytes: [UInt8], decodeLimit: DecodeLimit? = nil) throws(ImageError) {
    if bytes.isEmpty { throw ImageError(.empty, at: 0) }
    guard Self.recognizes(bytes) else { throw ImageError(.invalidPNM, at: 0) }
    cursor = ByteCursor(bytes)
    limit = decodeLimit ?? DecodeLimit(fileOf: bytes.count)
  }

  /// The next image's header, or nil at the end; its pixels must be read before the header after it.
  public mutating func nextHeader() throws(ImageError) -> Header? {
    while !cursor.isAtEnd, Self.isSpace(cursor.bytes[cursor.offset]) { _ = try cursor.byte("PNM end") }
    let offset = cursor.offset
    if cursor.isAtEnd { return nil }
    guard Self.startsImage(cursor.bytes, at: offset) else {
      throw ImageError(ByteError(.trailingBytes(cursor.remaining), "PNM", at: offset))
    }
    _ = try cursor.byte("PNM magic")
    let format = try cursor.byte("PNM magic") - UInt8(ascii: "1")
    var header = Header(
      width: try readNumber("PNM width"), height: try readNumber("PNM height"), channels: format % 3 == 2 ? 3 : 1,
      offset: offset, isText: format < 3, isBitmap: format % 3 == 0)
    let sides = 1...Image.sideLimit
    guard sides.contains(header.width), sides.contains(header.height), header.width * header.height <= Image.pixelLimit
    else { throw ImageError(.dimensions(width: UInt64(header.width), height: UInt64(header.height)), at: offset) }
    try limit.check(header.sampleCount, at: offset)
    if !header.isBitmap {
      let start = cursor.offset
      header.maximum = try readNumber("PNM maximum")
      guard (1...0xFFFF).contains(header.maximum) else { throw ImageError(.invalidPNM, at: start) }
    }
    return header
  }

  /// The pixels behind the header that was read last.
  public mutating func readPixels(_ header: Header) throws(ImageError) -> [UInt8] {
    let start = cursor.offset
    let byteCount = header.leastByteCount
    guard cursor.remaining >= byteCount else {
      throw ImageError(.byteCount(actual: cursor.remaining, expected: byteCount), at: start)
    }
    // The LF of a file with such line ends would be the first pixel, and the last pixel white space behind the image.
    if !header.isText, terminator == 13, cursor.remaining > byteCount,
      cursor.remaining == byteCount + 1 || cursor.bytes[start] == 10,
      !Self.startsImage(cursor.bytes, at: start + byteCount)
    {
      throw ImageError(.pnmLineEnd, at: start)
    }
    let scale = SampleScale(maximum: header.maximum)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(header.sampleCount)
    for index in 0..<header.sampleCount {
      let offset = cursor.offset
      let sample = header.isText ? try readText(header) : readBinary(header, index, from: start)
      guard sample <= header.maximum else { throw ImageError(.invalidPNM, at: offset) }
      pixels.append(scale(header.isBitmap ? 1 - sample : sample))
    }
    if !header.isText { _ = try cursor.range("PNM pixels", count: byteCount) }
    return pixels
  }

  private mutating func readText(_ header: Header) throws(ImageError) -> Int {
    guard header.isBitmap else { return try readNumber("PNM sample") }
    return Int(try nextInk("PNM sample") &- UInt8(ascii: "0"))
  }

  private func readBinary(_ header: Header, _ index: Int, from start: Int) -> Int {
    let bytes = cursor.bytes
    if header.isBitmap {
      let (y, x) = index.quotientAndRemainder(dividingBy: header.width)
      return Int(bytes[start + y * ((header.width + 7) / 8) + x / 8]) >> (7 - x % 8) & 1
    }
    guard header.maximum > 255 else { return Int(bytes[start + index]) }
    return Int(bytes[start + 2 * index]) << 8 | Int(bytes[start + 2 * index + 1])
  }

  /// The next byte; a comment, from # on, reads as the end of its line.
  private mutating func nextByte(_ field: StaticString) throws(ImageError) -> UInt8 {
    var byte = try cursor.byte(field)
    if byte == UInt8(ascii: "#") {
      repeat { byte = try cursor.byte(field) } while byte != 10 && byte != 13
    }
    return byte
  }

  /// The next byte that is not white space.
  private mutating func nextInk(_ field: StaticString) throws(ImageError) -> UInt8 {
    while true {
      let byte = try nextByte(field)
      if !Self.isSpace(byte) { return byte }
    }
  }

  /// The next decimal number, with the byte behind it: white space or the end of the file.
  private mutating func readNumber(_ field: StaticString) throws(ImageError) -> Int {
    var byte = try nextInk(field)
    let start = cursor.offset - 1
    var value = 0
    while true {
      guard (48...57).contains(byte), value < 1 << 24 else { throw ImageError(.invalidPNM, at: start) }
      value = value * 10 + Int(byte - 48)
      if cursor.isAtEnd { return value }
      byte = try nextByte(field)
      if Self.isSpace(byte) {
        terminator = byte
        return value
      }
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
