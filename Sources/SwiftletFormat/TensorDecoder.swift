import SwiftletBytes
import SwiftletModel

/// The inverse of `TensorEncoder`, over bytes that may be hostile.
///
/// The element count comes from the graph's shapes and has been checked against the caps; every stored length derives
/// from it, so nothing is allocated on the word of the bytes decoded here. Steps are spent before they are taken.
package enum TensorDecoder {
  /// Bits of an index into a table of `count` values.
  static func indexBits(_ count: Int) -> Int { count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount }

  static func forEachBlock(_ matrix: Matrix, _ body: (Range<Int>, Range<Int>) -> Void) {
    for row in stride(from: 0, to: matrix.rows, by: 16) {
      for column in stride(from: 0, to: matrix.columns, by: 4) {
        body(row..<min(row + 16, matrix.rows), column..<min(column + 4, matrix.columns))
      }
    }
  }

  /// The elements of a tensor: `T` is the tensor's own element type, or an integer of its size.
  package static func decode<T: BitwiseCopyable & ExpressibleByIntegerLiteral>(
    _ encoding: TensorEncoding, _ reader: inout FieldReader, _ matrix: Matrix, isTransposed: Bool, as type: T.Type
  ) throws(ModelFormatError) -> [T] {
    let content = reader.content
    var elements = [T](repeating: 0, count: matrix.count)
    var failure: ModelFormatError?
    elements.withUnsafeMutableBufferPointer { buffer in
      content.withUnsafeBufferPointer { content in
        var room = DecodedElements(UnsafeMutableRawBufferPointer(buffer), matrix, isTransposed: isTransposed)
        do throws(ModelFormatError) {
          try decode(encoding, &reader, content, matrix, into: &room)
        } catch { failure = error }
      }
    }
    if let failure { throw failure }
    return elements
  }

  // Not generic, so that there is one copy of the code for every element type.
  private static func decode(
    _ encoding: TensorEncoding, _ reader: inout FieldReader, _ content: UnsafeBufferPointer<UInt8>, _ matrix: Matrix,
    into elements: inout DecodedElements
  ) throws(ModelFormatError) {
    switch encoding {
    case .zeros: break
    case .raw:
      let values = try StoredValues(&reader, content, count: elements.count, width: elements.width)
      try reader.spend(elements.count, each: elements.stepsPerElement, "values")
      for index in 0..<elements.count { elements[index] = values[index] }
    case .bitmask: try bitmask(&reader, content, into: &elements)
    case .gaps: try gaps(&reader, content, into: &elements)
    case .blocks: try blocks(&reader, content, matrix, into: &elements)
    case .codebook: try codebook(&reader, content, into: &elements)
    case .bitPlanes: try bitPlanes(&reader, content, into: &elements)
    case .varints: try varints(&reader, into: &elements)
    case .coded: throw reader.error(.badValue, "encoding", at: reader.offset)
    }
  }

  private static func nonzeros(
    _ reader: inout FieldReader, _ content: UnsafeBufferPointer<UInt8>, count: Int, of elements: DecodedElements
  ) throws(ModelFormatError) -> StoredValues {
    let start = reader.offset
    let values = try StoredValues(&reader, content, count: count, width: elements.width)
    try reader.spend(count, each: elements.stepsPerElement, "values")
    guard !values.containsZero else { throw reader.error(.badValue, "values", at: start) }
    return values
  }

  private static func bitmask(
    _ reader: inout FieldReader, _ content: UnsafeBufferPointer<UInt8>, into elements: inout DecodedElements
  ) throws(ModelFormatError) {
    let mask = try PackedBits(&reader, content, "bitmask", count: elements.count)
    let values = try nonzeros(&reader, content, count: mask.setCount, of: elements)
    elements.scatter(values, at: mask)
  }

  private static func gaps(
    _ reader: inout FieldReader, _ content: UnsafeBufferPointer<UInt8>, into elements: inout DecodedElements
  ) throws(ModelFormatError) {
    let start = reader.offset
    let nonzeroCount = try reader.count("nonzero count", limit: elements.count)
    guard nonzeroCount <= reader.remaining else {
      throw reader.error(
        .bytes(.truncated(needed: nonzeroCount, available: reader.remaining)), "gaps", at: reader.offset)
    }
    // Walked twice, once to find where the gaps end, so that positions need no memory of their own.
    let rest = UnsafeBufferPointer(rebasing: content[reader.offset..<reader.offset + reader.remaining])
    var gapCount = 0
    var found = 0
    var position = 0
    while found < nonzeroCount {
      guard gapCount < rest.count else {
        throw reader.error(.bytes(.truncated(needed: 1, available: 0)), "gaps", at: reader.offset + gapCount)
      }
      let gap = Int(rest[gapCount])
      gapCount += 1
      position += gap
      guard position < elements.count else { throw reader.error(.badValue, "gaps", at: start) }
      let isElement = gap < 255 ? 1 : 0
      found += isElement
      position += isElement
    }
    _ = try reader.range("gaps", count: gapCount)
    let values = try nonzeros(&reader, content, count: nonzeroCount, of: elements)
    elements.scatter(values, after: UnsafeBufferPointer(rebasing: rest[..<gapCount]))
  }

  private static func blocks(
    _ reader: inout FieldReader, _ content: UnsafeBufferPointer<UInt8>, _ matrix: Matrix,
    into elements: inout DecodedElements
  ) throws(ModelFormatError) {
    let blockCount = (matrix.rows + 15) / 16 * ((matrix.columns + 3) / 4)
    let mask = try PackedBits(&reader, content, "block mask", count: blockCount)
    var index = 0
    var stored = 0
    forEachBlock(matrix) { rows, columns in
      if mask[index] == 1 { stored += rows.count * columns.count }
      index += 1
    }
    let values = try StoredValues(&reader, content, "blocks", count: stored, width: 1)
    try reader.spend(stored + blockCount, "blocks")
    index = 0
    var next = 0
    forEachBlock(matrix) { rows, columns in
      if mask[index] == 1 {
        for row in rows {
          for column in columns {
            elements[row * matrix.columns + column] = values[next]
            next += 1
          }
        }
      }
      index += 1
    }
  }

  private static func codebook(
    _ reader: inout FieldReader, _ content: UnsafeBufferPointer<UInt8>, into elements: inout DecodedElements
  ) throws(ModelFormatError) {
    let tableCount = Int(try reader.byte("codebook size")) + 1
    let table = try StoredValues(&reader, content, "codebook", count: tableCount, width: 1)
    let start = reader.offset
    let width = indexBits(tableCount)
    let (total, overflow) = elements.count.multipliedReportingOverflow(by: width)
    guard !overflow else { throw reader.error(.badValue, "indexes", at: start) }
    let packed = try PackedBits(&reader, content, "indexes", count: total)
    try reader.spend(elements.count, each: elements.stepsPerElement + 1, "indexes")
    for element in 0..<elements.count {
      let index = packed.number(at: element * width, bits: width)
      guard index < tableCount else { throw reader.error(.badValue, "indexes", at: start) }
      elements[element] = table[index]
    }
  }

  private static func bitPlanes(
    _ reader: inout FieldReader, _ content: UnsafeBufferPointer<UInt8>, into elements: inout DecodedElements
  ) throws(ModelFormatError) {
    let start = reader.offset
    let count = elements.count
    let planeCount = Int(try reader.byte("plane count"))
    guard (1...7).contains(planeCount) else { throw reader.error(.badValue, "plane count", at: start) }
    guard (count + 7) / 8 * planeCount <= reader.remaining else {
      throw reader.error(.bytes(.truncated(needed: (count + 7) / 8, available: reader.remaining)), "planes", at: start)
    }
    var planes: [PackedBits] = []
    for _ in 0..<planeCount { planes.append(try PackedBits(&reader, content, "planes", count: count)) }
    // 64 elements at a time, so that zeros take next to none.
    func present(_ first: Int) -> UInt64 { planes.reduce(0) { $0 | $1.word(first) } }
    var nonzeroCount = 0
    for first in stride(from: 0, to: (count + 7) / 8, by: 8) { nonzeroCount += present(first).nonzeroBitCount }
    let signs = try PackedBits(&reader, content, "signs", count: nonzeroCount)
    try reader.spend(nonzeroCount, each: planeCount / 2 + elements.stepsPerElement, "signs")
    var next = 0
    for first in stride(from: 0, to: (count + 7) / 8, by: 8) {
      var rest = present(first)
      while rest != 0 {
        let index = first * 8 + rest.trailingZeroBitCount
        let magnitude = planes.reduce(0 as UInt32) { $0 << 1 | UInt32($1[index]) }
        elements[index] = signs[next] == 1 ? 0 &- magnitude : magnitude
        next += 1
        rest &= rest &- 1
      }
    }
  }

  private static func varints(
    _ reader: inout FieldReader, into elements: inout DecodedElements
  ) throws(ModelFormatError) {
    let count = elements.count
    guard count <= reader.remaining else {
      throw reader.error(.bytes(.truncated(needed: count, available: reader.remaining)), "values", at: reader.offset)
    }
    try reader.spend(count, "values")
    for index in 0..<count {
      let start = reader.offset
      let value = try reader.signedVarint("values")
      guard let narrow = Int32(exactly: value) else { throw reader.error(.badValue, "values", at: start) }
      elements[index] = UInt32(bitPattern: narrow)
    }
  }
}
