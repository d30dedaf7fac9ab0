import SwiftletBytes

/// Reads gray and RGB images of Netpbm: P5 and P6 (binary), P2 and P3 (text), with a maximum value of 255.
public enum PNMDecoder {
  public struct Header: Hashable, Sendable {
    public var width, height: Int
    /// 1 or 3.
    public var channels: Int
    var isText: Bool
  }

  /// Whether the bytes start as one of the four formats does.
  public static func recognizes(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 3, bytes[0] == UInt8(ascii: "P"), isSpace(bytes[2]) || bytes[2] == UInt8(ascii: "#") else {
      return false
    }
    return [UInt8(ascii: "2"), UInt8(ascii: "3"), UInt8(ascii: "5"), UInt8(ascii: "6")].contains(bytes[1])
  }

  /// The header alone, checked against `pixelLimit`.
  public static func readHeader(_ bytes: [UInt8], pixelLimit: Int = Image.pixelLimit) throws(ImageError) -> Header {
    try start(bytes, pixelLimit: pixelLimit).header
  }

  /// The whole image; the pixels must end where the file does.
  public static func decode(_ bytes: [UInt8], pixelLimit: Int = Image.pixelLimit) throws(ImageError) -> Image {
    var (header, cursor) = try start(bytes, pixelLimit: pixelLimit)
    let count = header.width * header.height * header.channels
    let pixels: [UInt8]
    if header.isText {
      pixels = try readText(&cursor, count: count)
    } else {
      guard cursor.remaining == count else {
        throw ImageError(.byteCount(actual: cursor.remaining, expected: count), at: cursor.offset)
      }
      pixels = Array(cursor.readRest())
    }
    return Image(width: header.width, height: header.height, channels: header.channels, pixels: pixels)
  }

  /// The header, and a cursor at the first byte of the pixels.
  private static func start(
    _ bytes: [UInt8], pixelLimit: Int
  ) throws(ImageError) -> (header: Header, pixels: ByteCursor) {
    if bytes.isEmpty { throw ImageError(.empty, at: 0) }
    guard recognizes(bytes) else { throw ImageError(.invalidPNM, at: 0) }
    var cursor = ByteCursor(bytes, range: 2..<bytes.count)
    let width = try readNumber(&cursor, "PNM width")
    let height = try readNumber(&cursor, "PNM height")
    let sides = 1...Image.sideLimit
    guard sides.contains(width), sides.contains(height), width * height <= pixelLimit else {
      throw ImageError(.dimensions(width: UInt64(width), height: UInt64(height)), at: 2)
    }
    let maximumOffset = cursor.offset
    let maximum = try readNumber(&cursor, "PNM maximum")
    guard maximum == 255 else { throw ImageError(.pnmMaximum(maximum), at: maximumOffset) }
    // Exactly one white-space byte lies between the maximum and binary pixels.
    let space = try cursor.byte("PNM header")
    guard isSpace(space) else { throw ImageError(.invalidPNM, at: cursor.offset - 1) }
    let isGray = bytes[1] == UInt8(ascii: "2") || bytes[1] == UInt8(ascii: "5")
    let isText = bytes[1] < UInt8(ascii: "4")
    return (Header(width: width, height: height, channels: isGray ? 1 : 3, isText: isText), cursor)
  }

  private static func readText(_ cursor: inout ByteCursor, count: Int) throws(ImageError) -> [UInt8] {
    // A sample takes at least a digit and, save the last, a space: too few bytes need no allocation.
    guard cursor.remaining >= count * 2 - 1 else {
      throw ImageError(.byteCount(actual: cursor.remaining, expected: count * 2 - 1), at: cursor.offset)
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count)
    for _ in 0..<count {
      let start = cursor.offset
      let value = try readNumber(&cursor, "PNM sample")
      guard value <= 255 else { throw ImageError(.invalidPNM, at: start) }
      pixels.append(UInt8(value))
    }
    while !cursor.isAtEnd {
      let space = try cursor.byte("PNM end")
      guard isSpace(space) else { throw ImageError(.invalidPNM, at: cursor.offset - 1) }
    }
    return pixels
  }

  /// The next decimal number, after white space and comments; the byte after it stays unread.
  private static func readNumber(_ cursor: inout ByteCursor, _ field: StaticString) throws(ImageError) -> Int {
    var byte = try cursor.byte(field)
    while isSpace(byte) || byte == UInt8(ascii: "#") {
      if byte == UInt8(ascii: "#") {
        while byte != 10 && byte != 13 { byte = try cursor.byte(field) }
      }
      byte = try cursor.byte(field)
    }
    let start = cursor.offset - 1
    var value = 0
    while true {
      guard isDigit(byte), value < 1 << 24 else { throw ImageError(.invalidPNM, at: start) }
      value = value * 10 + Int(byte - 48)
      guard !cursor.isAtEnd, isDigit(cursor.bytes[cursor.offset]) else { return value }
      byte = try cursor.byte(field)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
