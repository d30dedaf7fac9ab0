import SwiftletBytes

/// What a PNG's IHDR chunk says (PNG specification, third edition, section 11.2.1).
public struct PNGHeader: Hashable, Sendable {
  public enum ColorType: UInt8, Sendable { case gray = 0, rgb = 2, palette = 3, grayAlpha = 4, rgba = 6 }

  public var width, height: Int
  /// Bits per sample: 1, 2, 4 or 8.
  public var bitDepth: Int
  public var colorType: ColorType

  var samplesPerPixel: Int {
    switch colorType {
    case .gray, .palette: 1
    case .grayAlpha: 2
    case .rgb: 3
    case .rgba: 4
    }
  }

  var rowByteCount: Int { (width * samplesPerPixel * bitDepth + 7) / 8 }

  init(width: Int, height: Int, bitDepth: Int, colorType: ColorType) {
    self.width = width
    self.height = height
    self.bitDepth = bitDepth
    self.colorType = colorType
  }

  /// Reads the chunk's 13 bytes.
  init(_ fields: inout ByteCursor, pixelLimit: Int) throws(ImageError) {
    let start = fields.offset
    let width = try fields.bigEndianWord("IHDR width")
    let height = try fields.bigEndianWord("IHDR height")
    guard width > 0, height > 0, width <= Image.sideLimit, height <= Image.sideLimit,
      Int(width) * Int(height) <= pixelLimit
    else { throw ImageError(.dimensions(width: UInt64(width), height: UInt64(height)), at: start) }
    let depth = try fields.byte("IHDR bit depth")
    guard let colorType = ColorType(rawValue: try fields.byte("IHDR color type")) else {
      throw ImageError(.invalidPNGHeader, at: start + 9)
    }
    switch depth {
    case 8: break
    case 1, 2, 4:
      guard colorType == .gray || colorType == .palette else { throw ImageError(.invalidPNGHeader, at: start + 8) }
    case 16: throw ImageError(colorType == .palette ? .invalidPNGHeader : .sixteenBit, at: start + 8)
    default: throw ImageError(.invalidPNGHeader, at: start + 8)
    }
    let compression = try fields.byte("IHDR compression")
    let filter = try fields.byte("IHDR filter")
    guard compression == 0, filter == 0 else { throw ImageError(.invalidPNGHeader, at: start + 10) }
    let interlace = try fields.byte("IHDR interlace")
    guard interlace == 0 else { throw ImageError(interlace == 1 ? .interlaced : .invalidPNGHeader, at: start + 12) }
    self.init(width: Int(width), height: Int(height), bitDepth: Int(depth), colorType: colorType)
  }
}

/// The four letters of the chunks that are read, as big-endian words.
enum ChunkType {
  static var header: UInt32 { 0x4948_4452 }
  static var palette: UInt32 { 0x504c_5445 }
  static var transparency: UInt32 { 0x7452_4e53 }
  static var imageData: UInt32 { 0x4944_4154 }
  static var end: UInt32 { 0x4945_4e44 }
}
