/// Codes binary decisions one after another; the encoder and the decoder walk through the same model.
package protocol BitCoder {
  /// Codes `bit`, 0 or 1, whose probability of being 1 is `probability / 65536`; a decoder ignores `bit`.
  ///
  /// - Parameter probability: 1...65535.
  /// - Returns: The bit coded.
  mutating func code(_ bit: Int, probability: UInt32) -> Int
}

/// The facts that the range encoder and decoder share (Format.md, Range coder).
enum RangeCoding {
  /// The range is doubled 8 times whenever it falls below this.
  static var leastRange: UInt32 { 1 << 24 }
  /// Zero bytes that the end of a stream may lack.
  static var omittedZeros: Int { 4 }
}

/// A binary range coder of 32 bits (Martin 1979; Subbotin 1999), with carries resolved in the bytes already written.
package struct RangeEncoder: BitCoder {
  private var low: UInt64 = 0
  private var range: UInt32 = .max
  private var bytes: [UInt8] = []

  /// Whole bytes written so far.
  var count: Int { bytes.count }

  package init() {}

  package mutating func code(_ bit: Int, probability: UInt32) -> Int {
    let bound = UInt32(truncatingIfNeeded: (UInt64(range) * UInt64(probability)) >> 16)
    if bit != 0 {
      range = bound
    } else {
      low += UInt64(bound)
      range -= bound
      carry()
    }
    while range < RangeCoding.leastRange {
      bytes.append(UInt8(truncatingIfNeeded: low >> 24))
      low = low << 8 & 0xFFFF_FFFF
      range <<= 8
    }
    return bit
  }

  private mutating func carry() {
    guard low >> 32 != 0 else { return }
    low &= 0xFFFF_FFFF
    var index = bytes.count - 1
    while bytes[index] == 0xFF {
      bytes[index] = 0
      index -= 1
    }
    bytes[index] += 1
  }

  /// The stream: the least number in the final interval with one byte more than those written, less trailing zeros.
  package consuming func finished() -> [UInt8] {
    low += UInt64(RangeCoding.leastRange - 1)
    carry()
    bytes.append(UInt8(truncatingIfNeeded: low >> 24))
    var omitted = 0
    while omitted < RangeCoding.omittedZeros, bytes.last == 0 {
      bytes.removeLast()
      omitted += 1
    }
    return bytes
  }
}

/// The inverse of `RangeEncoder` over bytes that may be hostile: past the end it reads zeros, and says so.
package struct RangeDecoder: BitCoder {
  package enum End: Equatable { case exact, tooShort, tooLong(Int), notLeast }

  private let bytes: [UInt8]
  private let end: Int
  /// The byte to be read next; passes `end` where zeros are read.
  private(set) var position: Int
  private let start: Int
  private var range: UInt32 = .max
  private var code: UInt32 = 0

  package init(_ bytes: [UInt8], range: Range<Int>) {
    self.bytes = bytes
    start = range.lowerBound
    position = start
    end = range.upperBound
    for _ in 0..<4 { code = code << 8 | nextByte() }
  }

  @inline(__always) private mutating func nextByte() -> UInt32 {
    defer { position += 1 }
    return position < end ? UInt32(bytes[position]) : 0
  }

  @inline(__always) package mutating func code(_ bit: Int, probability: UInt32) -> Int {
    let bound = UInt32(truncatingIfNeeded: (UInt64(range) &* UInt64(probability)) >> 16)
    // A branch, so that what follows is begun on the likelier bit before the division of the range is known.
    if code < bound {
      range = bound
      normalize()
      return 1
    }
    range &-= bound
    code &-= bound
    normalize()
    return 0
  }

  @inline(__always) private mutating func normalize() {
    while range < RangeCoding.leastRange {
      range <<= 8
      code = code << 8 | nextByte()
    }
  }

  /// Whether decoding has gone on beyond what any stream of this length can hold.
  package var isOverrun: Bool { position - 3 > end + RangeCoding.omittedZeros }

  /// Whether the stream is the very one that the encoder writes for the bits decoded.
  package func checkedEnd() -> End {
    // The encoder wrote a byte for each one shifted in after the first four, and one more.
    let last = position - 3
    if end > last { return .tooLong(end - last) }
    if end + RangeCoding.omittedZeros < last { return .tooShort }
    // Four zeros left out may follow another zero; fewer may not.
    let endsInZero = end > start && bytes[end - 1] == 0
    if endsInZero && end + RangeCoding.omittedZeros > last { return .notLeast }
    return code < RangeCoding.leastRange ? .exact : .notLeast
  }
}
