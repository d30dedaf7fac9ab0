import SwiftletBytes

/// Writes 8-bit PNG images.
public enum PNGEncoder {
  /// The image as a PNG file, the smaller of two encodings: unfiltered rows, or per row the filter whose
  /// result has the least sum of magnitudes (PNG specification, section 12.7).
  ///
  /// - Throws: `.bytes` with `.outOfMemory`.
  public static func encode(_ image: Image) throws(ImageError) -> [UInt8] {
    precondition((1...4).contains(image.channels) && image.width > 0 && image.height > 0, "A PNG has 1 to 4 channels.")
    let colorTypes: [PNGHeader.ColorType] = [.gray, .grayAlpha, .rgb, .rgba]
    var header = ByteWriter()
    header.writeBigEndian(UInt32(image.width))
    header.writeBigEndian(UInt32(image.height))
    header.write(bytes: [8, colorTypes[image.channels - 1].rawValue, 0, 0, 0])
    var content: [UInt8]
    do throws(ByteError) {
      content = try Zlib.deflate(rows(of: image, filters: 0...0), wrapper: .zlib, effort: .fast)
      let filtered = try Zlib.deflate(rows(of: image, filters: 0...4), wrapper: .zlib, effort: .fast)
      if filtered.count < content.count { content = filtered }
    } catch { throw ImageError(error) }
    var file = ByteWriter()
    file.write(bytes: PNGDecoder.signature)
    writeChunk(ChunkType.header, header.bytes, to: &file)
    writeChunk(ChunkType.imageData, content, to: &file)
    writeChunk(ChunkType.end, [], to: &file)
    return file.bytes
  }

  private static func writeChunk(_ type: UInt32, _ content: [UInt8], to file: inout ByteWriter) {
    file.writeBigEndian(UInt32(content.count))
    let start = file.count
    file.writeBigEndian(type)
    file.write(bytes: content)
    file.writeBigEndian(Zlib.crc32(file.bytes[start...]))
  }

  /// The filtered rows, each after its filter byte.
  private static func rows(of image: Image, filters: ClosedRange<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity((image.width * image.channels + 1) * image.height)
    for y in 0..<image.height {
      var best: [UInt8] = []
      var bestCost = Int.max
      for filter in filters {
        let row = filteredRow(of: image, y, filter)
        let cost = row.dropFirst().reduce(0) { $0 + abs(Int(Int8(bitPattern: $1))) }
        if cost < bestCost { (best, bestCost) = (row, cost) }
      }
      result += best
    }
    return result
  }

  private static func filteredRow(of image: Image, _ y: Int, _ filter: UInt8) -> [UInt8] {
    let channels = image.channels
    let rowCount = image.width * channels
    let start = y * rowCount
    var row = [filter]
    row.reserveCapacity(rowCount + 1)
    for x in 0..<rowCount {
      let left = x >= channels ? image.pixels[start + x - channels] : 0
      let up = y > 0 ? image.pixels[start - rowCount + x] : 0
      let upLeft = x >= channels && y > 0 ? image.pixels[start - rowCount + x - channels] : 0
      row.append(image.pixels[start + x] &- PNGRows.predict(filter, left: left, up: up, upLeft: upLeft))
    }
    return row
  }
}
