/// Inflates a whole raw deflate stream (RFC 1951) whose size is known, in less time than zlib, which is made for
/// pieces: inflating is most of what loading a small model costs. Literals are looked up two at a time.
///
/// It takes complete, regular streams only and says nothing about others: zlib finds out what is wrong with those.
package struct WholeInflater: ~Copyable {
  /// Codes of up to so many bits are looked up, longer ones found bit by bit.
  fileprivate static var literalBits: Int { 10 }
  fileprivate static var distanceBits: Int { 8 }

  private let literals, distances: PrefixCode
  /// The code lengths of one block's symbols: literals and lengths, then distances.
  private let lengths: UnsafeMutablePointer<UInt8>

  private init() {
    literals = PrefixCode(tableBits: Self.literalBits, symbols: 288)
    distances = PrefixCode(tableBits: Self.distanceBits, symbols: 32)
    lengths = .allocate(capacity: 320)
  }

  deinit { lengths.deallocate() }

  /// Fills `output` from all of `source`; false, with `output` in any state, where they do not fit each other exactly
  /// or the stream is not as most are.
  package static func inflate(
    _ source: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
  ) -> Bool {
    guard let input = source.baseAddress, let start = output.baseAddress else { return false }
    let inflater = WholeInflater()
    var bits = BitReader(input, count: source.count)
    var produced = 0
    var isLast = false
    // Preparing a block's codes takes the time of some hundred bytes: a stream of tiny blocks is left to zlib.
    var blocksLeft = 16 + source.count >> 8
    while !isLast {
      blocksLeft -= 1
      guard blocksLeft >= 0 else { return false }
      bits.refill()
      isLast = bits.take(1) == 1
      switch bits.take(2) {
      case 0: guard inflater.copyStored(&bits, start, &produced, capacity: output.count) else { return false }
      case 1:
        guard inflater.useFixedCodes(), inflater.block(&bits, start, &produced, capacity: output.count) else {
          return false
        }
      case 2:
        guard inflater.readCodes(&bits), inflater.block(&bits, start, &produced, capacity: output.count) else {
          return false
        }
      default: return false
      }
      if bits.isOverrun { return false }
    }
    return produced == output.count && bits.position == source.count
  }

  private borrowing func copyStored(
    _ bits: inout BitReader, _ output: UnsafeMutablePointer<UInt8>, _ produced: inout Int, capacity: Int
  ) -> Bool {
    let first = bits.position
    guard !bits.isOverrun, first + 4 <= bits.count else { return false }
    let count = Int(bits.input[first]) | Int(bits.input[first + 1]) << 8
    let complement = Int(bits.input[first + 2]) | Int(bits.input[first + 3]) << 8
    guard count ^ complement == 0xFFFF, count <= bits.count - first - 4, count <= capacity - produced else {
      return false
    }
    (output + produced).update(from: bits.input + first + 4, count: count)
    produced += count
    bits = BitReader(bits.input, count: bits.count, position: first + 4 + count)
    return true
  }

  private borrowing func useFixedCodes() -> Bool {
    for symbol in 0..<288 { lengths[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8 }
    for symbol in 288..<320 { lengths[symbol] = 5 }
    return literals.build(lengths, count: 288, pairsLiterals: true) && distances.build(lengths + 288, count: 32)
  }

  /// Reads a block's two codes, themselves coded.
  private borrowing func readCodes(_ bits: inout BitReader) -> Bool {
    let literalCount = bits.take(5) + 257
    let distanceCount = bits.take(5) + 1
    let lengthCount = bits.take(4) + 4
    guard literalCount <= 286, distanceCount <= 30 else { return false }
    lengths.update(repeating: 0, count: 19)
    // 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
    for index in 0..<lengthCount {
      bits.refill()
      let symbol = index < 3 ? 16 + index : index == 3 ? 0 : index & 1 == 0 ? 6 + index / 2 : 9 - index / 2
      lengths[symbol] = UInt8(bits.take(3))
    }
    guard distances.build(lengths, count: 19) else { return false }
    var index = 0
    while index < literalCount + distanceCount {
      bits.refill()
      let symbol = distances.next(&bits)
      var value: UInt8 = 0
      var count = 1
      switch symbol {
      case 0..<16: value = UInt8(symbol)
      case 16:
        guard index > 0 else { return false }
        value = lengths[index - 1]
        count = 3 + bits.take(2)
      case 17: count = 3 + bits.take(3)
      case 18: count = 11 + bits.take(7)
      default: return false
      }
      guard !bits.isOverrun, index + count <= literalCount + distanceCount else { return false }
      (lengths + index).update(repeating: value, count: count)
      index += count
    }
    // A block without an end is refused, as zlib does.
    return lengths[256] != 0 && literals.build(lengths, count: literalCount, pairsLiterals: true)
      && distances.build(lengths + literalCount, count: distanceCount)
  }

  private borrowing func block(
    _ bits: inout BitReader, _ output: UnsafeMutablePointer<UInt8>, _ produced: inout Int, capacity: Int
  ) -> Bool {
    var reader = bits
    var place = produced
    defer { (bits, produced) = (reader, place) }
    while true {
      reader.refill()
      if place <= capacity &- 8, literals.fourEntries(&reader, output, &place) { continue }
      // A length and a distance take 48 bits at most.
      if reader.available < 48 { reader.refill() }
      let symbol = literals.next(&reader)
      if symbol < 256 {
        guard symbol >= 0, place < capacity else { return false }
        output[place] = UInt8(truncatingIfNeeded: symbol)
        place &+= 1
        continue
      }
      // Past the end zeros are read; they may be a code, but the bits taken show it.
      if reader.isOverrun { return false }
      if symbol == 256 { return true }
      guard symbol <= 285 else { return false }
      let count = length(symbol, &reader)
      let code = distances.next(&reader)
      guard code >= 0, code < 30 else { return false }
      let distance = self.distance(code, &reader)
      guard distance <= place, count <= capacity - place else { return false }
      // Byte by byte: the copy may overlap its source.
      for index in place..<place + count { output[index] = output[index - distance] }
      place += count
    }
  }

  /// Lengths begin at 3, four to each number of extra bits after the first eight.
  private borrowing func length(_ symbol: Int, _ bits: inout BitReader) -> Int {
    let index = symbol - 257
    if index < 8 { return 3 + index }
    if index == 28 { return 258 }
    let extra = index >> 2 - 1
    return 3 + (4 + index & 3) << extra + bits.take(extra)
  }

  /// Distances begin at 1, two to each number of extra bits after the first four.
  private borrowing func distance(_ code: Int, _ bits: inout BitReader) -> Int {
    if code < 4 { return 1 + code }
    let extra = code >> 1 - 1
    return 1 + (2 + code & 1) << extra + bits.take(extra)
  }
}
