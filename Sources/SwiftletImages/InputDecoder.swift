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
  /// Bytes that are one of the formats, or that `FileKind` recognizes, are never read as raw unless the name says so of
  /// what is no whole file of a format. Sizes are compared before pixels are allocated.
  ///
  /// - Parameters:
  ///   - name: What the file's name promises.
  ///   - decodeLimit: The most bytes to make of the file; nil is the default for a file of its size.
  @inline(never) public static func decode(
    _ bytes: [UInt8], height: Int, width: Int, channels: Int, name: InputName = InputName(nil),
    decodeLimit: DecodeLimit? = nil
  ) throws(ImageError) -> DecodedInput {
    precondition(height > 0 && width > 0 && channels > 0, "A model's input has no zero dimension.")
    let expected = ExpectedImage(height: height, width: width, channels: channels)
    if bytes.isEmpty { throw ImageError(.empty, at: 0) }
    if PNGDecoder.recognizes(bytes) || name.isPNG { return try decodePNG(bytes, expected, decodeLimit) }
    let isWhole = bytes.count % expected.byteCount == 0
    do throws(ImageError) {
      if PNMDecoder.recognizes(bytes) { return try decodePNM(bytes, expected, decodeLimit) }
      if IDXFile.recognizesGzip(bytes) || IDXFile.recognizes(bytes) {
        return try decodeIDX(bytes, expected, decodeLimit, storesColumns: name.storesColumns)
      }
      if !name.isRaw, let kind = FileKind.recognized(bytes) { throw ImageError(.otherKind(kind), at: 0) }
    } catch {
      // A whole file that is not wanted is not raw pixels; one that is damaged, or only starts as a file does, may be.
      guard isWhole && !error.reason.isMisfit else { throw error }
      if !name.isRaw { throw ImageError(.couldBeRaw(error.reason, hasName: name.isGiven), at: error.offset) }
    }
    guard isWhole else {
      throw ImageError(
        name.isRaw
          ? .rawByteCount(
            byteCount: bytes.count, expectedByteCount: expected.byteCount, FileKind.recognized(bytes))
          : .unknownFormat(byteCount: bytes.count, expectedByteCount: expected.byteCount), at: 0)
    }
    return DecodedInput(count: bytes.count / expected.byteCount, pixels: bytes[...])
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

  private static func decodeIDX(
    _ bytes: [UInt8], _ expected: ExpectedImage, _ limit: DecodeLimit?, storesColumns: Bool
  ) throws(ImageError) -> DecodedInput {
    var file = try IDXFile(bytes, decodeLimit: limit)
    if storesColumns { file.transpose() }
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
