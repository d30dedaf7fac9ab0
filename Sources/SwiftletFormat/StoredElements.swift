import SwiftletBytes

// What `TensorDecoder` reads from and writes to, without a generic parameter, so that one copy of the code serves all
// element types. The bytes may be hostile: every index is checked. Pointers are valid while the tensor is decoded.

/// Room for a tensor's elements, of one or four bytes each, as bit patterns, addressed in the order they are stored.
struct DecodedElements {
  private let start: UnsafeMutableRawPointer
  let count: Int
  /// Bytes of an element.
  let width: Int
  /// Stored neighbours, `runCount` of them, lie `stride` elements apart; the next run begins one element further.
  private let runCount, stride: Int
  /// The stored index of the current run's first element, and the run's number.
  private var runStart = 0
  private var run = 0

  init(_ bytes: UnsafeMutableRawBufferPointer, _ matrix: Matrix, isTransposed: Bool) {
    // Without elements nothing is ever written.
    start = bytes.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 1)!
    count = matrix.count
    width = count > 0 ? bytes.count / count : 1
    runCount = isTransposed ? matrix.rows : count
    stride = isTransposed ? matrix.columns : 1
  }

  /// What writing one costs (Format.md, Limits): elements that are stored transposed lie far apart.
  var stepsPerElement: Int { stride == 1 ? 1 : 3 }

  /// Where stored element `index` lies. Going forward is cheap.
  private mutating func position(_ index: Int) -> Int {
    precondition(index >= 0 && index < count)
    if index < runStart { (runStart, run) = (0, 0) }
    while index - runStart >= runCount {
      runStart += runCount
      run += 1
    }
    return run + (index - runStart) * stride
  }

  /// Writes one of `values` for every set bit of `mask`, in order: the usual form of pruned weights.
  mutating func scatter(_ values: StoredValues, at mask: PackedBits) {
    var next = 0
    guard width == 1 else {
      mask.forEachSet { index in
        self[index] = values[next]
        next += 1
      }
      return
    }
    precondition(mask.count == count && values.bytes.count == mask.setCount)
    let bytes = start.assumingMemoryBound(to: UInt8.self)
    if runCount == count {
      mask.forEachSet { index in
        bytes[index] = values.bytes[next]
        next &+= 1
      }
      return
    }
    mask.forEachSet { index in
      while index - runStart >= runCount {
        runStart += runCount
        run += 1
      }
      bytes[run + (index - runStart) * stride] = values.bytes[next]
      next += 1
    }
  }

  /// Writes `values` in order, each behind its gap; a gap of 255 goes on with the next.
  ///
  /// The caller has added up the gaps: none leads past the last element, and those below 255 are as many as `values`.
  mutating func scatter(_ values: StoredValues, after gaps: UnsafeBufferPointer<UInt8>) {
    var next = 0
    guard width == 1 else {
      var index = 0
      for gap in gaps {
        index += Int(gap)
        if gap == 255 { continue }
        self[index] = values[next]
        next += 1
        index += 1
      }
      return
    }
    let bytes = start.assumingMemoryBound(to: UInt8.self)
    // Where the next element lies within its run.
    var place = 0
    var run = 0
    for gap in gaps {
      place &+= Int(gap)
      if gap == 255 { continue }
      while place >= runCount {
        place &-= runCount
        run &+= 1
      }
      bytes[run &+ place &* stride] = values.bytes[next]
      next &+= 1
      place &+= 1
    }
  }

  subscript(index: Int) -> UInt32 {
    mutating get {
      let position = position(index)
      return width == 1
        ? UInt32(start.load(fromByteOffset: position, as: UInt8.self))
        : start.load(fromByteOffset: position * 4, as: UInt32.self)
    }
    set {
      let position = position(index)
      if width == 1 {
        start.storeBytes(of: UInt8(truncatingIfNeeded: newValue), toByteOffset: position, as: UInt8.self)
      } else {
        start.storeBytes(of: newValue, toByteOffset: position * 4, as: UInt32.self)
      }
    }
  }
}

/// Stored elements: single bytes, or four byte planes, most significant first.
struct StoredValues {
  let bytes: UnsafeBufferPointer<UInt8>
  private let count, width: Int

  init(
    _ reader: inout FieldReader, _ content: UnsafeBufferPointer<UInt8>, _ field: StaticString = "values", count: Int,
    width: Int
  ) throws(ModelFormatError) {
    bytes = UnsafeBufferPointer(rebasing: content[try reader.range(field, count: count * width)])
    self.count = count
    self.width = width
  }

  var containsZero: Bool {
    if width == 1 { return containsZeroByte }
    for index in 0..<count where self[index] == 0 { return true }
    return false
  }

  /// Eight at a time: adding 127 to the other bits of a byte sets its top bit where they are not zero.
  private var containsZeroByte: Bool {
    let others: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    let whole = bytes.count & ~7
    guard let start = UnsafeRawPointer(bytes.baseAddress) else { return false }
    var nonzero = ~0 as UInt64
    for first in stride(from: 0, to: whole, by: 8) {
      let word = start.loadUnaligned(fromByteOffset: first, as: UInt64.self)
      nonzero &= (word & others &+ others) | word
    }
    return nonzero & ~others != ~others || bytes[whole...].contains(0)
  }

  subscript(index: Int) -> UInt32 {
    precondition(index >= 0 && index < count)
    if width == 1 { return UInt32(bytes[index]) }
    var value: UInt32 = 0
    for plane in 0..<4 { value = value << 8 | UInt32(bytes[index + plane * count]) }
    return value
  }
}

/// Packed bits, least significant first, the unused ones of the last byte zero.
struct PackedBits {
  private let bytes: UnsafeBufferPointer<UInt8>
  let count: Int

  init(
    _ reader: inout FieldReader, _ content: UnsafeBufferPointer<UInt8>, _ field: StaticString, count: Int
  ) throws(ModelFormatError) {
    let start = reader.offset
    self.count = count
    bytes = UnsafeBufferPointer(rebasing: content[try reader.range(field, count: (count + 7) / 8)])
    if count % 8 != 0, let last = bytes.last, last >> UInt8(count % 8) != 0 {
      throw reader.error(.badValue, field, at: start)
    }
  }

  subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count)
    return bytes[index >> 3] >> UInt8(index & 7) & 1
  }

  /// Eight bytes' bits at byte `first`, those past the end zero.
  @inline(__always) func word(_ first: Int) -> UInt64 {
    if first <= bytes.count - 8, let start = bytes.baseAddress {
      return UInt64(littleEndian: UnsafeRawPointer(start).loadUnaligned(fromByteOffset: first, as: UInt64.self))
    }
    var word: UInt64 = 0
    for index in (first..<bytes.count).reversed() { word = word << 8 | UInt64(bytes[index]) }
    return word
  }

  /// The number whose lowest bit is bit `index`, of at most 8 bits.
  func number(at index: Int, bits: Int) -> Int {
    precondition(index >= 0 && bits <= 8 && index + bits <= count)
    guard bits > 0 else { return 0 }
    let (first, last) = (index >> 3, (index + bits - 1) >> 3)
    let pair = Int(bytes[first]) | Int(bytes[last]) << 8
    return (last > first ? pair : Int(bytes[first])) >> (index & 7) & (1 << bits - 1)
  }

  var setCount: Int {
    var count = 0
    for first in stride(from: 0, to: bytes.count, by: 8) { count += word(first).nonzeroBitCount }
    return count
  }

  /// Calls `body` with the index of every set bit, in order.
  @inline(__always) func forEachSet(_ body: (Int) -> Void) {
    // By words: where a byte's few bits end is a branch that no CPU foresees.
    for first in stride(from: 0, to: bytes.count, by: 8) {
      var rest = word(first)
      while rest != 0 {
        body(first &* 8 &+ rest.trailingZeroBitCount)
        rest &= rest &- 1
      }
    }
  }
}
