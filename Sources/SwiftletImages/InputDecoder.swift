import SwiftletBytes

/// One or more images as a model takes them: `count * height * width * channels` bytes, NHWC.
public struct DecodedInput: Hashable, Sendable {
  public var count: Int
  /// A slice, so that the images of a large file are not copied behind its header.
  public var pixels: ArraySlice<UInt8>

  public init(count: Int, pixels: ArraySlice<UInt8>) {
    self.count = count
    self.pixels = pixels
  }
}

/// Turns a file's bytes into a model's input, told by the bytes themselves what they are.
public enum InputDecoder {
  /// Decodes PNG, PNM, IDX, gzipped IDX, or raw bytes of exactly `height * width * channels` or a multiple.
  ///
  /// Nothing is resized or converted. An alpha channel that the model does not take is dropped if every pixel is
  /// opaque, otherwise refused: the background a person meant is not known. A PNM file may hold several images. IDX
  /// files hold images of height x width (one channel), count x height x width, or count x height x width x channels.
  /// Bytes that start as one of the formats, or that `FileKind` recognizes, are never read as raw unless `isRaw` says
  /// so. Sizes are compared before pixels are allocated.
  ///
  /// - Parameters:
  ///   - mustBePNG: Whether anything but a PNG is refused, for files whose name promises one.
  ///   - isRaw: Whether the bytes are raw pixels, whatever they look like, for files whose name promises that.
  ///   - imageLimit: The most images that one file may hold.
  ///   - decodeLimit: The most bytes to make of the file; nil is the default for a file of its size.
  @inline(never) public static func decode(
    _ bytes: [UInt8], height: Int, width: Int, channels: Int, mustBePNG: Bool = false, isRaw: Bool = false,
    imageLimit: Int = 1 << 20, decodeLimit: DecodeLimit? = nil
  ) throws(ImageError) -> DecodedInput {
    precondition(height > 0 && width > 0 && channels > 0, "A model's input has no zero dimension.")
    let expected = ExpectedImage(height: height, width: width, channels: channels)
    if bytes.isEmpty { throw ImageError(.empty, at: 0) }
    let isWhole = bytes.count % expected.byteCount == 0
    let elementLimit = imageLimit.multipliedReportingOverflow(by: expected.byteCount)
    let limit = elementLimit.overflow ? IDXFile.elementLimit : min(elementLimit.partialValue, IDXFile.elementLimit)
    if !isRaw {
      if PNGDecoder.recognizes(bytes) || mustBePNG { return try decodePNG(bytes, expected, decodeLimit) }
      if PNMDecoder.recognizes(bytes) { return try decodePNM(bytes, expected, decodeLimit) }
      if IDXFile.recognizesGzip(bytes) || IDXFile.recognizes(bytes) {
        return try decodeIDX(try IDXFile(bytes, limit: limit, decodeLimit: decodeLimit), expected)
      }
      if let kind = FileKind.recognized(bytes) { throw ImageError(.otherKind(kind, couldBeRaw: isWhole), at: 0) }
    }
    guard isWhole, bytes.count <= limit else {
      throw ImageError(
        isRaw
          ? .rawByteCount(byteCount: bytes.count, expectedByteCount: expected.byteCount)
          : .unknownFormat(byteCount: bytes.count, expectedByteCount: expected.byteCount), at: 0)
    }
    return DecodedInput(count: bytes.count / expected.byteCount, pixels: bytes[...])
  }

  /// Whether a file's name ends in .png, whatever its case.
  public static func isPNGName(_ path: UnsafePointer<CChar>) -> Bool { hasEnding(path, ".png") }

  /// Whether a file's name ends in .raw or .bin, whatever its case: its bytes are pixels without a header.
  public static func isRawName(_ path: UnsafePointer<CChar>) -> Bool {
    hasEnding(path, ".raw") || hasEnding(path, ".bin")
  }

  /// `ending` is in lower case.
  private static func hasEnding(_ path: UnsafePointer<CChar>, _ ending: StaticString) -> Bool {
    var length = 0
    while path[length] != 0 { length += 1 }
    let start = length - ending.utf8CodeUnitCount
    guard start >= 0 else { return false }
    // The bit by which capitals differ is set in a period too.
    for index in start..<length where UInt8(bitPattern: path[index]) | 0x20 != ending.utf8Start[index - start] {
      return false
    }
    return true
  }

  private static func decodePNG(
    _ bytes: [UInt8], _ expected: ExpectedImage, _ limit: DecodeLimit?
  ) throws(ImageError) -> DecodedInput {
    let header = try PNGDecoder.readHeader(bytes)
    // Where the size is wrong already, the header's channels tell enough; tRNS may still add one.
    if header.width != expected.width || header.height != expected.height {
      try expected.check(width: header.width, height: header.height, channels: header.channels, at: 16)
    }
    var image = try PNGDecoder.decode(bytes, decodeLimit: limit)
    if image.hasAlpha && image.channels - 1 == expected.channels {
      guard let opaque = image.droppingOpaqueAlpha() else { throw ImageError(.transparent, at: 0) }
      image = opaque
    }
    try expected.check(width: image.width, height: image.height, channels: image.channels, at: 16)
    return DecodedInput(count: 1, pixels: image.pixels[...])
  }

  /// Every image is compared with what is expected before it is decoded.
  private static func decodePNM(
    _ bytes: [UInt8], _ expected: ExpectedImage, _ limit: DecodeLimit?
  ) throws(ImageError) -> DecodedInput {
    var decoder = try PNMDecoder(bytes, decodeLimit: limit)
    var pixels: [UInt8] = []
    var count = 0
    while let header = try decoder.nextHeader() {
      try expected.check(width: header.width, height: header.height, channels: header.channels, at: header.offset)
      pixels += try decoder.readPixels(header)
      count += 1
    }
    return DecodedInput(count: count, pixels: pixels[...])
  }

  private static func decodeIDX(_ file: IDXFile, _ expected: ExpectedImage) throws(ImageError) -> DecodedInput {
    let sizes = file.dimensions
    guard sizes.count >= 2 else { throw ImageError(.idxDimensionCount(sizes.count), at: 3) }
    let count = sizes.count == 2 ? 1 : sizes[0]
    let first = sizes.count == 2 ? 0 : 1
    let channels = sizes.count == 4 ? sizes[3] : 1
    try expected.check(width: sizes[first + 1], height: sizes[first], channels: channels, at: 4)
    guard count > 0 else { throw ImageError(.empty, at: 4) }
    return DecodedInput(count: count, pixels: file.values)
  }
}

private struct ExpectedImage {
  var height, width, channels: Int

  var byteCount: Int { height * width * channels }

  func check(width: Int, height: Int, channels: Int, at offset: Int) throws(ImageError) {
    guard width == self.width, height == self.height, channels == self.channels else {
      throw ImageError(
        .wrongSize(
          width: width, height: height, channels: channels, expectedWidth: self.width, expectedHeight: self.height,
          expectedChannels: self.channels), at: offset)
    }
  }
}
