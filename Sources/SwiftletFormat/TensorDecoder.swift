import SwiftletBytes
import SwiftletModel

/// The inverse of `TensorEncoder`, over bytes that may be hostile.
///
/// The element count comes from the graph's shapes and has been checked against the caps; every stored length derives
/// from it, so nothing is allocated on the word of the bytes decoded here.
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

  package static func decode<T: FixedWidthInteger & UnsignedInteger>(
    _ encoding: TensorEncoding, _ reader: inout FieldReader, _ matrix: Matrix, isTransposed: Bool, as type: T.Type
  ) throws(ModelFormatError) -> [T] {
    let count = matrix.count
    let elements: [T]
    switch encoding {
    case .zeros: elements = Array(repeating: 0, count: count)
    case .raw: elements = try planes(&reader, count: count)
    case .bitmask: elements = try bitmask(&reader, count: count)
    case .gaps: elements = try gaps(&reader, count: count)
    case .blocks: elements = try blocks(&reader, matrix)
    case .codebook: elements = try codebook(&reader, count: count)
    case .bitPlanes: elements = try bitPlanes(&reader, count: count)
    case .varints: elements = try varints(&reader, count: count)
    case .coded: throw reader.error(.badValue, "encoding", at: reader.offset)
    }
    guard isTransposed else { return elements }
    var result = [T](repeating: 0, count: count)
    var next = 0
    for column in 0..<matrix.columns {
      for row in 0..<matrix.rows {
        result[row * matrix.columns + column] = elements[next]
        next += 1
      }
    }
    return result
  }

  private static func planes<T: FixedWidthInteger & UnsignedInteger>(
    _ reader: inout FieldReader, count: Int
  ) throws(ModelFormatError) -> [T] {
    let width = T.bitWidth / 8
    let bytes = try reader.bytes("values", count: count * width)
    if width == 1 { return bytes.map { T($0) } }
    var result: [T] = []
    result.reserveCapacity(count)
    for index in bytes.startIndex..<bytes.startIndex + count {
      var element: T = 0
      for plane in 0..<width { element = element << 8 | T(bytes[index + plane * count]) }
      result.append(element)
    }
    return result
  }

  /// Packed bits, the unused ones of the last byte zero.
  private static func bits(
    _ reader: inout FieldReader, _ field: StaticString, count: Int
  ) throws(ModelFormatError) -> ArraySlice<UInt8> {
    let start = reader.offset
    let bytes = try reader.bytes(field, count: (count + 7) / 8)
    if count % 8 != 0, let last = bytes.last, last >> UInt8(count % 8) != 0 {
      throw reader.error(.badValue, field, at: start)
    }
    return bytes
  }

  @inline(__always) private static func bit(_ bytes: ArraySlice<UInt8>, _ index: Int) -> UInt8 {
    bytes[bytes.startIndex + index >> 3] >> UInt8(index & 7) & 1
  }

  private static func nonzeros<T: FixedWidthInteger & UnsignedInteger>(
    _ reader: inout FieldReader, count: Int
  ) throws(ModelFormatError) -> [T] {
    let start = reader.offset
    let values: [T] = try planes(&reader, count: count)
    guard !values.contains(0) else { throw reader.error(.badValue, "values", at: start) }
    return values
  }

  private static func bitmask<T: FixedWidthInteger & UnsignedInteger>(
    _ reader: inout FieldReader, count: Int
  ) throws(ModelFormatError) -> [T] {
    let mask = try bits(&reader, "bitmask", count: count)
    let values: [T] = try nonzeros(&reader, count: mask.reduce(0) { $0 + $1.nonzeroBitCount })
    var result = [T](repeating: 0, count: count)
    var next = 0
    for index in 0..<count where bit(mask, index) == 1 {
      result[index] = values[next]
      next += 1
    }
    return result
  }

  private static func gaps<T: FixedWidthInteger & UnsignedInteger>(
    _ reader: inout FieldReader, count: Int
  ) throws(ModelFormatError) -> [T] {
    let start = reader.offset
    let nonzeroCount = try reader.count("nonzero count", limit: count)
    guard nonzeroCount <= reader.remaining else {
      throw reader.error(
        .bytes(.truncated(needed: nonzeroCount, available: reader.remaining)), "gaps", at: reader.offset)
    }
    // Walked twice, once to find where the gaps end, so that positions need no memory of their own.
    let gapStart = reader.offset
    var found = 0
    var position = 0
    while found < nonzeroCount {
      let gap = Int(try reader.byte("gaps"))
      position += gap
      guard position < count else { throw reader.error(.badValue, "gaps", at: start) }
      if gap < 255 {
        found += 1
        position += 1
      }
    }
    let gaps = reader.slice(gapStart..<reader.offset)
    let values: [T] = try nonzeros(&reader, count: nonzeroCount)
    var result = [T](repeating: 0, count: count)
    var next = 0
    position = 0
    for gap in gaps {
      position += Int(gap)
      if gap == 255 { continue }
      result[position] = values[next]
      next += 1
      position += 1
    }
    return result
  }

  private static func blocks<T: FixedWidthInteger & UnsignedInteger>(
    _ reader: inout FieldReader, _ matrix: Matrix
  ) throws(ModelFormatError) -> [T] {
    let blockCount = (matrix.rows + 15) / 16 * ((matrix.columns + 3) / 4)
    let mask = try bits(&reader, "block mask", count: blockCount)
    var index = 0
    var stored = 0
    forEachBlock(matrix) { rows, columns in
      if bit(mask, index) == 1 { stored += rows.count * columns.count }
      index += 1
    }
    let bytes = try reader.bytes("blocks", count: stored)
    var result = [T](repeating: 0, count: matrix.count)
    index = 0
    var next = bytes.startIndex
    forEachBlock(matrix) { rows, columns in
      if bit(mask, index) == 1 {
        for row in rows {
          for column in columns {
            result[row * matrix.columns + column] = T(bytes[next])
            next += 1
          }
        }
      }
      index += 1
    }
    return result
  }

  private static func codebook<T: FixedWidthInteger & UnsignedInteger>(
    _ reader: inout FieldReader, count: Int
  ) throws(ModelFormatError) -> [T] {
    let tableCount = Int(try reader.byte("codebook size")) + 1
    let table = try reader.bytes("codebook", count: tableCount)
    let start = reader.offset
    let width = indexBits(tableCount)
    let (total, overflow) = count.multipliedReportingOverflow(by: width)
    guard !overflow else { throw reader.error(.badValue, "indexes", at: start) }
    let packed = try bits(&reader, "indexes", count: total)
    var result: [T] = []
    result.reserveCapacity(count)
    for element in 0..<count {
      var index = 0
      for position in 0..<width { index |= Int(bit(packed, element * width + position)) << position }
      guard index < tableCount else { throw reader.error(.badValue, "indexes", at: start) }
      result.append(T(table[table.startIndex + index]))
    }
    return result
  }

  private static func bitPlanes<T: FixedWidthInteger & UnsignedInteger>(
    _ reader: inout FieldReader, count: Int
  ) throws(ModelFormatError) -> [T] {
    let start = reader.offset
    let planeCount = Int(try reader.byte("plane count"))
    guard (1...7).contains(planeCount) else { throw reader.error(.badValue, "plane count", at: start) }
    guard (count + 7) / 8 * planeCount <= reader.remaining else {
      throw reader.error(.bytes(.truncated(needed: (count + 7) / 8, available: reader.remaining)), "planes", at: start)
    }
    var magnitudes = [UInt8](repeating: 0, count: count)
    for _ in 0..<planeCount {
      let plane = try bits(&reader, "planes", count: count)
      for index in 0..<count { magnitudes[index] = magnitudes[index] << 1 | bit(plane, index) }
    }
    let nonzeroCount = magnitudes.reduce(0) { $0 + ($1 == 0 ? 0 : 1) }
    let signs = try bits(&reader, "signs", count: nonzeroCount)
    var next = 0
    return magnitudes.map { magnitude in
      guard magnitude != 0 else { return 0 }
      defer { next += 1 }
      return T(bit(signs, next) == 1 ? 0 &- magnitude : magnitude)
    }
  }

  private static func varints<T: FixedWidthInteger & UnsignedInteger>(
    _ reader: inout FieldReader, count: Int
  ) throws(ModelFormatError) -> [T] {
    guard count <= reader.remaining else {
      throw reader.error(.bytes(.truncated(needed: count, available: reader.remaining)), "values", at: reader.offset)
    }
    var result: [T] = []
    result.reserveCapacity(count)
    for _ in 0..<count {
      let start = reader.offset
      let value = try reader.signedVarint("values")
      guard let narrow = Int32(exactly: value) else { throw reader.error(.badValue, "values", at: start) }
      result.append(T(truncatingIfNeeded: UInt32(bitPattern: narrow)))
    }
    return result
  }
}
