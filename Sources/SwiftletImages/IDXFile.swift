import SwiftletBytes

/// An IDX file of unsigned bytes, MNIST's format: 00 00 08, the number of dimensions, the dimensions as
/// big-endian words, the elements (LeCun, Cortes and Burges, "The MNIST database of handwritten digits").
public struct IDXFile: Sendable {
  /// 1 to 4 sizes, outermost first; none is zero but, maybe, the first.
  public var dimensions: [Int]
  /// As many elements as the product of the dimensions, the last dimension running fastest.
  public var values: ArraySlice<UInt8>

  /// What the elements are.
  public enum Element: UInt8, Sendable {
    case byte = 8
    /// 32 bits, signed, big-endian: four of `values`.
    case word = 0x0C

    var byteCount: Int { self == .byte ? 1 : 4 }
  }

  /// Element `index` of a file of words.
  public func word(at index: Int) -> Int {
    let bytes = values[(values.startIndex + 4 * index)...].prefix(4)
    return Int(Int32(bitPattern: bytes.reduce(0) { $0 << 8 | UInt32($1) }))
  }

  /// Whether a file of this name stores its images column by column, as those of EMNIST are.
  public static func storesColumns(_ path: UnsafePointer<CChar>) -> Bool {
    var name = path
    var next = path
    while next.pointee != 0 {
      if next.pointee == CChar(UInt8(ascii: "/")) { name = next + 1 }
      next += 1
    }
    return InputName.starts(name, "emnist")
  }

  /// Exchanges the rows and columns of a file of images: height x width, count x height x width, or count x height x
  /// width x channels bytes.
  public mutating func transpose() {
    guard dimensions.count >= 2, !values.isEmpty else { return }
    let first = dimensions.count == 2 ? 0 : 1
    let (height, width) = (dimensions[first], dimensions[first + 1])
    let channels = dimensions.count == 4 ? dimensions[3] : 1
    let count = values.count
    let turned = [UInt8](unsafeUninitializedCapacity: count) { turned, filled in
      values.withUnsafeBufferPointer { stored in
        var next = 0
        for image in stride(from: 0, to: count, by: height * width * channels) {
          for column in 0..<width {
            for row in 0..<height {
              for channel in 0..<channels {
                turned[next] = stored[image + (row * width + column) * channels + channel]
                next += 1
              }
            }
          }
        }
      }
      filled = count
    }
    values = turned[...]
    dimensions.swapAt(first, first + 1)
  }

  /// The most elements read unless told otherwise: 1 GiB.
  public static var elementLimit: Int { 1 << 30 }

  /// Whether the bytes start as a gzip file, which may hold an IDX file.
  public static func recognizesGzip(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// Whether the bytes start as an IDX file of unsigned bytes does.
  public static func recognizes(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 8 && (1...4).contains(bytes[3])
  }

  /// Reads an IDX file, or a gzip file that holds one.
  ///
  /// The header is checked against `limit` elements and, where it is gzipped, `decodeLimit` (nil: the default for a file
  /// of this size) before anything of that size is allocated or inflated, and the length must agree with it exactly.
  /// Behind a gzip file's last member anything may follow, as gzip itself has it. Offsets in errors about the header
  /// count inflated bytes.
  public init(
    _ bytes: [UInt8], limit: Int = elementLimit, element: Element = .byte, decodeLimit: DecodeLimit? = nil
  ) throws(ImageError) {
    if bytes.isEmpty { throw ImageError(.empty, at: 0) }
    var content = bytes
    let header: Header
    if Self.recognizesGzip(bytes) {
      do throws(ByteError) { content = try Self.inflateStart(of: bytes) } catch { throw ImageError(error) }
      header = try Header(content, limit: limit, element)
      let count = header.byteCount + header.valueByteCount
      try (decodeLimit ?? DecodeLimit(fileOf: bytes.count)).check(count, at: 4)
      do throws(ByteError) {
        content = try Zlib.inflate(bytes[...], count: count, limit: count, wrapper: .gzip, field: "IDX gzip")
      } catch { throw ImageError(error) }
    } else {
      header = try Header(bytes, limit: limit, element)
      guard bytes.count == header.byteCount + header.valueByteCount else {
        let actual = bytes.count - header.byteCount
        throw ImageError(.byteCount(actual: actual, expected: header.valueByteCount), at: header.byteCount)
      }
    }
    dimensions = header.dimensions
    values = content[header.byteCount...]
  }

  private struct Header {
    var dimensions: [Int] = []
    var elementCount = 1
    var byteCount: Int { 4 + 4 * dimensions.count }
    let element: Element
    var valueByteCount: Int { elementCount * element.byteCount }

    init(_ bytes: [UInt8], limit: Int, _ element: Element) throws(ImageError) {
      self.element = element
      var cursor = ByteCursor(bytes)
      let zeros: (UInt8, UInt8) = (try cursor.byte("IDX magic"), try cursor.byte("IDX magic"))
      guard zeros == (0, 0) else { throw ImageError(.notIDX, at: 0) }
      let type = try cursor.byte("IDX element type")
      guard type == element.rawValue else { throw ImageError(.idxElementType(type), at: 2) }
      let dimensionCount = Int(try cursor.byte("IDX dimension count"))
      guard (1...4).contains(dimensionCount) else { throw ImageError(.idxDimensionCount(dimensionCount), at: 3) }
      for index in 0..<dimensionCount {
        let offset = cursor.offset
        let dimension = Int(try cursor.bigEndianWord("IDX dimension"))
        let product = elementCount.multipliedReportingOverflow(by: dimension)
        guard dimension > 0 || index == 0, !product.overflow, product.partialValue <= limit else {
          throw ImageError(.idxElementCount(limit: limit), at: offset)
        }
        dimensions.append(dimension)
        elementCount = product.partialValue
      }
    }
  }

  /// The first bytes of a gzip file's content, enough for the longest header.
  private static func inflateStart(of bytes: [UInt8]) throws(ByteError) -> [UInt8] {
    var stream = try InflateStream(.gzip, field: "IDX gzip")
    var failure: ByteError?
    let start = [UInt8](unsafeUninitializedCapacity: 20) { buffer, produced in
      produced = 0
      bytes.withUnsafeBufferPointer { input in
        do throws(ByteError) {
          produced = try stream.inflate(input, into: UnsafeMutableBufferPointer(rebasing: buffer[..<20])).produced
        } catch { failure = error }
      }
    }
    if let failure { throw failure }
    return start
  }
}
