import SwiftletBytes
import SwiftletModel

/// Where a tensor's bytes are in a file, for reports.
public struct TensorRecord: Hashable, Sendable {
  public var node: Int
  /// Index into the node's parameters.
  public var parameter: Int
  public var encoding: TensorEncoding
  public var isTransposed: Bool
  public var elementCount: Int
  /// Bytes of the elements unencoded.
  public var rawByteCount: Int
  /// Bytes of the encoding before deflation, scales not included.
  public var encodedByteCount: Int
  /// Bytes of the scales before deflation.
  public var scaleByteCount: Int
  /// The encoding deflated on its own: a fair share of the file, which deflates all of it together.
  public var deflatedByteCount: Int
}

private let transposedBit: UInt8 = 0x80

extension ByteWriter {
  /// A tensor: its scales if it has any, the encoding byte, and the encoding that deflates smallest.
  ///
  /// Returns the record and the offsets at which a deflate block may end.
  mutating func write(
    _ tensor: Tensor, node: Int, parameter: Int
  ) throws(ModelFormatError) -> (record: TensorRecord, blockEnds: [Int]) {
    let scaleStart = count
    if !tensor.scales.isEmpty { write(tensor.scales) }
    let scaleByteCount = count - scaleStart
    let matrix = Matrix(tensor.shape)
    let candidates =
      switch tensor.storage {
      case .int8(let values):
        TensorEncoder.candidates(values.map { UInt8(bitPattern: $0) }, matrix, isInt32: false)
      case .int32(let values):
        TensorEncoder.candidates(values.map { UInt32(bitPattern: $0) }, matrix, isInt32: true)
      case .float32(let values): TensorEncoder.candidates(values.map { $0.bitPattern }, matrix, isInt32: false)
      }
    var best = candidates[0]
    var bestByteCount = Int.max
    for candidate in candidates {
      do {
        // Under a few dozen bytes the choice is settled by the plain length.
        let deflated = try Zlib.deflate(candidate.bytes, wrapper: .raw, effort: .fast, blockEnds: candidate.blockEnds)
        let byteCount = min(deflated.count, candidate.bytes.count)
        if byteCount < bestByteCount { (best, bestByteCount) = (candidate, byteCount) }
      } catch { throw ModelFormatError(error, isInContent: false) }
    }
    write(byte: best.encoding.rawValue | (best.isTransposed ? transposedBit : 0))
    let start = count
    write(bytes: best.bytes)
    let record = TensorRecord(
      node: node, parameter: parameter, encoding: best.encoding, isTransposed: best.isTransposed,
      elementCount: tensor.count, rawByteCount: tensor.count * tensor.element.byteCount,
      encodedByteCount: best.bytes.count, scaleByteCount: scaleByteCount, deflatedByteCount: bestByteCount)
    // A block's own code costs about 60 bytes; short streams share one.
    guard best.bytes.count >= 512 else { return (record, []) }
    return (record, [scaleStart, start] + best.blockEnds.map { start + $0 } + [count])
  }
}

extension FieldReader {
  /// A tensor of stated role and extents.
  mutating func tensor(
    _ spec: ParameterSpec, isQuantized: Bool, node: Int, parameter: Int
  ) throws(ModelFormatError) -> (tensor: Tensor, record: TensorRecord) {
    let element: ElementType = !isQuantized ? .float32 : spec.role == .weights ? .int8 : .int32
    let scaleStart = offset
    if element == .int8 { try reserve(spec.shape[0], each: ReadCost.channelBytes, "scales") }
    try reserve(spec.count, each: element.byteCount, "weights")
    let scales = element == .int8 ? try scales("scales", count: spec.shape[0]) : []
    let start = offset
    let byte = try byte("encoding")
    let isTransposed = byte & transposedBit != 0
    guard let encoding = TensorEncoding(rawValue: byte & ~transposedBit), encoding.isAllowed(element) else {
      throw error(.unknownValue(UInt64(byte)), "encoding", at: start)
    }
    let matrix = Matrix(spec.shape)
    guard !isTransposed || encoding != .blocks && encoding != .varints && encoding != .zeros else {
      throw error(.badValue, "encoding", at: start)
    }
    let storage: Tensor.Storage
    switch element {
    case .int8, .uint8:
      storage = .int8(
        try TensorDecoder.decode(encoding, &self, matrix, isTransposed: isTransposed, as: Int8.self))
    case .int32:
      storage = .int32(
        try TensorDecoder.decode(encoding, &self, matrix, isTransposed: isTransposed, as: Int32.self))
    case .float32:
      storage = .float32(
        try TensorDecoder.decode(encoding, &self, matrix, isTransposed: isTransposed, as: Float.self))
    }
    let record = TensorRecord(
      node: node, parameter: parameter, encoding: encoding, isTransposed: isTransposed, elementCount: matrix.count,
      rawByteCount: matrix.count * element.byteCount, encodedByteCount: offset - start - 1,
      scaleByteCount: start - scaleStart, deflatedByteCount: 0)
    return (Tensor(shape: spec.shape, storage: storage, scales: scales), record)
  }
}

extension TensorEncoding {
  func isAllowed(_ element: ElementType) -> Bool {
    switch self {
    case .zeros, .raw, .bitmask, .gaps: true
    case .blocks, .codebook, .bitPlanes: element == .int8
    case .varints: element == .int32
    case .coded: false
    }
  }
}
