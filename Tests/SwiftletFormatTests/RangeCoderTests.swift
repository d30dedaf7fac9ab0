import SwiftletFormat
import SwiftletModel
import Testing

@Suite struct RangeCoderTests {
  /// Bits with their probabilities, some certain, some against all odds.
  private static func decisions(_ count: Int, seed: UInt64) -> [(bit: Int, probability: UInt32)] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      let word = generator.next()
      let probability: UInt32 =
        switch word >> 60 {
        case 0...3: 65535
        case 4...7: 1
        default: UInt32(word >> 16 & 65535) | 1
        }
      // Seed 0: always what is likely; others: as it comes.
      let isLikely = UInt32(word & 65535) < probability
      return (seed == 0 ? (probability > 32768 ? 1 : 0) : isLikely ? 1 : 0, probability)
    }
  }

  private static func encoded(_ decisions: [(bit: Int, probability: UInt32)]) -> [UInt8] {
    var encoder = RangeEncoder()
    for decision in decisions { _ = encoder.code(decision.bit, probability: decision.probability) }
    return encoder.finished()
  }

  private static func end(_ bytes: [UInt8], _ decisions: [(bit: Int, probability: UInt32)]) -> RangeDecoder.End? {
    var decoder = RangeDecoder(bytes, range: 0..<bytes.count)
    for decision in decisions where decoder.code(0, probability: decision.probability) != decision.bit { return nil }
    return decoder.checkedEnd()
  }

  @Test(arguments: [0, 1, 2, 7, 31, 100, 1009, 20_000], [0, 1, 2, 3])
  func bitsComeBackAndTheEndIsExact(_ count: Int, _ seed: UInt64) {
    let decisions = Self.decisions(count, seed: seed)
    let bytes = Self.encoded(decisions)
    #expect(Self.end(bytes, decisions) == .exact)
    for extra: UInt8 in [0, 1, 255] { #expect(Self.end(bytes + [extra], decisions) != .exact) }
    if !bytes.isEmpty { #expect(Self.end(Array(bytes.dropLast()), decisions) != .exact) }
  }

  /// Unlikely zeros drive the low end to a row of 0xFF bytes, and a likely one then carries through them.
  @Test func carriesRunThroughRowsOfBytes() {
    var carried = 0
    for seed in 10..<400 as Range<UInt64> {
      var decisions = [(bit: Int, probability: UInt32)](repeating: (0, 65535), count: Int(seed % 9))
      decisions += Self.decisions(40, seed: seed)
      let bytes = Self.encoded(decisions)
      if bytes.contains(0xFF) { carried += 1 }
      #expect(Self.end(bytes, decisions) == .exact)
    }
    #expect(carried > 50)
  }

  /// Within a thousandth of the entropy, and two bytes.
  @Test(arguments: [1, 3, 50, 1000, 30_000]) func lengthIsTheEntropy(_ probability: UInt32) {
    var generator = SplitMix64(seed: 4)
    let count = 200_000
    let decisions = (0..<count).map { _ in
      (bit: UInt32(generator.next() & 65535) < probability ? 1 : 0, probability: probability)
    }
    let ones = decisions.reduce(0) { $0 + $1.bit }
    // -log2 in 2^-20ths, by repeated squaring.
    func cost(_ p: Double) -> Double {
      var (bits, x) = (0.0, p)
      while x < 1 {
        x *= 2
        bits += 1
      }
      var step = 0.5
      for _ in 0..<40 {
        x *= x
        if x >= 2 {
          x /= 2
          bits -= step
        }
        step /= 2
      }
      // x was halved into 1..<2 from above: bits counts whole doublings less the fraction.
      return bits
    }
    let p = Double(probability) / 65536
    let entropy = Double(ones) * cost(p) + Double(count - ones) * cost(1 - p)
    let bytes = Self.encoded(decisions)
    #expect(Double(bytes.count) <= entropy / 8 * 1.001 + 2)
    #expect(Double(bytes.count) >= entropy / 8 * 0.999 - 2)
  }

  @Test func emptyInputIsZeros() {
    var decoder = RangeDecoder([], range: 0..<0)
    for _ in 0..<1000 { #expect(decoder.code(0, probability: 1 << 15) == 1) }
    #expect(decoder.isOverrun)
    #expect(decoder.checkedEnd() == .tooShort)
  }
}
