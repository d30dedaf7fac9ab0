public import SwiftletBytes

extension ImageError: CustomStringConvertible {
  public var description: String { textWritten { write(to: &$0) } }
}

extension ImageError {
  /// Writes one line for people, without the file's name and without a final period.
  public func write(to text: inout ByteWriter) {
    switch reason {
    case .bytes(let error): error.write(to: &text)
    case .couldBeRaw(let reason, let hasName):
      ImageError(reason, at: offset).write(to: &text)
      text.write(text: "; if these are raw pixels all the same, ")
      text.write(text: hasName ? "let the file's name end in .raw" : "give them as a file whose name ends in .raw")
    default:
      reason.write(to: &text)
      if reason.isAboutBytes { text.write(text: " (at byte ", offset, ")") }
    }
  }
}

extension ImageError.Reason {
  /// Whether the offset helps to find the fault; otherwise it is about the file as a whole.
  fileprivate var isAboutBytes: Bool {
    switch self {
    case .empty, .unknownFormat, .rawByteCount, .otherKind, .couldBeRaw, .notPNG, .bytes, .overLimit, .notIDX,
      .wrongSize, .transparent:
      false
    case .dimensions, .byteCount, .chunk, .invalidPNGHeader, .rowFilter, .paletteIndex, .invalidPNM, .pnmLineEnd,
      .severalImages, .idxElementType, .idxDimensionCount, .idxElementCount:
      true
    }
  }

  fileprivate func write(to text: inout ByteWriter) {
    switch self {
    case .empty: text.write(text: "the file is empty")
    case .unknownFormat(let count, let expected):
      text.write(text: "neither PNG, PGM, PPM nor IDX, and its ", count, " bytes are not raw images of ")
      text.writeDecimal(expected)
    case .rawByteCount(let count, let expected, let kind): text.writeRawByteCount(count, expected, kind)
    case .otherKind(let kind):
      text.write(text: "the file is ")
      text.write(bytes: kind.name)
      text.write(text: "; ")
      kind.writeRemedy(to: &text)
    case .notPNG: text.write(text: "not a PNG file, whatever its name says")
    // Written with their offset.
    case .bytes, .couldBeRaw: break
    case .dimensions(let width, let height):
      text.write(text: "an image of ", width, " x ")
      text.write(text: "", height, " pixels is empty or too large")
    case .overLimit(let count, let limit):
      text.write(text: "decoded it would take ", count, " bytes, above the limit of ")
      text.write(text: "", limit, " for a file of its size; --no-limits lifts it for files you trust")
    case .byteCount(let actual, let expected):
      text.write(text: "the header promises ", expected, " bytes of data, but there are ")
      text.writeDecimal(actual)
    case .chunk(let type):
      text.write(text: "the PNG chunk ")
      text.writeLetters(type)
      text.write(text: " is missing, out of place or unknown")
    case .invalidPNGHeader: text.write(text: "the PNG header is invalid")
    case .rowFilter(let filter): text.write(text: "PNG row filter ", Int(filter), " does not exist")
    case .paletteIndex(let index): text.write(text: "PNG palette index ", Int(index), " is beyond the palette")
    case .invalidPNM: text.write(text: "not a valid PBM, PGM or PPM file")
    case .pnmLineEnd:
      text.write(text: "the header seems to end in CR and LF, where one byte alone must stand before the pixels")
    case .severalImages: text.write(text: "the file has several images, where one is needed")
    case .notIDX: text.write(text: "not an IDX file")
    case .idxElementType: text.write(text: "the IDX elements are not unsigned bytes")
    case .idxDimensionCount(let count):
      text.write(text: "an IDX file of ", count, " dimensions is not what is wanted here")
    case .idxElementCount(let limit):
      text.write(text: "the IDX header's dimensions are absurd: a zero, or more than ", limit, " elements")
    case .wrongSize(let width, let height, let channels, let expectedWidth, let expectedHeight, let expectedChannels):
      text.write(text: "the image is ")
      text.writeSize(width, height, channels)
      text.write(text: ", the model takes ")
      text.writeSize(expectedWidth, expectedHeight, expectedChannels)
      text.write(text: "; nothing is resized or converted, so do that first")
    case .transparent: text.write(text: "the image has transparent pixels; flatten it onto a background first")
    }
  }
}

extension ByteWriter {
  fileprivate mutating func writeRawByteCount(_ count: Int, _ expected: Int, _ kind: FileKind?) {
    if let kind {
      write(text: "the file is ")
      write(bytes: kind.name)
      write(text: ", and its ")
    }
    write(text: "", count, " bytes are no raw images, which the model takes ")
    write(text: "", expected, " bytes each")
  }

  /// "28 x 28 gray", or "28 x 28 with 5 channels".
  fileprivate mutating func writeSize(_ width: Int, _ height: Int, _ channels: Int) {
    write(text: "", width, " x ")
    writeDecimal(height)
    switch channels {
    case 1: write(text: " gray")
    case 2: write(text: " gray with alpha")
    case 3: write(text: " RGB")
    case 4: write(text: " RGB with alpha")
    default: write(text: " with ", channels, " channels")
    }
  }

  /// A chunk's name as far as it is printable.
  fileprivate mutating func writeLetters(_ type: UInt32) {
    for shift: UInt32 in [24, 16, 8, 0] {
      let letter = UInt8(truncatingIfNeeded: type >> shift)
      write(byte: (32...126).contains(letter) ? letter : UInt8(ascii: "?"))
    }
  }
}
