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
    let samples = header.bitDepth == 8 ? compact(rows) : unpack(rows)
    if header.colorType == .palette { return try lookUp(samples) }
    let largest = (1 << header.bitDepth) - 1
    let pixels = largest == 255 ? samples : samples.map { UInt8(Int($0) * 255 / largest) }
    let channels = header.samplesPerPixel
    guard let key = transparency.map(keyColor) else {
      return Image(width: header.width, height: header.height, channels: channels, pixels: pixels)
    }
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count / channels * (channels + 1))
    for start in stride(from: 0, to: pixels.count, by: channels) {
      var isKey = true
      for channel in 0..<channels where Int(samples[start + channel]) != key[channel] { isKey = false }
      result.append(contentsOf: pixels[start..<start + channels])
      result.append(isKey ? 0 : 255)
    }
    return Image(width: header.width, height: header.height, channels: channels + 1, pixels: result)
  }

  /// The one color that tRNS declares transparent, as 16-bit samples.
  private func keyColor(_ range: Range<Int>) -> [Int] {
    stride(from: range.lowerBound, to: range.upperBound, by: 2).map {
      Int(cursor.bytes[$0]) << 8 | Int(cursor.bytes[$0 + 1])
    }
  }

  private func compact(_ rows: [UInt8]) -> [UInt8] {
    let rowCount = header.rowByteCount
    var samples: [UInt8] = []
    samples.reserveCapacity(rowCount * header.height)
    for y in 0..<header.height {
      let start = y * (rowCount + 1) + 1
      samples.append(contentsOf: rows[start..<start + rowCount])
    }
    return samples
  }

  /// One byte per sample of 1, 2 or 4 bits, which lie leftmost first in the high bits.
  private func unpack(_ rows: [UInt8]) -> [UInt8] {
    let depth = header.bitDepth
    let mask = UInt8((1 << depth) - 1)
    var samples: [UInt8] = []
    samples.reserveCapacity(header.width * header.height)
    for y in 0..<header.height {
      let start = y * (header.rowByteCount + 1) + 1
      for x in 0..<header.width {
        let bit = x * depth
        samples.append(rows[start + bit / 8] >> UInt8(8 - depth - bit % 8) & mask)
      }
    }
    return samples
  }

  private func lookUp(_ indexes: [UInt8]) throws(ImageError) -> Image {
    // `readChunks` has refused an IDAT without a palette before it.
    guard let palette else { throw ImageError(.chunk(type: ChunkType.palette), at: cursor.offset) }
    let channels = transparency == nil ? 3 : 4
    var pixels: [UInt8] = []
    pixels.reserveCapacity(indexes.count * channels)
    for index in indexes {
      let entry = palette.lowerBound + Int(index) * 3
      guard entry < palette.upperBound else { throw ImageError(.paletteIndex(index), at: palette.lowerBound) }
      pixels.append(contentsOf: cursor.bytes[entry..<entry + 3])
      if let transparency {
        pixels.append(Int(index) < transparency.count ? cursor.bytes[transparency.lowerBound + Int(index)] : 255)
      }
    }
    return Image(width: header.width, height: header.height, channels: channels, pixels: pixels)
  }
}
