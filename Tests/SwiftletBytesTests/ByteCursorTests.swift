import SwiftletBytes
import Testing

@Suite struct ByteCursorTests {
  @Test func integersRoundTripInBothByteOrders() throws {
    var writer = ByteWriter()
    writer.write(UInt16(0x0123))
    writer.write(UInt32(0x8901_2345))
    writer.writeBigEndian(UInt32(0x0123_4567))
    writer.write(UInt64(0xfedc_ba98_7654_3210))
    writer.write(byte: 7)
    #expect(Array(writer.bytes[0..<10]) == [0x23, 0x01, 0x45, 0x23, 0x01, 0x89, 0x01, 0x23, 0x45, 0x67])
    var cursor = ByteCursor(writer.bytes)
    #expect(try cursor.read("a", as: UInt16.self) == 0x0123)
    #expect(try cursor.read("b", as: UInt32.self) == 0x8901_2345)
    #expect(try cursor.readBigEndian("c", as: UInt32.self) == 0x0123_4567)
    #expect(try cursor.read("d", as: UInt64.self) == 0xfedc_ba98_7654_3210)
    #expect(try cursor.readByte("e") == 7)
    try cursor.expectEnd("end")
  }

  @Test(arguments: [0, 1, 127, 128, 16383, 16384, UInt64(UInt32.max), 1 << 63, .max])
  func varintsRoundTripAndTruncationIsRefused(_ value: UInt64) throws {
    var writer = ByteWriter()
    writer.writeVarint(value)
    #expect(writer.count == max(1, (64 - value.leadingZeroBitCount + 6) / 7))
    var cursor = ByteCursor(writer.bytes)
    #expect(try cursor.readVarint("value") == value)
    #expect(cursor.isAtEnd)
    for count in 0..<writer.count {
      var short = ByteCursor(writer.bytes, range: 0..<count)
      let error = #expect(throws: ByteError.self) { try short.readVarint("value") }
      #expect(error?.reason == .truncated(needed: count + 1, available: count))
      #expect(error?.offset == 0)
    }
  }

  @Test(arguments: [0, -1, 1, -64, 64, Int64.min, .max])
  func signedVarintsRoundTrip(_ value: Int64) throws {
    var writer = ByteWriter()
    writer.writeSignedVarint(value)
    if (-64..<64).contains(value) { #expect(writer.count == 1) }
    var cursor = ByteCursor(writer.bytes)
    #expect(try cursor.readSignedVarint("value") == value)
  }

  @Test func varintsThatAreNotShortestOrOverflowAreRefused() {
    let cases: [([UInt8], ByteError.Reason)] = [
      ([0x80, 0x00], .varintNotCanonical),
      ([0xff, 0x80, 0x00], .varintNotCanonical),
      (Array(repeating: 0xff, count: 9) + [0x02], .varintOverflow),
      (Array(repeating: 0x80, count: 10) + [0x01], .varintOverflow),
      (Array(repeating: 0xff, count: 20), .varintOverflow),
    ]
    for (bytes, reason) in cases {
      var cursor = ByteCursor([9] + bytes, range: 1..<bytes.count + 1)
      let error = #expect(throws: ByteError.self) { try cursor.readVarint("value") }
      #expect(error?.reason == reason)
      #expect(error?.offset == 1)
    }
  }

  @Test func countsAboveTheirLimitAreRefused() throws {
    var writer = ByteWriter()
    writer.writeCount(300)
    var cursor = ByteCursor(writer.bytes)
    var copy = cursor
    #expect(try copy.readCount("layers", limit: 300) == 300)
    let error = #expect(throws: ByteError.self) { try cursor.readCount("layers", limit: 299) }
    #expect(error?.reason == .overLimit(value: 300, limit: 299))
    #expect(error.map { "\($0.field)" } == "layers")
    var huge = ByteWriter()
    huge.writeVarint(.max)
    var hugeCursor = ByteCursor(huge.bytes)
    #expect(throws: ByteError.self) { try hugeCursor.readCount("layers", limit: .max) }
  }

  @Test func readsStopAtTheEndOfTheRange() throws {
    var cursor = ByteCursor([1, 2, 3, 4, 5, 6, 7, 8], range: 2..<5)
    #expect(throws: ByteError.self) { try cursor.read("word", as: UInt32.self) }
    #expect(cursor.offset == 2)
    #expect(throws: ByteError.self) { try cursor.readBytes("bytes", count: -1) }
    #expect(throws: ByteError.self) { try cursor.readBytes("bytes", count: .max) }
    #expect(try Array(cursor.readBytes("bytes", count: 2)) == [3, 4])
    let error = #expect(throws: ByteError.self) { try cursor.expectEnd("file") }
    #expect(error?.reason == .trailingBytes(1))
    #expect(Array(cursor.readRest()) == [5])
    #expect(throws: ByteError.self) { try cursor.readByte("byte") }
    try cursor.expectEnd("file")
  }

  @Test(arguments: [(0, "0"), (7, "7"), (-1, "-1"), (1234567890, "1234567890"), (Int.min, "-9223372036854775808")])
  func decimalsAreWritten(_ value: Int, _ text: String) {
    var writer = ByteWriter()
    writer.write(text: "n=")
    writer.writeDecimal(value)
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "n=" + text)
  }
}
