import SwiftletBytes
import Testing

@Suite struct WholeInflaterTests {
  /// Bytes from a linear congruential generator, of kinds that make all sorts of blocks and codes.
  enum Kind: CaseIterable {
    case random, fewValues, skewed, repeated, zeros, text

    func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
      var state = seed
      return (0..<count).map { index in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let value = state >> 33
        return switch self {
        case .random: UInt8(truncatingIfNeeded: value)
        case .fewValues: UInt8(value & 7)
        // Each value half as likely as the one before: codes of all lengths.
        case .skewed: UInt8((value | 1 << 20).trailingZeroBitCount)
        case .repeated: UInt8(truncatingIfNeeded: index % 300 < 290 ? index % 300 * 7 : Int(value))
        case .zeros: value % 97 == 0 ? 1 : 0
        case .text: UInt8(truncatingIfNeeded: value % 26 + 97)
        }
      }
    }
  }

  static func whole(_ packed: [UInt8], count: Int) -> [UInt8]? {
    var result = [UInt8](repeating: 0xA5, count: count)
    let fits = packed.withUnsafeBufferPointer { source in
      result.withUnsafeMutableBufferPointer { WholeInflater.inflate(source, into: $0) }
    }
    return fits ? result : nil
  }

  /// What zlib makes of a stream that must fill exactly `count` bytes.
  static func byZlib(_ packed: [UInt8], count: Int) throws -> [UInt8]? {
    var stream = try InflateStream(.raw, field: "x")
    var result = [UInt8](repeating: 0, count: count + 1)
    let produced = try? packed.withUnsafeBufferPointer { source in
      try result.withUnsafeMutableBufferPointer { try stream.inflate(source, into: $0).produced }
    }
    guard produced == count, stream.isFinished, stream.consumed == packed.count else { return nil }
    return Array(result[..<count])
  }

  @Test(arguments: Kind.allCases, [1, 2, 100, 5000, 70_000])
  func takesWhatZlibWrites(_ kind: Kind, _ count: Int) throws {
    let source = kind.bytes(count, seed: UInt64(count))
    for effort in [Zlib.Effort.fast, .smallest] {
      let packed = try Zlib.deflate(source, wrapper: .raw, effort: effort)
      #expect(Self.whole(packed, count: count) == source)
      #expect(Self.whole(packed, count: count + 1) == nil)
      #expect(Self.whole(packed, count: count - 1) == nil)
      #expect(Self.whole(packed + [0], count: count) == nil)
    }
  }

  /// 200,000 empty blocks of the fixed code, then a byte: zlib's work, as preparing a code for each would take seconds.
  @Test func streamsOfEmptyBlocksAreLeftToZlib() throws {
    var bits: [UInt8] = []
    for _ in 0..<200_000 { bits += [0, 1, 0] + [UInt8](repeating: 0, count: 7) }
    // The last block: the literal 0x41 is 0x30 + 0x41 in eight bits, most significant first; then the end.
    bits += [1, 1, 0] + (0..<8).map { UInt8((0x71 >> (7 - $0)) & 1) } + [UInt8](repeating: 0, count: 7)
    while bits.count % 8 != 0 { bits.append(0) }
    let packed = stride(from: 0, to: bits.count, by: 8).map { first in
      (0..<8).reduce(UInt8(0)) { $0 | bits[first + $1] << UInt8($1) }
    }
    #expect(Self.whole(packed, count: 1) == nil)
    #expect(try Self.byZlib(packed, count: 1) == [0x41])
    #expect(try Zlib.inflate(packed[...], count: 1, limit: 10, wrapper: .raw, field: "x") == [0x41])
  }

  @Test(arguments: Kind.allCases)
  func noTruncationIsTaken(_ kind: Kind) throws {
    let packed = try Zlib.deflate(kind.bytes(700, seed: 3), wrapper: .raw)
    for count in 0..<packed.count { #expect(Self.whole(Array(packed[..<count]), count: 700) == nil) }
  }

  @Test(arguments: Kind.allCases)
  func takesNothingThatZlibDoesNot(_ kind: Kind) throws {
    var taken = 0
    for count in [60, 500] {
      let packed = try Zlib.deflate(kind.bytes(count, seed: 9), wrapper: .raw)
      for bit in 0..<packed.count * 8 {
        var bad = packed
        bad[bit / 8] ^= 1 << (bit % 8)
        guard let result = Self.whole(bad, count: count) else { continue }
        taken += 1
        #expect(try Self.byZlib(bad, count: count) == result)
      }
    }
    #expect(taken > 0)
  }

  @Test func storedBlocksAreCopied() {
    let stored: [UInt8] = [0, 3, 0, 0xFC, 0xFF, 7, 8, 9, 1, 1, 0, 0xFE, 0xFF, 5]
    #expect(Self.whole(stored, count: 4) == [7, 8, 9, 5])
    var bad = stored
    bad[3] = 0xFD
    #expect(Self.whole(bad, count: 4) == nil)
  }

  @Test func bytesThatAreNoStreamAreNeverTakenWrongly() throws {
    var state: UInt64 = 5
    for length in 0..<3000 {
      let noise = (0..<length % 60).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 40)
      }
      for count in 0..<4 {
        if let result = Self.whole(noise, count: count) { #expect(try Self.byZlib(noise, count: count) == result) }
      }
    }
  }
}
