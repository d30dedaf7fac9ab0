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
  /// opaque, otherwise refused: the background a person meant is not known. IDX files hold images of
  /// height x width (one channel), count x height x width, or count x height x width x channels. Bytes that start
  /// as one of the formats are never read as raw. Sizes are compared before pixels are allocated.
  ///
  /// - Parameters:
  ///   - mustBePNG: Whether anything but a PNG is refused, for files whose name promises one.
  ///   - imageLimit: The most images that one file may hold.
  public static func decode(
    _ bytes: [UInt8], height: Int, width: Int, channels: Int, mustBePNG: Bool = false, imageLimit: Int = 1 << 20
  ) throws(ImageError) -> DecodedInput {
    precondition(height > 0 && width > 0 && channels > 0, "A model's input has no zero dimension.")
    let expected = ExpectedImage(height: height, width: width, channels: channels)
    if bytes.isEmpty { throw ImageError(.empty, at: 0) }
    if PNGDecoder.recognizes(bytes) || mustBePNG { return try decodePNG(bytes, expected) }
    if PNMDecoder.recognizes(bytes) {
      let header = try PNMDecoder.readHeader(bytes)
      try expected.check(width: header.width, height: header.height, channels: header.channels, at: 2)
      return DecodedInput(count: 1, pixels: try PNMDecoder.decode(bytes).pixels[...])
    }
    let elementLimit = imageLimit.multipliedReportingOverflow(by: expected.byteCount)
    let limit = elementLimit.overflow ? IDXFile.elementLimit : min(elementLimit.partialValue, IDXFile.elementLimit)
    if IDXFile.recognizesGzip(bytes) || IDXFile.recognizes(bytes) {
      return try decodeIDX(try IDXFile(bytes, limit: limit), expected)
    }
    guard bytes.count % expected.byteCount == 0, bytes.count <= limit else {
      throw ImageError(.unknownFormat(byteCount: bytes.count, expectedByteCount: expected.byteCount), at: 0)
    }
    return DecodedInput(count: bytes.count / expected.byteCount, pixels: bytes[...])
  }

  /// Whether a file's name ends in .png, whatever its case.
  public static func isPNGName(_ path: UnsafePointer<CChar>) -> Bool {
    var length = 0
    while path[length] != 0 { length += 1 }
    guard length >= 4 else { return false }
    let lowercase = (length - 4..<length).map { UInt8(bitPattern: path[$0]) | 0x20 }
    return lowercase == [UInt8(ascii: ".") | 0x20, UInt8(ascii: "p"), UInt8(ascii: "n"), UInt8(ascii: "g")]
  }

  private static func decodePNG(_ bytes: [UInt8], _ expected: ExpectedImage) throws(ImageError) -> DecodedInput {
    let header = try PNGDecoder.readHeader(bytes)
    // Where the size is wrong already, the header's channels tell enough; tRNS may still add one.
    if header.width != expected.width || header.height != expected.height {
      let channels = header.colorType == .palette ? 3 : header.samplesPerPixel
      try expected.check(width: header.width, height: header.height, channels: channels, at: 16)
    }
    var image = try PNGDecoder.decode(bytes)
    if image.hasAlpha && image.channels - 1 == expected.channels {
      guard let opaque = image.droppingOpaqueAlpha() else { throw ImageError(.transparent, at: 0) }
      image = opaque
    }
    try expected.check(width: image.width, height: image.height, channels: image.channels, at: 16)
    return DecodedInput(count: 1, pixels: image.pixels[...])
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
