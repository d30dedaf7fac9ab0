import SwiftletBytes

/// The rows of a PNG's image data, inflated and unfiltered one at a time, so that memory is two rows.
struct PNGRows: ~Copyable {
  /// A row's filter byte, and zeros for the pixel left of its first: 8 bytes at most.
  private static var margin: Int { 9 }

  private let bytes: [UInt8]
  private let chunks: [Range<Int>]
  private let header: PNGHeader
  private var stream: InflateStream
  private var row, above: UnsafeMutablePointer<UInt8>
  /// All inflated bytes that the header implies, and those inflated so far.
  private let expected: Int
  private var produced = 0
  /// The chunk being inflated, and the first of its bytes not yet read.
  private var chunk = 0
  private var position: Int

  /// `chunks` tells where in `bytes` the content of each IDAT chunk lies; there is at least one.
  init(_ bytes: [UInt8], chunks: [Range<Int>], header: PNGHeader, expected: Int) throws(ImageError) {
    do throws(ByteError) { stream = try InflateStream(.zlib, field: "IDAT") } catch { throw ImageError(error) }
    (self.bytes, self.chunks, self.header, self.expected) = (bytes, chunks, header, expected)
    position = chunks[0].lowerBound
    // One byte behind the row may be read.
    let capacity = Self.margin + header.rowByteCount(header.width) + 1
    row = .allocate(capacity: capacity)
    above = .allocate(capacity: capacity)
    row.initialize(repeating: 0, count: capacity)
    above.initialize(repeating: 0, count: capacity)
  }

  deinit {
    row.deallocate()
    above.deallocate()
  }

  /// The next row of `width` pixels, valid until the next call; one byte behind it may be read.
  ///
  /// `isFirst` tells that it begins a pass and has nothing above.
  mutating func next(width: Int, isFirst: Bool) throws(ImageError) -> UnsafePointer<UInt8> {
    swap(&row, &above)
    let count = header.rowByteCount(width)
    let samples = row + Self.margin
    let samplesAbove = above + Self.margin
    if isFirst { samplesAbove.update(repeating: 0, count: count) }
    guard try fill(samples - 1, count: count + 1) else {
      throw ImageError(ByteError(.inflatedCount(expected: expected, actual: produced), "IDAT", at: position))
    }
    let filter = samples[-1]
    guard filter <= 4 else { throw ImageError(.rowFilter(filter), at: chunks[0].lowerBound) }
    samples[-1] = 0
    unfilter(samples, samplesAbove, count: count, filter)
    return UnsafePointer(samples)
  }

  /// Undoes a row's filter (PNG specification, section 9.2), in a loop for each, so that none is chosen for every byte.
  private func unfilter(
    _ row: UnsafeMutablePointer<UInt8>, _ above: UnsafeMutablePointer<UInt8>, count: Int, _ filter: UInt8
  ) {
    let distance = max(1, header.samplesPerPixel * header.bitDepth / 8)
    switch filter {
    case 1: Self.undo(1, row, above, count: count, distance: distance)
    case 2: for x in 0..<count { row[x] &+= above[x] }
    case 3: Self.undo(3, row, above, count: count, distance: distance)
    case 4: Self.undo(4, row, above, count: count, distance: distance)
    default: break
    }
  }

  /// Adds what each byte is predicted to be from the byte `distance` before it.
  @inline(__always) private static func undo(
    _ filter: UInt8, _ row: UnsafeMutablePointer<UInt8>, _ above: UnsafeMutablePointer<UInt8>, count: Int,
    distance: Int
  ) {
    guard distance == 1 else {
      for x in 0..<count {
        row[x] &+= predict(filter, left: row[x - distance], up: above[x], upLeft: above[x - distance])
      }
      return
    }
    // Every byte waits for the one before, which is at hand sooner in a register than in memory.
    var (left, upLeft): (UInt8, UInt8) = (0, 0)
    for x in 0..<count {
      let up = above[x]
      left = row[x] &+ predict(filter, left: left, up: up, upLeft: upLeft)
      upLeft = up
      row[x] = left
    }
  }

  /// Refuses image data that goes on behind the last row, or whose checksum is missing or wrong.
  ///
  /// What follows the deflated data's end, in its chunk or in others, is ignored as libpng does.
  mutating func finish() throws(ImageError) {
    if try fill(row, count: 1) {
      throw ImageError(ByteError(.inflatedCount(expected: expected, actual: produced), "IDAT", at: position))
    }
    guard stream.isFinished else {
      throw ImageError(ByteError(.truncated(needed: 1, available: 0), "IDAT", at: position))
    }
  }

  /// Inflates `count` bytes; false where the data ends before.
  private mutating func fill(_ output: UnsafeMutablePointer<UInt8>, count: Int) throws(ImageError) -> Bool {
    var filled = 0
    while filled < count && !stream.isFinished {
      let end = chunks[chunk].upperBound
      var failure: ByteError?
      bytes.withUnsafeBufferPointer { bytes in
        do throws(ByteError) {
          let step = try stream.inflate(
            UnsafeBufferPointer(rebasing: bytes[position..<end]),
            into: UnsafeMutableBufferPointer(start: output + filled, count: count - filled))
          position += step.consumed
          filled += step.produced
        } catch { failure = error }
      }
      if let failure { throw ImageError(ByteError(failure.reason, "IDAT", at: chunks[chunk].lowerBound)) }
      if filled == count || stream.isFinished { break }
      // The chunk is read to its end.
      guard chunk + 1 < chunks.count else { break }
      chunk += 1
      position = chunks[chunk].lowerBound
    }
    produced += filled
    return filled == count
  }

  /// The value that filter type 1...4 subtracts; 0 for type 0.
  @inline(__always) static func predict(_ filter: UInt8, left: UInt8, up: UInt8, upLeft: UInt8) -> UInt8 {
    switch filter {
    case 1: return left
    case 2: return up
    case 3: return UInt8(truncatingIfNeeded: (Int(left) &+ Int(up)) / 2)
    case 4:
      // Of the three the nearest to left + up - upLeft, without a branch: noise would have every second one mispredicted.
      let middle = 3 &* Int32(upLeft) &- Int32(up) &- Int32(left)
      let (low, high) = (Int32(min(left, up)), Int32(max(left, up)))
      let below = high <= middle ? low : Int32(upLeft)
      return UInt8(truncatingIfNeeded: middle <= low ? high : below)
    default: return 0
    }
  }
}
