/// An 8-bit image: rows top to bottom, pixels left to right, the channels of a pixel together.
public struct Image: Hashable, Sendable {
  public var width, height: Int
  /// 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha (not premultiplied).
  public var channels: Int
  /// `height * width * channels` bytes.
  public var pixels: [UInt8]

  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(pixels.count == width * height * channels, "An image has height * width * channels bytes.")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// The most pixels (width times height) that a decoder makes room for, whatever the limit it is given.
  public static var pixelLimit: Int { 1 << 26 }

  /// The most pixels along one side.
  public static var sideLimit: Int { 1 << 16 }

  public var hasAlpha: Bool { channels == 2 || channels == 4 }

  /// The image without its alpha channel, or nil if any pixel is not fully opaque.
  ///
  /// Nothing is composited: which background a person meant is not ours to guess. An image without alpha is returned as
  /// it is; of one that nobody else holds, the pixels are moved in place.
  @inline(never) public consuming func droppingOpaqueAlpha() -> Image? {
    guard hasAlpha else { return self }
    let kept = channels - 1
    let pixelCount = width * height
    var bytes = pixels
    pixels = []
    for pixel in 0..<pixelCount {
      let start = pixel * channels
      if bytes[start + kept] != 255 { return nil }
      for channel in 0..<kept { bytes[pixel * kept + channel] = bytes[start + channel] }
    }
    bytes.removeLast(pixelCount)
    return Image(width: width, height: height, channels: kept, pixels: bytes)
  }
}
