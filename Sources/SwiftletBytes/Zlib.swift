import CSwiftletZlib

/// Deflate compression (RFC 1950-1952) over zlib, with every size capped.
public enum Zlib {
  /// The CRC-32 of gzip and PNG (RFC 1952, section 8), continuing from `seed`, the CRC of the bytes before.
  public static func crc32(_ bytes: some Collection<UInt8>, seed: UInt32 = 0) -> UInt32 {
    let direct = bytes.withContiguousStorageIfAvailable { crc32($0, seed: seed) }
    return direct ?? Array(bytes).withUnsafeBufferPointer { crc32($0, seed: seed) }
  }

  public static func crc32(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt32 = 0) -> UInt32 {
    guard let start = bytes.baseAddress else { return seed }
    return UInt32(crc32_z(UInt(seed), start, z_size_t(bytes.count)))
  }

  /// Inflates `source`, which must hold exactly `count` bytes and nothing after them.
  ///
  /// In gzip's wrapper the bytes may come in several members, and what follows the last is ignored.
  /// - Parameter limit: The cap that `count` is checked against before anything is allocated.
  /// - Throws: `.overLimit`, `.corruptDeflate`, `.truncated`, `.inflatedCount`, `.trailingBytes`,
  ///   each with an offset in the array that `source` is a slice of.
  public static func inflate(
    _ source: ArraySlice<UInt8>, count: Int, limit: Int, wrapper: Wrapper, field: StaticString
  ) throws(ByteError) -> [UInt8] {
    let base = source.startIndex
    guard count >= 0, count <= limit else {
      throw ByteError(.overLimit(value: UInt64(clamping: count), limit: UInt64(limit)), field, at: base)
    }
    if wrapper == .raw, let bytes = inflateWhole(source, count: count) { return bytes }
    var stream: InflateStream
    do { stream = try InflateStream(wrapper, field: field) } catch { throw error.offset(by: base) }
    // One byte more than declared shows data that goes on.
    var failure: ByteError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count + 1) { buffer, initialized in
      let output = UnsafeMutableBufferPointer(rebasing: buffer[..<(count + 1)])
      var produced = 0
      source.withUnsafeBufferPointer { input in
        do throws(ByteError) {
          produced = try stream.inflate(input, into: output).produced
        } catch { failure = error.offset(by: base) }
      }
      initialized = min(produced, count)
      if failure == nil { failure = check(stream, produced: produced, of: count, source, wrapper, field) }
    }
    if let failure { throw failure }
    return bytes
  }

  /// What a regular stream of exactly `count` bytes holds; nil for any other.
  private static func inflateWhole(_ source: ArraySlice<UInt8>, count: Int) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let output = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
      initialized = source.withUnsafeBufferPointer { WholeInflater.inflate($0, into: output) } ? count : 0
    }
    return bytes.count == count && count > 0 ? bytes : nil
  }

  private static func check(
    _ stream: borrowing InflateStream, produced: Int, of count: Int, _ source: ArraySlice<UInt8>, _ wrapper: Wrapper,
    _ field: StaticString
  ) -> ByteError? {
    let end = source.startIndex + stream.consumed
    if produced > count { return ByteError(.inflatedCount(expected: count, actual: produced), field, at: end) }
    guard stream.isFinished else {
      return ByteError(.truncated(needed: source.count + 1, available: source.count), field, at: source.startIndex)
    }
    if produced < count { return ByteError(.inflatedCount(expected: count, actual: produced), field, at: end) }
    if stream.consumed < source.count && wrapper != .gzip {
      return ByteError(.trailingBytes(source.count - stream.consumed), field, at: end)
    }
    return nil
  }
}

extension ByteError {
  /// The same error with its offset counted from further back.
  public func offset(by distance: Int) -> ByteError { ByteError(reason, field, at: offset + distance) }
}
