import SwiftletBytes
import SwiftletImages
import Testing

@Suite struct InputDecoderTests {
  static func image(_ channels: Int, alpha: UInt8? = nil) -> Image {
    var pixels = (0..<3 * 2 * channels).map { UInt8($0 * 7) }
    if let alpha { for pixel in 0..<6 { pixels[(pixel + 1) * channels - 1] = alpha } }
    return Image(width: 3, height: 2, channels: channels, pixels: pixels)
  }

  static func decode(
    _ bytes: [UInt8], channels: Int = 1, name: String? = nil
  ) throws -> DecodedInput {
    try InputDecoder.decode(bytes, height: 2, width: 3, channels: channels, name: InputName(name))
  }

  static func reason(
    _ bytes: [UInt8], channels: Int = 1, name: String? = nil
  ) -> ImageError.Reason? {
    #expect(throws: ImageError.self) { _ = try decode(bytes, channels: channels, name: name) }?.reason
  }

  @Test func everyFormatIsToldByItsBytes() throws {
    let one = Self.image(1)
    let expected = DecodedInput(count: 1, pixels: one.pixels[...])
    let two = DecodedInput(count: 2, pixels: (one.pixels + one.pixels)[...])
    #expect(try Self.decode(try PNGEncoder.encode(one)) == expected)
    #expect(try Self.decode(Array("P5 3 2 255 ".utf8) + one.pixels) == expected)
    #expect(try Self.decode(Array("P5 3 2 255 ".utf8) + one.pixels + Array("P2 3 2 255 0 7 14 21 28 35".utf8)) == two)
    #expect(try Self.decode(one.pixels) == expected)
    #expect(try Self.decode(Array(two.pixels)) == two)
    #expect(try Self.decode(IDXTests.file([2, 3], values: one.pixels)) == expected)
    #expect(try Self.decode(IDXTests.file([2, 2, 3], values: Array(two.pixels))) == two)
    let idx = IDXTests.file([2, 2, 3, 1], values: Array(two.pixels))
    #expect(try Self.decode(try Zlib.deflate(idx, wrapper: .gzip)) == two)
    let color = Self.image(3)
    #expect(try Self.decode(try PNGEncoder.encode(color), channels: 3).pixels == color.pixels[...])
    #expect(
      try Self.decode(IDXTests.file([1, 2, 3, 3], values: color.pixels), channels: 3).pixels == color.pixels[...])
  }

  /// Images of 2 x 3 as EMNIST's files have them: 3 x 2, read down the columns.
  @Test func namesThatPromiseColumnsHaveTheirImagesTurned() throws {
    let pixels: [UInt8] = [1, 4, 2, 5, 3, 6]
    let upright = DecodedInput(count: 1, pixels: [1, 2, 3, 4, 5, 6])
    for name in ["emnist-letters-test-images-idx3-ubyte", "a/EMNIST-x.gz", "./Emnist", "emnist.raw"] {
      #expect(try Self.decode(IDXTests.file([3, 2], values: pixels), name: name) == upright)
      let two = IDXTests.file([2, 3, 2], values: pixels + pixels.map { $0 + 10 })
      let packed = try Zlib.deflate(two, wrapper: .gzip)
      #expect(try Self.decode(packed, name: name).pixels == [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16])
      let color = IDXTests.file([1, 3, 2, 2], values: pixels.flatMap { [$0, $0 + 10] })
      #expect(try Self.decode(color, channels: 2, name: name).pixels == [1, 11, 2, 12, 3, 13, 4, 14, 5, 15, 6, 16])
      // Other files are what they are.
      let png = try PNGEncoder.encode(Self.image(1))
      #expect(try Self.decode(png, name: name).pixels == Self.image(1).pixels[...])
    }
    for name in ["train-images-idx3-ubyte", "emnist/t10k-images-idx3-ubyte", "emnis", "my-emnist", ""] {
      #expect(!IDXFile.storesColumns(name))
      #expect(try Self.decode(IDXTests.file([2, 3], values: pixels), name: name).pixels == pixels[...])
    }
  }

  /// A large input times many images must not lift the cap on what an idx header may ask for.
  @Test func absurdCountsOfLargeImagesAreRefusedBeforeAllocating() throws {
    let idx = IDXTests.file([1_000_000, 512, 512], values: [])
    for bytes in [idx, try Zlib.deflate(idx, wrapper: .gzip)] {
      let error = #expect(throws: ImageError.self) {
        try InputDecoder.decode(bytes, height: 512, width: 512, channels: 1)
      }
      guard case .idxElementCount(limit: IDXFile.elementLimit) = error?.reason else {
        return #expect(Bool(false), "no cap")
      }
    }
  }

  @Test func opaqueAlphaIsDroppedAndTransparencyRefused() throws {
    for channels in [2, 4] {
      let opaque = Self.image(channels, alpha: 255)
      let result = try Self.decode(try PNGEncoder.encode(opaque), channels: channels - 1)
      #expect(
        Array(result.pixels)
          == opaque.pixels.enumerated().filter { $0.offset % channels != channels - 1 }.map(\.element))
      #expect(try Self.decode(try PNGEncoder.encode(opaque), channels: channels).pixels == opaque.pixels[...])
      guard
        case .transparent = Self.reason(try PNGEncoder.encode(Self.image(channels, alpha: 254)), channels: channels - 1)
      else { return #expect(Bool(false), "\(channels) channels") }
    }
  }

  @Test func nothingIsResizedOrConverted() throws {
    func isWrong(_ reason: ImageError.Reason?, _ width: Int, _ height: Int, _ channels: Int) -> Bool {
      guard case .wrongSize(width, height, channels, 3, 2, _) = reason else { return false }
      return true
    }
    let color = try PNGEncoder.encode(Self.image(3))
    #expect(isWrong(Self.reason(color), 3, 2, 3))
    #expect(isWrong(Self.reason(try PNGEncoder.encode(Self.image(4, alpha: 255))), 3, 2, 4))
    #expect(isWrong(Self.reason(try PNGEncoder.encode(Self.image(1)), channels: 3), 3, 2, 1))
    let turned = Image(width: 2, height: 3, channels: 1, pixels: [UInt8](repeating: 0, count: 6))
    #expect(isWrong(Self.reason(try PNGEncoder.encode(turned)), 2, 3, 1))
    #expect(isWrong(Self.reason(Array("P5 2 3 255 ".utf8) + turned.pixels), 2, 3, 1))
    #expect(isWrong(Self.reason(Array("P6 3 2 255 ".utf8) + Self.image(3).pixels), 3, 2, 3))
    #expect(isWrong(Self.reason(IDXTests.file([1, 3, 2], values: turned.pixels)), 2, 3, 1))
    #expect(isWrong(Self.reason(IDXTests.file([1, 2, 3, 2], values: Self.image(2).pixels)), 3, 2, 2))
  }

  @Test func aLargeImageOfTheWrongSizeIsRefusedByItsHeader() throws {
    var builder = PNGBuilder()
    builder.width = 8000
    builder.height = 8000
    // Its image data is far too short, so only the header can have been looked at.
    guard case .wrongSize(8000, 8000, 1, 3, 2, 1) = Self.reason(builder.file()) else {
      return #expect(Bool(false), "the pixels were read")
    }
  }

  @Test func otherBytesAreRefused() {
    guard case .empty = Self.reason([]) else { return #expect(Bool(false), "empty") }
    for count in [1, 5, 7, 13] {
      guard case .unknownFormat(count, 6) = Self.reason([UInt8](repeating: 9, count: count)) else {
        return #expect(Bool(false), "\(count) raw bytes")
      }
    }
    guard case .idxDimensionCount(1) = Self.reason(IDXTests.file([6], values: Self.image(1).pixels)) else {
      return #expect(Bool(false), "labels")
    }
    // As many bytes as a raw image has, but the name promises a PNG.
    guard case .notPNG = Self.reason(Self.image(1).pixels, name: "x.png") else {
      return #expect(Bool(false), "raw named .png")
    }
  }

  @Test(arguments: [
    ("a.png", true), (".PnG", true), ("png", false), ("a.png ", false), ("a.pgm", false), ("", false),
    ("a.png.gz", false),
  ])
  func namesThatPromiseAPNG(_ name: String, _ expected: Bool) {
    #expect(InputName(name).isPNG == expected)
  }
}
