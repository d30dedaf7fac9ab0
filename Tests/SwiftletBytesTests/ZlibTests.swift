import SwiftletBytes
import Testing

@Suite struct ZlibTests {
  /// Compressible, but not trivially: a small alphabet from a linear congruential generator.
  static func sample(_ count: Int) -> [UInt8] {
    var state: UInt32 = 1
    return (0..<count).map { index in
      state = state &* 1_664_525 &+ 1_013_904_223
      return index % 7 == 0 ? UInt8(index & 15) : UInt8(state >> 29)
    }
  }

  static let wrappers: [Zlib.Wrapper] = [.raw, .zlib, .gzip]

  @Test func crcIsThatOfTheSpecification() {
    #expect(Zlib.crc32(Array("123456789".utf8)) == 0xcbf4_3926)
    #expect(Zlib.crc32(Array("56789".utf8), seed: Zlib.crc32(Array("1234".utf8)[...])) == 0xcbf4_3926)
    #expect(Zlib.crc32([UInt8]()) == 0)
  }

  @Test(arguments: wrappers, [0, 1, 2, 255, 5000, 70000, 300_000])
  func roundTrips(_ wrapper: Zlib.Wrapper, _ count: Int) throws {
    let source = Self.sample(count)
    let fast = try Zlib.deflate(source, wrapper: wrapper, effort: .fast)
    let smallest = try Zlib.deflate(source, wrapper: wrapper)
    #expect(smallest.count <= fast.count)
    for packed in [fast, smallest] {
      // A slice that does not start at zero shows offsets that forget the base.
      let framed = [1, 2, 3] + packed + [4]
      let slice = framed[3..<framed.count - 1]
      #expect(try Zlib.inflate(slice, count: count, limit: count, wrapper: wrapper, field: "x") == source)
    }
  }

  @Test(arguments: wrappers)
  func everyTruncationIsRefused(_ wrapper: Zlib.Wrapper) throws {
    let source = Self.sample(600)
    let packed = try Zlib.deflate(source, wrapper: wrapper)
    for count in 0..<packed.count {
      let error = #expect(throws: ByteError.self) {
        try Zlib.inflate(packed[..<count], count: 600, limit: 600, wrapper: wrapper, field: "x")
      }
      #expect(error?.reason == .truncated(needed: count + 1, available: count))
    }
  }

  @Test func everyFlippedBitIsRefusedOrHarmless() throws {
    let source = Self.sample(300)
    let packed = try Zlib.deflate(source, wrapper: .zlib)
    var harmless = 0
    for bit in 0..<packed.count * 8 {
      var bad = packed
      bad[bit / 8] ^= 1 << (bit % 8)
      // A few bits (the level hint, the padding before the checksum) mean nothing; never may the content differ.
      if let result = try? Zlib.inflate(bad[...], count: 300, limit: 300, wrapper: .zlib, field: "x") {
        #expect(result == source)
        harmless += 1
      }
    }
    #expect(harmless < 16)
  }

  @Test(arguments: wrappers)
  func wrongDeclaredCountsAreRefused(_ wrapper: Zlib.Wrapper) throws {
    let packed = try Zlib.deflate(Self.sample(100), wrapper: wrapper)
    for count in [0, 1, 99, 101, 5000] {
      let error = #expect(throws: ByteError.self) {
        try Zlib.inflate(packed[...], count: count, limit: 5000, wrapper: wrapper, field: "x")
      }
      #expect(error?.reason == .inflatedCount(expected: count, actual: min(100, count + 1)))
    }
  }

  @Test(arguments: [Zlib.Wrapper.raw, .zlib])
  func bytesAfterTheEndAreRefused(_ wrapper: Zlib.Wrapper) throws {
    let packed = try Zlib.deflate(Self.sample(100), wrapper: wrapper)
    let error = #expect(throws: ByteError.self) {
      try Zlib.inflate(([0, 0] + packed + [0, 7])[2...], count: 100, limit: 100, wrapper: wrapper, field: "x")
    }
    #expect(error?.reason == .trailingBytes(2))
    #expect(error?.offset == packed.count + 2)
  }

  @Test func aCountAboveTheLimitIsRefusedBeforeAllocating() {
    let error = #expect(throws: ByteError.self) {
      try Zlib.inflate([0x78, 0x9c], count: .max, limit: 1 << 20, wrapper: .zlib, field: "x")
    }
    #expect(error?.reason == .overLimit(value: UInt64(Int.max), limit: 1 << 20))
  }

  @Test func aGzipBombStopsAtTheCount() throws {
    let bomb = try Zlib.deflate([UInt8](repeating: 0, count: 20_000_000), wrapper: .gzip, effort: .fast)
    #expect(bomb.count < 25_000)
    let error = #expect(throws: ByteError.self) {
      try Zlib.inflate(bomb[...], count: 1000, limit: 1000, wrapper: .gzip, field: "x")
    }
    #expect(error?.reason == .inflatedCount(expected: 1000, actual: 1001))
  }

  @Test func gzipMembersAreJoinedAndWhatFollowsThemIsIgnored() throws {
    let members = try ["ab", "", "cde"].map { try Zlib.deflate(Array($0.utf8), wrapper: .gzip) }
    let file = members.flatMap { $0 }
    let content = Array("abcde".utf8)
    for end in [[], [0], [0, 0, 0], [0x1f], Array("garbage".utf8)] as [[UInt8]] {
      #expect(try Zlib.inflate((file + end)[...], count: 5, limit: 5, wrapper: .gzip, field: "x") == content)
    }
    for count in [4, 6] {
      #expect(throws: ByteError.self) {
        try Zlib.inflate(file[...], count: count, limit: 9, wrapper: .gzip, field: "x")
      }
    }
    // What says it is a member must be one.
    for source in [file + [0x1f, 0x8b, 9], []] {
      #expect(throws: ByteError.self) {
        try Zlib.inflate(source[...], count: 5, limit: 9, wrapper: .gzip, field: "x")
      }
    }
  }

  @Test(arguments: [1, 3, 1000])
  func streamsInPiecesOfAnySize(_ piece: Int) throws {
    let source = Self.sample(5000)
    let packed = try Zlib.deflate(source, wrapper: .zlib)
    var stream = try InflateStream(.zlib, field: "x")
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: piece)
    var position = 0
    while !stream.isFinished {
      let step = try packed[position..<min(position + piece, packed.count)].withUnsafeBufferPointer { input in
        try buffer.withUnsafeMutableBufferPointer { try stream.inflate(input, into: $0) }
      }
      #expect(step.consumed + step.produced > 0)
      position += step.consumed
      result += buffer[..<step.produced]
    }
    #expect(result == source)
    #expect(stream.consumed == packed.count)
  }
}
