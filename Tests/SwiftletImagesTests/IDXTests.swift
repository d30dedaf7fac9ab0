import SwiftletBytes
import SwiftletImages
import Testing

@Suite struct IDXTests {
  /// An IDX file; `dimensions` and `values` need not agree.
  static func file(_ dimensions: [UInt32], values: [UInt8], type: UInt8 = 8) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(bytes: [0, 0, type, UInt8(dimensions.count)])
    for dimension in dimensions { writer.writeBigEndian(dimension) }
    writer.write(bytes: values)
    return writer.bytes
  }

  static let valid = file([2, 3, 4], values: Array(0..<24))

  static func reason(_ bytes: [UInt8], limit: Int = IDXFile.elementLimit) -> ImageError.Reason? {
    #expect(throws: ImageError.self) { _ = try IDXFile(bytes, limit: limit) }?.reason
  }

  @Test func plainAndGzippedFilesAreRead() throws {
    for bytes in [Self.valid, try Zlib.deflate(Self.valid, wrapper: .gzip)] {
      let file = try IDXFile(bytes)
      #expect(file.dimensions == [2, 3, 4])
      #expect(Array(file.values) == Array(0..<24))
    }
    let empty = try IDXFile(Self.file([0, 28, 28], values: []))
    #expect(empty.dimensions == [0, 28, 28] && empty.values.isEmpty)
  }

  @Test(
    arguments: [
      [UInt32.max, .max, .max, .max], [1 << 31, 1 << 31], [60000, 28, 28], [1 << 30], [5, 0, 3], [1 << 31, 1 << 31, 4],
    ] as [[UInt32]])
  func absurdDimensionsAreRefusedBeforeAllocating(_ dimensions: [UInt32]) throws {
    let plain = Self.file(dimensions, values: [])
    for bytes in [plain, try Zlib.deflate(plain, wrapper: .gzip)] {
      guard case .idxElementCount(limit: 1 << 20) = Self.reason(bytes, limit: 1 << 20) else {
        return #expect(Bool(false), "\(dimensions)")
      }
    }
  }

  @Test func aProductThatOverflowsIsRefusedWhateverTheLimit() {
    guard case .idxElementCount(limit: .max) = Self.reason(Self.file([1 << 31, 1 << 31, 4], values: []), limit: .max)
    else { return #expect(Bool(false), "no error") }
  }

  @Test func wrongTypesAndDimensionCountsAreNamed() {
    for type: UInt8 in [0, 9, 0x0b, 0x0d, 0xff] {
      guard case .idxElementType(type) = Self.reason(Self.file([1], values: [0], type: type)) else {
        return #expect(Bool(false), "type \(type)")
      }
    }
    for count in [0, 5, 255] {
      let bytes = [0, 0, 8, UInt8(count)] + [UInt8](repeating: 0, count: 4 * count)
      guard case .idxDimensionCount(count) = Self.reason(bytes) else { return #expect(Bool(false), "\(count)") }
    }
    guard case .notIDX = Self.reason([1, 0, 8, 1, 0, 0, 0, 0]) else { return #expect(Bool(false), "magic") }
  }

  @Test func everyTruncationIsRefused() throws {
    for bytes in [Self.valid, try Zlib.deflate(Self.valid, wrapper: .gzip)] {
      for count in 0..<bytes.count {
        #expect(throws: ImageError.self) { _ = try IDXFile(Array(bytes[..<count])) }
      }
    }
    #expect(throws: ImageError.self) { _ = try IDXFile(Self.valid + [0]) }
  }

  /// A member may end anywhere, even in the header; zeros (of a tape's block) and garbage may follow the last.
  @Test func gzipMembersAndWhatFollowsThem() throws {
    for cut in [0, 3, 15, 16, 20, 40] {
      let members = try [Self.valid[..<cut], Self.valid[cut...]].map { try Zlib.deflate(Array($0), wrapper: .gzip) }
      for end in [[], [0], [0, 0, 0], [7, 8], [0x1f], [0x1f, 0x8a, 8]] as [[UInt8]] {
        let file = try IDXFile(members[0] + members[1] + end)
        #expect(file.dimensions == [2, 3, 4] && Array(file.values) == Array(0..<24))
      }
    }
    let whole = try Zlib.deflate(Self.valid, wrapper: .gzip)
    for more in [try Zlib.deflate([1], wrapper: .gzip), [0x1f, 0x8b, 8], [0x1f, 0x8b, 9, 0, 0]] {
      #expect(throws: ImageError.self) { _ = try IDXFile(whole + more) }
    }
    #expect(throws: ImageError.self) { _ = try IDXFile(try Zlib.deflate(Self.valid + [0], wrapper: .gzip)) }
  }

  @Test func whatALimitForbidsIsRefusedBeforeInflating() throws {
    let header = Self.file([48 << 20], values: [])
    guard case .overLimit((48 << 20) + 8, 48 << 20) = Self.reason(try Zlib.deflate(header, wrapper: .gzip)) else {
      return #expect(Bool(false), "no limit by default")
    }
    let file = try Zlib.deflate(Self.valid, wrapper: .gzip)
    let error = #expect(throws: ImageError.self) { _ = try IDXFile(file, decodeLimit: DecodeLimit(byteCount: 39)) }
    guard case .overLimit(40, 39) = error?.reason else { return #expect(Bool(false), "\(String(describing: error))") }
    _ = try IDXFile(file, decodeLimit: DecodeLimit(byteCount: 40))
  }

  @Test func noChangedByteCrashes() throws {
    for bytes in [Self.valid, try Zlib.deflate(Self.valid, wrapper: .gzip)] {
      for index in bytes.indices {
        for change in UInt8(1)...255 {
          var bad = bytes
          bad[index] ^= change
          if let file = try? IDXFile(bad) { #expect(file.values.count == file.dimensions.reduce(1, *)) }
        }
      }
    }
  }

  @Test func aGzipBombBehindASmallHeaderIsRefused() throws {
    let bytes = Self.file([2, 3, 4], values: [UInt8](repeating: 0, count: 30_000_000))
    let bomb = try Zlib.deflate(bytes, wrapper: .gzip, effort: .fast)
    guard case .bytes(let error) = Self.reason(bomb) else { return #expect(Bool(false), "no error") }
    #expect(error.reason == .inflatedCount(expected: 40, actual: 41))
  }
}
