import SwiftletBytes

/// What a PNG's IHDR chunk says (PNG specification, third edition, section 11.2.1).
public struct PNGHeader: Hashable, Sendable {
  public enum ColorType: UInt8, Sendable { case gray = 0, rgb = 2, palette = 3, grayAlpha = 4, rgba = 6 }

  public var width, height: Int
  /// Bits per sample: 1, 2, 4, 8 or 16.
  public var bitDepth: Int
  public var colorType: ColorType
  /// Whether the pixels are stored as seven reduced images (Adam7).
  public var isInterlaced: Bool

  var samplesPerPixel: Int {
    switch colorType {
    case .gray, .palette: 1
    case .grayAlpha: 2
    case .rgb: 3
    case .rgba: 4
    }
  }

  /// The channels that the pixels have, without what a tRNS chunk adds.
  var channels: Int { colorType == .palette ? 3 : samplesPerPixel }

  func rowByteCount(_ width: Int) -> Int { (width * samplesPerPixel * bitDepth + 7) / 8 }

  /// The reduced images in the order in which they are stored, without empty ones; of an image that is not interlaced,
  /// itself (section 8.1).
  var passes: [PNGPass] {
    guard isInterlaced else { return [PNGPass(x: 0, y: 0, dx: 1, dy: 1, width: width, height: height)] }
    var passes: [PNGPass] = []
    for shift in stride(from: 0, to: 28, by: 4) {
      // A digit of each constant belongs to a pass, the last digit to the first.
      let (x, y) = (0x010_2040 >> shift & 15, 0x102_0400 >> shift & 15)
      let (dx, dy) = (0x122_4488 >> shift & 15, 0x224_4888 >> shift & 15)
      guard x < width, y < height else { continue }
      passes.append(
        PNGPass(x: x, y: y, dx: dx, dy: dy, width: (width - x + dx - 1) / dx, height: (height - y + dy - 1) / dy))
    }
    return passes
  }

  /// Reads the chunk's 13 bytes.
  init(_ fields: inout ByteCursor) throws(ImageError) {
    let start = fields.offset
    let width = try fields.bigEndianWord("IHDR width")
    let height = try fields.bigEndianWord("IHDR height")
    guard width > 0, height > 0, width <= Image.sideLimit, height <= Image.sideLimit,
      Int(width) * Int(height) <= Image.pixelLimit
    else { throw ImageError(.dimensions(width: UInt64(width), height: UInt64(height)), at: start) }
    let depth = try fields.byte("IHDR bit depth")
    guard let colorType = ColorType(rawValue: try fields.byte("IHDR color type")) else {
      throw ImageError(.invalidPNGHeader, at: start + 9)
    }
    let isPossible: Bool
    switch depth {
    case 1, 2, 4: isPossible = colorType == .gray || colorType == .palette
    case 8: isPossible = true
    case 16: isPossible = colorType != .palette
    default: isPossible = false
    }
    guard isPossible else { throw ImageError(.invalidPNGHeader, at: start + 8) }
    let compression = try fields.byte("IHDR compression")
    let filter = try fields.byte("IHDR filter")
    let interlace = try fields.byte("IHDR interlace")
    guard compression == 0, filter == 0, interlace <= 1 else { throw ImageError(.invalidPNGHeader, at: start + 10) }
    self.width = Int(width)
    self.height = Int(height)
    bitDepth = Int(depth)
    self.colorType = colorType
    isInterlaced = interlace == 1
  }
}

/// A reduced image: every `dx`-th pixel of every `dy`-th row, from `x` and `y` on.
struct PNGPass {
  let x, y, dx, dy, width, height: Int
}

/// The four letters of the chunks that are read, as big-endian words.
enum ChunkType {
  static var header: UInt32 { 0x4948_4452 }
  static var palette: UInt32 { 0x504c_5445 }
  static var transparency: UInt32 { 0x7452_4e53 }
  static var imageData: UInt32 { 0x4944_4154 }
  static var end: UInt32 { 0x4945_4e44 }
}
