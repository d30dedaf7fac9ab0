import SwiftletBytes

/// Builds PNG files chunk by chunk, right or wrong on purpose.
struct PNGBuilder {
  var width: UInt32 = 3
  var height: UInt32 = 2
  var depth: UInt8 = 8
  var colorType: UInt8 = 0
  var compression: UInt8 = 0
  var filterMethod: UInt8 = 0
  var interlace: UInt8 = 0
  /// The rows, each after its filter byte.
  var rows: [UInt8] = [0, 10, 20, 250, 0, 1, 2, 3]

  static func chunk(_ type: String, _ content: [UInt8], crcChange: UInt32 = 0) -> [UInt8] {
    var writer = ByteWriter()
    writer.writeBigEndian(UInt32(content.count))
    writer.write(bytes: type.utf8)
    writer.write(bytes: content)
    writer.writeBigEndian(Zlib.crc32(Array(type.utf8) + content) ^ crcChange)
    return writer.bytes
  }

  var header: [UInt8] {
    var writer = ByteWriter()
    writer.writeBigEndian(width)
    writer.writeBigEndian(height)
    writer.write(bytes: [depth, colorType, compression, filterMethod, interlace])
    return Self.chunk("IHDR", writer.bytes)
  }

  var imageData: [UInt8] { Self.chunk("IDAT", (try? Zlib.deflate(rows, wrapper: .zlib)) ?? []) }

  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  static let end = chunk("IEND", [])

  /// The file, with `middle` in place of the image data if given.
  func file(_ middle: [UInt8]? = nil) -> [UInt8] { Self.signature + header + (middle ?? imageData) + Self.end }
}
