import SwiftletBytes
import SwiftletImages
import Testing

@Suite struct PNGVariantTests {
  @Test(arguments: [0, 2, 3, 4, 6], [false, true])
  func everyFormHasItsPixels(_ colorType: Int, _ isInterlaced: Bool) throws {
    for variant in PNGVariant.all(colorType, isInterlaced: isInterlaced) {
      #expect(try PNGDecoder.decode(variant.file) == variant.image, "\(variant)")
    }
  }

  @Test func anUnusedKeyAndOpaqueAlphasLeaveNoAlpha() throws {
    for colorType in [0, 2, 3] {
      for unused in PNGVariant.all(colorType, isInterlaced: false) where unused.transparency == .unused {
        let image = try PNGDecoder.decode(unused.file).droppingOpaqueAlpha()
        #expect(image == unused.image.droppingOpaqueAlpha() && image?.hasAlpha == false, "\(unused)")
      }
    }
  }

  @Test func sixteenBitsAreRoundedAndComparedWhole() throws {
    var builder = PNGBuilder()
    (builder.width, builder.height, builder.depth) = (5, 1, 16)
    // 128 / 257 = 0.498, 129 / 257 = 0.502.
    builder.rows = [0, 0, 128, 0, 129, 0x12, 0x34, 0x12, 0x35, 0xFF, 0xFF]
    #expect(try PNGDecoder.decode(builder.file()).pixels == [0, 1, 18, 18, 255])
    let key = PNGBuilder.chunk("tRNS", [0x12, 0x34])
    #expect(
      try PNGDecoder.decode(builder.file(key + builder.imageData)).pixels == [0, 255, 1, 255, 18, 0, 18, 255, 255, 255])
  }

  @Test func damagedFormsNeverCrash() {
    for colorType in [0, 2, 3, 4, 6] {
      for variant in PNGVariant.all(colorType, isInterlaced: true)
      where (variant.width, variant.height) == (3, 2) && variant.transparency != .unused {
        let file = variant.file
        // IEND is no more than an end.
        for count in 0..<file.count where count != file.count - PNGBuilder.end.count {
          #expect(throws: ImageError.self) { try PNGDecoder.decode(Array(file[..<count])) }
        }
        for index in file.indices {
          for change: UInt8 in [1, 0xFF] {
            var bad = file
            bad[index] ^= change
            if let image = try? PNGDecoder.decode(bad) {
              #expect(image.pixels.count == image.width * image.height * image.channels)
            }
            PNGTests.repairChecksums(&bad)
            _ = try? PNGDecoder.decode(bad)
          }
        }
      }
    }
  }

  @Test func whatALimitForbidsIsRefusedBeforeAllocating() throws {
    // The rows as stored, with their filter bytes, or the pixels, whichever are more.
    let cases: [(depth: UInt8, colorType: UInt8, byteCount: Int)] = [
      (8, 2, (3 * 5000 + 1) * 4000), (1, 0, 5000 * 4000), (16, 0, (2 * 5000 + 1) * 4000),
    ]
    for (depth, colorType, byteCount) in cases {
      var builder = PNGBuilder()
      (builder.width, builder.height, builder.depth, builder.colorType) = (5000, 4000, depth, colorType)
      let limit = DecodeLimit(byteCount: byteCount - 1)
      let error = #expect(throws: ImageError.self) { try PNGDecoder.decode(builder.file(), decodeLimit: limit) }
      guard case .overLimit(byteCount, limit.byteCount) = error?.reason else {
        return #expect(Bool(false), "\(depth) bits: \(String(describing: error))")
      }
      guard case .bytes = PNGTests.reason({ _ = try PNGDecoder.decode(builder.file(), decodeLimit: .lifted) }) else {
        return #expect(Bool(false), "the lifted limit still holds")
      }
    }
    var large = PNGBuilder()
    (large.width, large.height) = (8000, 8000)
    guard case .overLimit(64_008_000, 24 << 20) = PNGTests.reason({ _ = try PNGDecoder.decode(large.file()) }) else {
      return #expect(Bool(false), "no limit by default")
    }
  }
}
