/// Inflates a whole raw deflate stream (RFC 1951) whose size is known, in two thirds of the time of zlib, which is made
/// for pieces: inflating is most of what loading a small model costs. Literals are looked up two at a time.
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
    while !isLast {
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

/// Bits of bytes, least significant first; past the end zeros, and `isOverrun` tells.
private struct BitReader {
  let input: UnsafePointer<UInt8>
  let count: Int
  private var next: Int
  private var buffer: UInt64 = 0
  /// Bits in `buffer` that have been read from `input`; negative once more were taken than there are.
  private(set) var available = 0

  init(_ input: UnsafePointer<UInt8>, count: Int, position: Int = 0) {
    (self.input, self.count, next) = (input, count, position)
  }

  var isOverrun: Bool { available < 0 }
  /// The first byte of which no bit was taken.
  var position: Int { next - available >> 3 }
  var peek: UInt64 { buffer }

  /// At least 48 bits more, where there are so many.
  @inline(__always) mutating func refill() {
    if next <= count &- 8 {
      // Bits beyond `available` are those of the bytes to come, so that or-ing them again changes nothing.
      let word = UInt64(littleEndian: UnsafeRawPointer(input).loadUnaligned(fromByteOffset: next, as: UInt64.self))
      buffer |= word &<< UInt64(available)
      next &+= (63 &- available) &>> 3
      available |= 56
      return
    }
    refillAtEnd()
  }

  @inline(never) private mutating func refillAtEnd() {
    while available >= 0, available <= 48, next < count {
      buffer |= UInt64(input[next]) << UInt64(available)
      next += 1
      available += 8
    }
  }

  @inline(__always) mutating func drop(_ bits: Int) {
    buffer &>>= UInt64(bits)
    available &-= bits
  }

  /// Drops as many bits as the entry of a code's table says.
  @inline(__always) mutating func drop(_ entry: UInt32) {
    buffer &>>= UInt64(entry)
    available &-= Int(entry & 15)
  }

  @inline(__always) mutating func take(_ bits: Int) -> Int {
    let value = Int(truncatingIfNeeded: buffer & (1 &<< UInt64(bits) &- 1))
    drop(bits)
    return value
  }
}

/// A complete canonical prefix code.
private struct PrefixCode: ~Copyable {
  private let tableBits: Int
  /// At the next bits of the stream: what they begin with, or 0 where its code is longer.
  private let table: UnsafeMutablePointer<Entry>
  /// The number of codes of each length, where the next symbol of each goes, and the symbols in order of their codes.
  private let counts, places, symbols: UnsafeMutablePointer<UInt16>
  private static var longest: Int { 15 }

  /// Bits 0...3: the bits it takes, lowest because shifts then take an entry as it is; 8...9: how many literals;
  /// 10...13: the length of the first symbol's code; 16...: the symbol, or two literals, the first lowest.
  private typealias Entry = UInt32

  init(tableBits: Int, symbols count: Int) {
    self.tableBits = tableBits
    table = .allocate(capacity: 1 << tableBits)
    counts = .allocate(capacity: Self.longest + 1)
    places = .allocate(capacity: Self.longest + 1)
    symbols = .allocate(capacity: count)
  }

  deinit {
    table.deallocate()
    counts.deallocate()
    places.deallocate()
    symbols.deallocate()
  }

  /// False where the lengths do not make a complete code. With `pairsLiterals` an entry may hold two.
  borrowing func build(_ lengths: UnsafePointer<UInt8>, count: Int, pairsLiterals: Bool = false) -> Bool {
    counts.update(repeating: 0, count: Self.longest + 1)
    for symbol in 0..<count { counts[Int(lengths[symbol])] += 1 }
    counts[0] = 0
    var left = 1
    places[0] = 0
    for length in 1...Self.longest {
      left = 2 * left - Int(counts[length])
      guard left >= 0 else { return false }
      places[length] = places[length - 1] + counts[length - 1]
    }
    guard left == 0 else { return false }
    for symbol in 0..<count where lengths[symbol] != 0 {
      symbols[Int(places[Int(lengths[symbol])])] = UInt16(symbol)
      places[Int(lengths[symbol])] += 1
    }
    table.update(repeating: 0, count: 1 << tableBits)
    // The stream holds a code's first bit lowest, so codes are counted from their highest bit down.
    var (code, next) = (0, 0)
    for length in 1...tableBits {
      for _ in 0..<Int(counts[length]) {
        let symbol = Int(symbols[next])
        let isLiteral = pairsLiterals && symbol < 256
        let entry = Entry(symbol << 16 | length << 10 | (isLiteral ? 1 << 8 : 0) | length)
        for index in stride(from: code, to: 1 << tableBits, by: 1 << length) { table[index] = entry }
        next += 1
        var bit = 1 << (length - 1)
        while code & bit != 0 {
          code ^= bit
          bit >>= 1
        }
        code |= bit
      }
    }
    if pairsLiterals { pairLiterals() }
    return true
  }

  /// Joins literals whose codes fit into one entry.
  private borrowing func pairLiterals() {
    // From the end: the entry of the bits after the first code lies before its own, or is the same, still single.
    for index in (0..<1 << tableBits).reversed() {
      let first = table[index]
      let second = table[index &>> Int(first & 15)]
      let length = first & 15 &+ second & 15
      // Without a branch, which would be taken at random.
      let joined = first & 0xFF_3C00 | (second & 0xFF_0000) << 8 | 2 << 8 | length
      table[index] = first & second & 1 << 8 != 0 && length <= tableBits ? joined : first
    }
  }

  /// Writes the literals of the next four entries, eight at most; false where a symbol of another kind comes first.
  @inline(__always) borrowing func fourEntries(
    _ bits: inout BitReader, _ output: UnsafeMutablePointer<UInt8>, _ place: inout Int
  ) -> Bool {
    let mask: UInt64 = 1 &<< UInt64(tableBits) &- 1
    for _ in 0..<4 {
      let entry = table[Int(truncatingIfNeeded: bits.peek & mask)]
      if entry & 3 << 8 == 0 { return false }
      UnsafeMutableRawPointer(output + place).storeBytes(
        of: UInt16(truncatingIfNeeded: entry >> 16).littleEndian, as: UInt16.self)
      place &+= Int(entry >> 8 & 3)
      bits.drop(entry)
    }
    return true
  }

  /// The next symbol, or -1.
  @inline(__always) borrowing func next(_ bits: inout BitReader) -> Int {
    let entry = Int(table[Int(truncatingIfNeeded: bits.peek & (1 &<< UInt64(tableBits) &- 1))])
    if entry == 0 { return nextLong(&bits) }
    bits.drop(entry &>> 10 & 15)
    return entry & 2 << 8 != 0 ? entry &>> 16 & 0xFF : entry &>> 16
  }

  @inline(never) private borrowing func nextLong(_ bits: inout BitReader) -> Int {
    var (code, first, index) = (0, 0, 0)
    for length in 1...Self.longest {
      code |= bits.take(1)
      let count = Int(counts[length])
      if code - first < count { return Int(symbols[index + code - first]) }
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    return -1
  }
}
