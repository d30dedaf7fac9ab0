/// A complete canonical prefix code.
struct PrefixCode: ~Copyable {
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
