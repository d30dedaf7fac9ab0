import SwiftletBytes
import SwiftletImages
import Testing

@Suite struct PNMTests {
  static let gray: [UInt8] = [10, 20, 250, 1, 2, 35]

  @Test(arguments: ["P5 3 2 255\n", "P5\n# a comment\n3 2\n255\n", "P5#c\n3\t#\n2 255 ", "P5\r\n3\n2\n255\r"])
  func headersMayHoldSpacesAndComments(_ header: String) throws {
    let image = try PNMDecoder.decode(Array(header.utf8) + Self.gray)
    #expect(image == Image(width: 3, height: 2, channels: 1, pixels: Self.gray))
  }

  @Test func colorAndTextAreRead() throws {
    let color = Image(width: 2, height: 1, channels: 3, pixels: Self.gray)
    #expect(try PNMDecoder.decode(Array("P6 2 1 255 ".utf8) + Self.gray) == color)
    #expect(try PNMDecoder.decode(Array("P3 2 1 255 10 20 250\n# c\n1 2 35\n".utf8)) == color)
    let gray = Image(width: 3, height: 2, channels: 1, pixels: Self.gray)
    #expect(try PNMDecoder.decode(Array("P2\n3 2\n255\n10 20 250 1 2 35".utf8)) == gray)
  }

  /// A sample of v is floor(255 v / maximum + 1/2); worked out by hand.
  @Test(
    arguments: [
      ("P5 4 1 15\n", [0, 1, 8, 15], [0, 17, 136, 255]), ("P5 4 1 100\n", [0, 1, 50, 100], [0, 3, 128, 255]),
      ("P5 2 1 1\n", [1, 0], [255, 0]), ("P2 3 1 1000\n0 500 1000", [], [0, 128, 255]),
      ("P6 1 1 256\n", [0, 1, 0, 128, 1, 0], [1, 128, 255]),
      ("P5 4 1 65535 ", [0, 128, 0, 129, 0xFF, 0x7E, 0xFF, 0x7F], [0, 1, 254, 255]),
    ] as [(String, [UInt8], [UInt8])])
  func otherMaximaAreRescaled(_ header: String, _ samples: [UInt8], _ expected: [UInt8]) throws {
    #expect(try PNMDecoder.decode(Array(header.utf8) + samples).pixels == expected)
  }

  @Test func everyMaximumAndSampleIsRoundedRight() throws {
    for maximum in [1, 2, 3, 7, 200, 254, 255, 256, 257, 1000, 1023, 4095, 32767, 32768, 65533, 65534, 65535] {
      let rows = 2 - (maximum + 1) % 2
      let header = Array("P5 \((maximum + 1) / rows) \(rows) \(maximum)\n".utf8)
      let samples = (0...maximum).flatMap { (sample: Int) -> [UInt8] in
        maximum > 255 ? [UInt8(sample >> 8), UInt8(sample & 255)] : [UInt8(sample)]
      }
      let expected = (0...maximum).map { UInt8((Double($0) * 255 / Double(maximum) + 0.5).rounded(.down)) }
      #expect(try PNMDecoder.decode(header + samples).pixels == expected)
    }
  }

  @Test func bitmapsAreBlackWhereTheyAreSet() throws {
    let pixels: [UInt8] = [0, 255, 255, 0, 0, 255, 255, 255, 255, 0] + [UInt8](repeating: 255, count: 9) + [0]
    let image = Image(width: 10, height: 2, channels: 1, pixels: pixels)
    #expect(try PNMDecoder.decode(Array("P4 10 2\n".utf8) + [0b1001_1000, 0b0100_0000, 0, 0b0111_1111]) == image)
    #expect(try PNMDecoder.decode(Array("P1 10 2\n1001100001 000000\n# half\n0 0 0\n1".utf8)) == image)
  }

  /// As Netpbm's own programs read them: a comment ends what it follows, and white space may follow an image.
  @Test(arguments: [
    "P5 1 1 255# white\nA", "P5 1#2\n1 255 A", "P5 1 1 255 A\n", "P2 1 1 255 65#\n", "P2 1 1 255 # c\r65 \n\n",
    "P5 1 1 255\rA",
  ])
  func commentsAndWhiteSpaceAreNetpbms(_ text: String) throws {
    #expect(try PNMDecoder.decode(Array(text.utf8)).pixels == [65])
  }

  @Test func imagesMayFollowEachOther() throws {
    var decoder = try PNMDecoder(Array("P5 1 1 255 aP4 1 1 b\nP3 1 1 9 9 0 9 ".utf8))
    var all: [[UInt8]] = []
    while let header = try decoder.nextHeader() { all.append(try decoder.readPixels(header)) }
    #expect(all == [[97], [255], [255, 0, 255]])
    // A pixel of 10 behind CR, with an image right behind it.
    var feeds = try PNMDecoder(Array("P5 1 1 255\r\nP5 1 1 255\r\n".utf8))
    var count = 0
    while let header = try feeds.nextHeader() {
      #expect(try feeds.readPixels(header) == [10])
      count += 1
    }
    #expect(count == 2)
  }

  @Test func whatALimitForbidsIsRefused() throws {
    let file = Array("P4 64 64\n".utf8) + [UInt8](repeating: 0, count: 512)
    let small = DecodeLimit(byteCount: 4095)
    let error = #expect(throws: ImageError.self) { try PNMDecoder.decode(file, decodeLimit: small) }
    guard case .overLimit(4096, 4095) = error?.reason else { return #expect(Bool(false), "\(error.debugDescription)") }
    #expect(try PNMDecoder.decode(file, decodeLimit: DecodeLimit(byteCount: 4096)).pixels.count == 4096)
  }

  @Test(arguments: [
    "", "P", "P5", "P7 1 1 255 x", "P5 0 2 255 ", "P5 -1 2 255 x", "P5 3 2 255", "P5 3 2 25 123456", "P5 3 2 65535 x",
    "P5 3 2 255 12345", "P5 3 2 255 1234567", "P5 99999999999999999999 1 255 x", "P5 60000 60000 255 x", "P5 x 2 255 ",
    "P2 3 2 255 1 2 3 4 5", "P2 3 2 255 1 2 3 4 5 6 7", "P2 3 2 255 1 2 3 4 5 256", "P2 3 2 255 1 2 3 4 5 6x",
    "P2 8000 8000 255 1", "P5 3 2 255x123456", "P5 1 1 0 x", "P5 1 1 65536 xx", "P5 1 1 256 x", "P5 1 1 256 \u{2}x",
    "P2 1 1 9 10", "P1 2 1 0", "P1 2 1 0 2", "P1 1 1 1 0", "P4 9 1 x", "P5 1 1 255 aP5 1 1 255 b", "P5 1 1 255 a P7",
    "P5 2 1 255\rab\r", "P5\r\n2 1\r\n255\r\na ", "P5\r\n2 1\r\n255\r\na \n", "P5\r\n2 1\r\n255\r\na \r\n",
  ])
  func badFilesAreRefused(_ text: String) {
    #expect(throws: ImageError.self) { try PNMDecoder.decode(Array(text.utf8)) }
  }

  @Test func everyTruncationIsRefusedAndNoChangedByteCrashes() {
    for file in [
      Array("P5 # c\n3 2\n255\n".utf8) + Self.gray, Array("P2\n3 2\n255\n10 20 250 1 2 35".utf8),
      Array("P6\n1 1 300 ".utf8) + Self.gray, Array("P4\n9 3\n".utf8) + Self.gray, Array("P1 3 2 0 1 0 110".utf8),
    ] {
      for count in 0..<file.count - 1 {
        #expect(throws: ImageError.self) { try PNMDecoder.decode(Array(file[..<count])) }
      }
      for index in file.indices {
        for byte in UInt8.min...UInt8.max {
          var bad = file
          bad[index] = byte
          if let image = try? PNMDecoder.decode(bad) {
            #expect(image.pixels.count == image.width * image.height * image.channels)
          }
        }
      }
    }
  }
}
