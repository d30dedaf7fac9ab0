import SwiftletBytes
import SwiftletModel

/// How a tensor's elements are stored before deflation; Format.md, Tensors, specifies each.
public enum TensorEncoding: UInt8, CaseIterable, Hashable, Sendable {
  /// Every element is zero; nothing is stored.
  case zeros = 0
  /// Every element; four-byte elements as byte planes, most significant first.
  case raw = 1
  /// One bit per element, then the nonzero elements.
  case bitmask = 2
  /// The gaps between nonzero elements, then the nonzero elements.
  case gaps = 3
  /// One bit per block of 16 rows x 4 columns, then the blocks that are not all zero. int8 only.
  case blocks = 4
  /// A table of up to 128 values, then packed indexes. int8 only.
  case codebook = 5
  /// The bits of the magnitudes plane by plane, then the signs of the nonzero elements. int8 only.
  case bitPlanes = 6
  /// Zigzag varints. int32 only.
  case varints = 7
  /// Part of a coded content, which has no encoding bytes.
  case coded = 8
}

/// Bytes of a tensor's encoding and where, within them, one kind of data gives way to another.
package struct EncodedTensor {
  package var encoding: TensorEncoding
  package var isTransposed = false
  package var bytes: [UInt8] = []
  var blockEnds: [Int] = []
}

/// The extents of a tensor as a matrix: output channels by everything else.
package struct Matrix {
  package let rows, columns: Int

  package init(_ shape: [Int]) {
    rows = shape.first ?? 1
    columns = shape.dropFirst().reduce(1, *)
  }

  package var count: Int { rows * columns }
}

/// Bits packed least significant first.
struct BitWriter {
  package var bytes: [UInt8] = []
  private var used = 8

  mutating func write(_ value: UInt8, bits: Int) {
    for bit in 0..<bits {
      if used == 8 {
        bytes.append(0)
        used = 0
      }
      bytes[bytes.count - 1] |= (value >> UInt8(bit) & 1) << UInt8(used)
      used += 1
    }
  }
}

package enum TensorEncoder {
  /// Every applicable encoding of `elements`, the bit patterns of a tensor's elements.
  package static func candidates<T: FixedWidthInteger & UnsignedInteger>(
    _ elements: [T], _ matrix: Matrix, isInt32: Bool
  ) -> [EncodedTensor] {
    if elements.allSatisfy({ $0 == 0 }) { return [EncodedTensor(encoding: .zeros)] }
    var result: [EncodedTensor] = []
    let isMatrix = matrix.rows > 1 && matrix.columns > 1
    for isTransposed in isMatrix ? [false, true] : [false] {
      let ordered = isTransposed ? transposed(elements, matrix) : elements
      var group = [raw(ordered), bitmask(ordered), gaps(ordered)]
      if T.bitWidth == 8 {
        if let codebook = codebook(ordered) { group.append(codebook) }
        group.append(bitPlanes(ordered))
      }
      for var candidate in group {
        candidate.isTransposed = isTransposed
        result.append(candidate)
      }
    }
    if T.bitWidth == 8 && isMatrix { result.append(blocks(elements, matrix)) }
    if isInt32 { result.append(varints(elements)) }
    return result
  }

  static func transposed<T>(_ elements: [T], _ matrix: Matrix) -> [T] {
    var result: [T] = []
    result.reserveCapacity(elements.count)
    for column in 0..<matrix.columns {
      for row in 0..<matrix.rows { result.append(elements[row * matrix.columns + column]) }
    }
    return result
  }

  private static func planes<T: FixedWidthInteger & UnsignedInteger>(_ elements: [T]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(elements.count * T.bitWidth / 8)
    for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
      for element in elements { bytes.append(UInt8(truncatingIfNeeded: element >> T(shift))) }
    }
    return bytes
  }

  private static func raw<T: FixedWidthInteger & UnsignedInteger>(_ elements: [T]) -> EncodedTensor {
    EncodedTensor(
      encoding: .raw, bytes: planes(elements),
      blockEnds: T.bitWidth == 8 ? [] : (1...3).map { $0 * elements.count })
  }

  private static func bitmask<T: FixedWidthInteger & UnsignedInteger>(_ elements: [T]) -> EncodedTensor {
    var bits = BitWriter()
    for element in elements { bits.write(element == 0 ? 0 : 1, bits: 1) }
    return EncodedTensor(
      encoding: .bitmask, bytes: bits.bytes + planes(elements.filter { $0 != 0 }), blockEnds: [bits.bytes.count])
  }

  private static func gaps<T: FixedWidthInteger & UnsignedInteger>(_ elements: [T]) -> EncodedTensor {
    var writer = ByteWriter()
    let nonzero = elements.filter { $0 != 0 }
    writer.writeCount(nonzero.count)
    var gap = 0
    for element in elements {
      if element == 0 {
        gap += 1
        continue
      }
      while gap >= 255 {
        writer.write(byte: 255)
        gap -= 255
      }
      writer.write(byte: UInt8(gap))
      gap = 0
    }
    let end = writer.count
    writer.write(bytes: planes(nonzero))
    return EncodedTensor(encoding: .gaps, bytes: writer.bytes, blockEnds: [end])
  }

  private static func codebook<T: FixedWidthInteger & UnsignedInteger>(_ elements: [T]) -> EncodedTensor? {
    var indexOf = [UInt8?](repeating: nil, count: 256)
    var table: [UInt8] = []
    for value in Int8.min...Int8.max where elements.contains(T(UInt8(bitPattern: value))) {
      indexOf[Int(UInt8(bitPattern: value))] = UInt8(table.count)
      table.append(UInt8(bitPattern: value))
    }
    guard table.count <= 128 else { return nil }
    var bits = BitWriter()
    let width = TensorDecoder.indexBits(table.count)
    for element in elements { bits.write(indexOf[Int(element)] ?? 0, bits: width) }
    return EncodedTensor(
      encoding: .codebook, bytes: [UInt8(table.count - 1)] + table + bits.bytes, blockEnds: [1 + table.count])
  }

  private static func bitPlanes<T: FixedWidthInteger & UnsignedInteger>(_ elements: [T]) -> EncodedTensor {
    let values = elements.map { Int8(bitPattern: UInt8(truncatingIfNeeded: $0)) }
    let planes = 8 - (values.map { $0.magnitude }.max() ?? 0).leadingZeroBitCount
    var bytes = [UInt8(planes)]
    var ends: [Int] = []
    for plane in (0..<planes).reversed() {
      var bits = BitWriter()
      for value in values { bits.write(value.magnitude >> UInt8(plane) & 1, bits: 1) }
      bytes += bits.bytes
      ends.append(bytes.count)
    }
    var signs = BitWriter()
    for value in values where value != 0 { signs.write(value < 0 ? 1 : 0, bits: 1) }
    return EncodedTensor(encoding: .bitPlanes, bytes: bytes + signs.bytes, blockEnds: ends)
  }

  private static func blocks<T: FixedWidthInteger & UnsignedInteger>(
    _ elements: [T], _ matrix: Matrix
  ) -> EncodedTensor {
    var bits = BitWriter()
    var bytes: [UInt8] = []
    TensorDecoder.forEachBlock(matrix) { rows, columns in
      let block = rows.flatMap { row in columns.map { elements[row * matrix.columns + $0] } }
      let isPresent = block.contains { $0 != 0 }
      bits.write(isPresent ? 1 : 0, bits: 1)
      if isPresent { bytes += block.map { UInt8(truncatingIfNeeded: $0) } }
    }
    return EncodedTensor(encoding: .blocks, bytes: bits.bytes + bytes, blockEnds: [bits.bytes.count])
  }

  private static func varints<T: FixedWidthInteger & UnsignedInteger>(_ elements: [T]) -> EncodedTensor {
    var writer = ByteWriter()
    for element in elements { writer.writeSignedVarint(Int64(Int32(truncatingIfNeeded: element))) }
    return EncodedTensor(encoding: .varints, bytes: writer.bytes)
  }
}
