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

  @Test(arguments: [
    "", "P", "P5", "P7 1 1 255 x", "P5 0 2 255 ", "P5 -1 2 255 x", "P5 3 2 255", "P5 3 2 25 123456", "P5 3 2 65535 x",
    "P5 3 2 255 12345", "P5 3 2 255 1234567", "P5 99999999999999999999 1 255 x", "P5 60000 60000 255 x", "P5 x 2 255 ",
    "P2 3 2 255 1 2 3 4 5", "P2 3 2 255 1 2 3 4 5 6 7", "P2 3 2 255 1 2 3 4 5 256", "P2 3 2 255 1 2 3 4 5 6x",
    "P2 8000 8000 255 1", "P5 3 2 255x123456", "P1 1 1 0", "P4 1 1 x",
  ])
  func badFilesAreRefused(_ text: String) {
    #expect(throws: ImageError.self) { try PNMDecoder.decode(Array(text.utf8)) }
  }

  @Test func everyTruncationIsRefusedAndNoChangedByteCrashes() {
    for file in [Array("P5 # c\n3 2\n255\n".utf8) + Self.gray, Array("P2\n3 2\n255\n10 20 250 1 2 35".utf8)] {
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
