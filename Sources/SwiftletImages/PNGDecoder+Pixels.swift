import SwiftletBytes

extension PNGDecoder {
  /// Undoes the row filters in place (PNG specification, section 9).
  static func unfilter(_ rows: inout [UInt8], header: PNGHeader, at offset: Int) throws(ImageError) {
    let rowCount = header.rowByteCount
    let distance = max(1, header.samplesPerPixel * header.bitDepth / 8)
    for y in 0..<header.height {
      let row = y * (rowCount + 1) + 1
      let above = row - (rowCount + 1)
      let filter = rows[row - 1]
      guard filter <= 4 else { throw ImageError(.rowFilter(filter), at: offset) }
      if filter == 0 { continue }
      for x in 0..<rowCount {
        let left = x >= distance ? rows[row + x - distance] : 0
        let up = y > 0 ? rows[above + x] : 0
        let upLeft = x >= distance && y > 0 ? rows[above + x - distance] : 0
        rows[row + x] &+= predict(filter, left: left, up: up, upLeft: upLeft)
      }
    }
  }

  /// The value that filter type 1...4 subtracts; 0 for type 0.
  static func predict(_ filter: UInt8, left: UInt8, up: UInt8, upLeft: UInt8) -> UInt8 {
    switch filter {
    case 1: return left
    case 2: return up
    case 3: return UInt8((Int(left) + Int(up)) / 2)
    case 4:
      let estimate = Int(left) + Int(up) - Int(upLeft)
      let toLeft = abs(estimate - Int(left))
      let toUp = abs(estimate - Int(up))
      let toUpLeft = abs(estimate - Int(upLeft))
      if toLeft <= toUp && toLeft <= toUpLeft { return left }
      return toUp <= toUpLeft ? up : upLeft
    default: return 0
    }
  }

  /// The pixels of unfiltered rows: few-bit gray widened to 0...255, palettes looked up, tRNS made alpha.
  func expand(_ rows: [UInt8]) throws(ImageError) -> Image {
    let depth = header.bitDepth
    let largest = (1 << depth) - 1
    let sampleCount = header.samplesPerPixel
    let isIndexed = header.colorType == .palette
    let channels = (isIndexed ? 3 : sampleCount) + (transparency == nil ? 0 : 1)
    let key = isIndexed ? nil : transparency.map(keyColor)
    // Opaque where nothing else is said.
    var pixels = [UInt8](repeating: 255, count: header.width * header.height * channels)
    var pixel = 0
    for y in 0..<header.height {
      let start = y * (header.rowByteCount + 1) + 1
      // Samples of 1, 2 or 4 bits lie leftmost first in the high bits.
      var bit = 0
      for _ in 0..<header.width {
        var isKey = key != nil
        for channel in 0..<sampleCount {
          let sample = Int(rows[start + bit >> 3]) >> (8 - depth - bit & 7) & largest
          bit += depth
          if isIndexed {
            try lookUp(sample, into: &pixels, at: pixel)
          } else {
            pixels[pixel + channel] = UInt8(sample * 255 / largest)
            if let key, sample != key[channel] { isKey = false }
          }
        }
        if isKey { pixels[pixel + sampleCount] = 0 }
        pixel += channels
      }
    }
    return Image(width: header.width, height: header.height, channels: channels, pixels: pixels)
  }

  /// The one color that tRNS declares transparent, as 16-bit samples.
  private func keyColor(_ range: Range<Int>) -> [Int] {
    stride(from: range.lowerBound, to: range.upperBound, by: 2).map {
      Int(cursor.bytes[$0]) << 8 | Int(cursor.bytes[$0 + 1])
    }
  }

  private func lookUp(_ index: Int, into pixels: inout [UInt8], at pixel: Int) throws(ImageError) {
    // `readChunks` has refused an IDAT without a palette before it.
    guard let palette else { throw ImageError(.chunk(type: ChunkType.palette), at: cursor.offset) }
    let entry = palette.lowerBound + index * 3
    guard entry < palette.upperBound else { throw ImageError(.paletteIndex(UInt8(index)), at: palette.lowerBound) }
    for channel in 0..<3 { pixels[pixel + channel] = cursor.bytes[entry + channel] }
    if let transparency, index < transparency.count {
      pixels[pixel + 3] = cursor.bytes[transparency.lowerBound + index]
    }
  }
}
