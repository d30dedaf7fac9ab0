import SwiftletBytes
import SwiftletImages
import Testing

@Suite struct PNGTests {
  static func reason(_ body: () throws -> Void) -> ImageError.Reason? {
    #expect(throws: ImageError.self) { try body() }?.reason
  }

  @Test(arguments: PNGGolden.all)
  func readsWhatPillowReads(_ golden: PNGGolden) throws {
    let image = try PNGDecoder.decode(golden.bytes)
    #expect(image.width == golden.width && image.height == golden.height && image.channels == golden.channels)
    #expect(Zlib.crc32(image.pixels) == golden.pixelCRC)
  }

  /// Rows 10, 20, 250 and then filtered 1, 2, 3, worked out by hand from the specification's section 9.
  @Test(
    arguments: [
      (0, [1, 2, 3]), (1, [1, 3, 6]), (2, [11, 22, 253]), (3, [6, 15, 135]), (4, [11, 22, 253]),
    ] as [(UInt8, [UInt8])])
  func filtersAreUndone(_ filter: UInt8, _ expected: [UInt8]) throws {
    var builder = PNGBuilder()
    builder.rows = [0, 10, 20, 250, filter, 1, 2, 3]
    #expect(try PNGDecoder.decode(builder.file()).pixels == [10, 20, 250] + expected)
  }

  /// Of left, up and up-left the nearest to left + up - upLeft predicts; on a tie the one named first.
  @Test func paethBreaksTiesInOrder() throws {
    var builder = PNGBuilder()
    // Left 30, up 0, up-left 10: the estimate is 20, left and up-left are equally near.
    builder.rows = [0, 10, 0, 0, 4, 20, 0, 0]
    #expect(try PNGDecoder.decode(builder.file()).pixels[3...] == [30, 30, 30])
    // Left 0, up 30, up-left 10: the estimate is 20, up and up-left are equally near.
    builder.rows = [0, 10, 30, 30, 4, 246, 0, 0]
    #expect(try PNGDecoder.decode(builder.file()).pixels[3...] == [0, 30, 30])
  }

  @Test(arguments: 1...4, [1, 2, 28, 300])
  func writtenImagesAreReadBack(_ channels: Int, _ side: Int) throws {
    var state: UInt32 = 7
    let pixels = (0..<side * (side + 1) * channels).map { index -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return index % 5 < 3 ? UInt8(truncatingIfNeeded: index / 7) : UInt8(state >> 24)
    }
    let image = Image(width: side + 1, height: side, channels: channels, pixels: pixels)
    #expect(try PNGDecoder.decode(try PNGEncoder.encode(image)) == image)
  }

  @Test func imageDataMaySpanChunksAndAncillaryChunksAreSkipped() throws {
    let builder = PNGBuilder()
    let content = Array(builder.imageData[8..<builder.imageData.count - 4])
    let pieces = content.flatMap { PNGBuilder.chunk("IDAT", [$0]) }
    let text = PNGBuilder.chunk("tEXt", Array("Comment".utf8))
    #expect(try PNGDecoder.decode(builder.file(text + pieces + text)).pixels == [10, 20, 250, 1, 2, 3])
    #expect(throws: ImageError.self) {
      try PNGDecoder.decode(builder.file(PNGBuilder.chunk("IDAT", []) + text + builder.imageData))
    }
    #expect(throws: ImageError.self) { try PNGDecoder.decode(builder.file([])) }
  }

  @Test func impossibleHeadersHaveTheirReason() {
    var builder = PNGBuilder()
    for (depth, colorType) in [(3, 0), (0, 0), (4, 2), (2, 4), (1, 6), (16, 3), (8, 1), (8, 5), (8, 7)] {
      builder.depth = UInt8(depth)
      builder.colorType = UInt8(colorType)
      guard case .invalidPNGHeader = Self.reason({ _ = try PNGDecoder.decode(builder.file()) }) else {
        return #expect(Bool(false), "depth \(depth) of color type \(colorType)")
      }
    }
    for change in 0..<3 {
      builder = PNGBuilder()
      if change == 0 { builder.compression = 1 }
      if change == 1 { builder.filterMethod = 1 }
      if change == 2 { builder.interlace = 2 }
      guard case .invalidPNGHeader = Self.reason({ _ = try PNGDecoder.decode(builder.file()) }) else {
        return #expect(Bool(false), "method \(change)")
      }
    }
    let critical = PNGBuilder.chunk("ABCD", [])
    guard case .chunk(type: 0x4142_4344) = Self.reason({ _ = try PNGDecoder.decode(PNGBuilder().file(critical)) })
    else { return #expect(Bool(false), "unknown critical chunk") }
  }

  @Test func palettesAreChecked() throws {
    var builder = PNGBuilder()
    builder.colorType = 3
    builder.rows = [0, 0, 1, 2, 0, 2, 1, 0]
    let palette = PNGBuilder.chunk("PLTE", [1, 2, 3, 4, 5, 6, 7, 8, 9])
    let image = try PNGDecoder.decode(builder.file(palette + builder.imageData))
    #expect(image.pixels == [1, 2, 3, 4, 5, 6, 7, 8, 9, 7, 8, 9, 4, 5, 6, 1, 2, 3])
    #expect(throws: ImageError.self) { try PNGDecoder.decode(builder.file()) }
    #expect(throws: ImageError.self) { try PNGDecoder.decode(builder.file(palette + palette + builder.imageData)) }
    var color = PNGBuilder()
    (color.colorType, color.width, color.height, color.rows) = (2, 1, 1, [0, 7, 8, 9])
    for content in [[], [1, 2], [UInt8](repeating: 0, count: 771)] {
      let bad = PNGBuilder.chunk("PLTE", content)
      #expect(throws: ImageError.self) { try PNGDecoder.decode(builder.file(bad + builder.imageData)) }
      // It only suggests how to show colors in few.
      #expect(try PNGDecoder.decode(color.file(bad + color.imageData)).pixels == [7, 8, 9])
    }
    let short = PNGBuilder.chunk("PLTE", [1, 2, 3, 4, 5, 6])
    guard case .paletteIndex(2) = Self.reason({ _ = try PNGDecoder.decode(builder.file(short + builder.imageData)) })
    else { return #expect(Bool(false), "index beyond the palette") }
    let longAlpha = PNGBuilder.chunk("tRNS", [1, 2, 3, 4])
    #expect(throws: ImageError.self) { try PNGDecoder.decode(builder.file(palette + longAlpha + builder.imageData)) }
  }

  @Test(
    arguments: [(0, 5), (5, 0), (1, 70_000), (70_000, 1), (60_000, 60_000), (UInt32.max, .max)] as [(UInt32, UInt32)])
  func absurdDimensionsAreRefusedBeforeAllocating(_ width: UInt32, _ height: UInt32) {
    var builder = PNGBuilder()
    builder.width = width
    builder.height = height
    guard case .dimensions(UInt64(width), UInt64(height)) = Self.reason({ _ = try PNGDecoder.decode(builder.file()) })
    else { return #expect(Bool(false), "\(width) x \(height)") }
  }

  @Test func imageDataOfTheWrongLengthIsRefused() throws {
    for count in [0, 1, 4, 7, 9, 100] {
      var builder = PNGBuilder()
      builder.rows = [UInt8](repeating: 0, count: count)
      guard case .bytes(let error) = Self.reason({ _ = try PNGDecoder.decode(builder.file()) }) else {
        return #expect(Bool(false), "\(count) bytes of rows")
      }
      #expect(error.reason == .inflatedCount(expected: 8, actual: min(count, 9)))
    }
    let builder = PNGBuilder()
    let good = try Zlib.deflate(builder.rows, wrapper: .zlib)
    let unfinished = PNGBuilder.chunk("IDAT", good.dropLast())
    #expect(throws: ImageError.self) { try PNGDecoder.decode(builder.file(unfinished)) }
  }

  /// Where libpng only warns and the pixels are certain.
  @Test func whatMeansNothingIsPassedOver() throws {
    let builder = PNGBuilder()
    let pixels = builder.rows[1...3] + builder.rows[5...7]
    let content = try Zlib.deflate(builder.rows, wrapper: .zlib)
    let damaged = PNGBuilder.chunk("tEXt", Array("Comment".utf8), crcChange: 1)
    for middle in [
      PNGBuilder.chunk("IDAT", content + [0, 1, 2]), builder.imageData + PNGBuilder.chunk("IDAT", []),
      damaged + builder.imageData + damaged, PNGBuilder.chunk("PLTE", [1, 2, 3]) + builder.imageData,
      builder.imageData + builder.imageData, builder.imageData + damaged + builder.imageData,
      builder.imageData + PNGBuilder.chunk("tRNS", [0, 10]),
      builder.imageData + PNGBuilder.chunk("tRNS", [7], crcChange: 1),
      builder.imageData + PNGBuilder.chunk("PLTE", [1, 2]), builder.imageData + PNGBuilder.chunk("IEND", [1, 2]),
      builder.imageData + PNGBuilder.chunk("IEND", [], crcChange: 1),
    ] {
      #expect(try PNGDecoder.decode(builder.file(middle)).pixels == Array(pixels))
    }
    #expect(try PNGDecoder.decode(builder.file() + Array("appended".utf8)).pixels == Array(pixels))
    #expect(try PNGDecoder.decode(builder.file().dropLast(PNGBuilder.end.count)).pixels == Array(pixels))
    #expect(throws: ImageError.self) { try PNGDecoder.decode(builder.file([]).dropLast(PNGBuilder.end.count)) }
    var alpha = PNGBuilder()
    (alpha.colorType, alpha.width, alpha.height, alpha.rows) = (4, 1, 1, [0, 7, 8])
    #expect(try PNGDecoder.decode(alpha.file(PNGBuilder.chunk("tRNS", [0, 7]) + alpha.imageData)).pixels == [7, 8])
  }

  /// A damaged chunk that may have been tRNS could mean other pixels.
  @Test func damageThatMayConcernPixelsIsRefused() throws {
    let builder = PNGBuilder()
    for (name, content) in [("tRNS", [0, 10]), ("uRNS", [0, 10]), ("PLTE", [1, 2, 3])] as [(String, [UInt8])] {
      let damaged = PNGBuilder.chunk(name, content, crcChange: 1)
      #expect(throws: ImageError.self, "\(name)") { try PNGDecoder.decode(builder.file(damaged + builder.imageData)) }
    }
    let key = PNGBuilder.chunk("tRNS", [0, 10])
    for middle in [
      key + PNGBuilder.chunk("tRNS", [0, 20]), PNGBuilder.chunk("tRNS", [10]), PNGBuilder.chunk("tRNS", []),
    ] {
      #expect(throws: ImageError.self) { try PNGDecoder.decode(builder.file(middle + builder.imageData)) }
    }
    // Image data that other chunks part is not whole.
    let content = try Zlib.deflate(builder.rows, wrapper: .zlib)
    let parts = [content.prefix(9), content.dropFirst(9)].map { PNGBuilder.chunk("IDAT", Array($0)) }
    #expect(throws: ImageError.self) { try PNGDecoder.decode(builder.file(parts[0] + key + parts[1])) }
  }

  @Test func aBombInImageDataStopsAtTheImagesSize() throws {
    let bomb = try Zlib.deflate([UInt8](repeating: 0, count: 50_000_000), wrapper: .zlib, effort: .fast)
    guard
      case .bytes(let error) = Self.reason({
        _ = try PNGDecoder.decode(PNGBuilder().file(PNGBuilder.chunk("IDAT", bomb)))
      })
    else { return #expect(Bool(false), "no error") }
    #expect(error.reason == .inflatedCount(expected: 8, actual: 9))
  }

  @Test(arguments: PNGGolden.all)
  func everyTruncationIsRefused(_ golden: PNGGolden) {
    let bytes = golden.bytes
    // IEND is no more than an end.
    for count in 0..<bytes.count where count != bytes.count - PNGBuilder.end.count {
      #expect(throws: ImageError.self) { try PNGDecoder.decode(Array(bytes[..<count])) }
    }
  }

  @Test(arguments: PNGGolden.all)
  func everyChangedByteIsRefusedOrHarmless(_ golden: PNGGolden) throws {
    let bytes = golden.bytes
    let image = try PNGDecoder.decode(bytes)
    for index in bytes.indices {
      for change: UInt8 in [1, 0x80, 0xff] {
        var bad = bytes
        bad[index] ^= change
        if index < bytes.count - PNGBuilder.end.count {
          #expect(throws: ImageError.self) { try PNGDecoder.decode(bad) }
        } else if let result = try? PNGDecoder.decode(bad) {
          #expect(result == image)
        }
      }
    }
  }

  /// With the checksums made right again the damage reaches the parts behind them.
  @Test(arguments: PNGGolden.all)
  func changedBytesWithValidChecksumsNeverCrash(_ golden: PNGGolden) {
    let bytes = golden.bytes
    var accepted = 0
    for index in 8..<bytes.count {
      for change: UInt8 in [1, 2, 4, 0x10, 0x80, 0xff] {
        var bad = bytes
        bad[index] ^= change
        Self.repairChecksums(&bad)
        if let image = try? PNGDecoder.decode(bad) {
          #expect(image.pixels.count == image.width * image.height * image.channels)
          accepted += 1
        }
      }
    }
    // Palette entries may be anything; lengths, types and the header may not.
    #expect(accepted < (bytes.count - 8) * 6)
  }

  static func repairChecksums(_ bytes: inout [UInt8]) {
    var offset = 8
    while offset + 12 <= bytes.count {
      let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      guard offset + 12 + length <= bytes.count else { return }
      var crc = ByteWriter()
      crc.writeBigEndian(Zlib.crc32(bytes[offset + 4..<offset + 8 + length]))
      bytes.replaceSubrange(offset + 8 + length..<offset + 12 + length, with: crc.bytes)
      offset += 12 + length
    }
  }
}
