/// Bits of bytes, least significant first; past the end zeros, and `isOverrun` tells.
struct BitReader {
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
