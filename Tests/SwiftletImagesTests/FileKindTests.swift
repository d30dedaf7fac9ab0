import SwiftletBytes
import SwiftletImages
import Testing

@Suite struct FileKindTests {
  /// The first bytes of files as their programs write them, and what they are.
  static let files: [(start: [UInt8], name: String)] = [
    ([0xFF, 0xD8, 0xFF, 0xE0, 0, 16] + Array("JFIF".utf8), "a JPEG image"),
    (Array("GIF89a".utf8), "a GIF image"),
    ([0x42, 0x4D, 0x46, 3, 0, 0, 0, 0, 0, 0, 0x36, 0, 0, 0, 40], "a BMP image"),
    (Array("RIFF".utf8) + [4, 3, 0, 0] + Array("WEBPVP8 ".utf8), "a WebP image"),
    ([0x49, 0x49, 42, 0, 8, 0, 0, 0], "a TIFF image"), ([0x4D, 0x4D, 0, 42, 0, 0, 0, 8], "a TIFF image"),
    ([0, 0, 0, 0x20] + Array("ftypheic".utf8), "a HEIC image"),
    ([0, 0, 0, 0x20] + Array("ftypisom".utf8), "an MP4 video"),
    ([0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A, 0x0A], "a damaged PNG image"),
    ([UInt8](repeating: 0, count: 128) + Array("DICM".utf8), "a DICOM image"),
    (Array("RIFF".utf8) + [0xFF, 0xFF, 0xFF, 0xFF] + Array("WAVEfmt ".utf8), "a WAV recording"),
    (Array("FORM".utf8) + [0, 0, 0, 9] + Array("AIFF".utf8), "an AIFF recording"),
    ([0x93] + Array("NUMPY".utf8) + [1, 0, 0x76, 0], "a NumPy array"),
    ([0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A], "an HDF5 file"),
    ([0x50, 0x4B, 3, 4, 20, 0], "a ZIP archive (as .npz, .pt and .keras files are)"),
    ([UInt8](repeating: 0x61, count: 257) + Array("ustar".utf8), "a tar archive"),
    ([0x10, 2, 0, 0, 0, 0, 0, 0] + Array("{\"__metadata__\"".utf8), "a safetensors model"),
    (Array("SWL".utf8) + [1, 1], "an SWL model"),
    (Array("%PDF-1.7".utf8), "a PDF document"),
    (Array("<!DOCTYPE html><title>\u{E9}".utf8), "an HTML page"),
    (Array("<?xml version='1.0'?>\u{E9}".utf8), "an XML file"),
    (Array("0,12,255,255,0,0,0,1,1,2,3,4,5,6\n7,8,9,10,11,12\r\n".utf8), "a text"),
  ]

  /// As many bytes as an image of 20 x 20 has; the rest is text where the whole is.
  private static func file(_ start: [UInt8], _ name: String) -> [UInt8] {
    start + [UInt8](repeating: name == "a text" ? 32 : 200, count: 400 - start.count)
  }

  @Test func noOtherFileIsTakenForPixels() throws {
    for (start, name) in Self.files {
      let file = Self.file(start, name)
      let kind = FileKind.recognized(file)
      #expect(kind.map { String(decoding: $0.name, as: UTF8.self) } == name)
      for (path, hint) in [("x", "let the file's name end in .raw"), ("x.png", nil), (nil, "give them as a file")] {
        let error = #expect(throws: ImageError.self, "\(name)") {
          try InputDecoder.decode(file, height: 20, width: 20, channels: 1, name: InputName(path))
        }
        let text = ErrorTextTests.text { error?.write(to: &$0) }
        #expect(text.hasPrefix("the file is \(name); ") && !text.contains(") ("), "\(text)")
        #expect(hint.map { text.contains("; if these are raw pixels all the same, \($0)") } ?? !text.contains(".raw"))
      }
      let raw = try InputDecoder.decode(file, height: 20, width: 20, channels: 1, name: InputName("x.raw"))
      #expect(Array(raw.pixels) == file)
    }
  }

  @Test func whatSuchAFileIsIsSaidWhateverItsLength() {
    let jpeg = Self.files[0].start
    let error = #expect(throws: ImageError.self) { try InputDecoder.decode(jpeg, height: 20, width: 20, channels: 1) }
    #expect(
      ErrorTextTests.text { error?.write(to: &$0) }
        == "the file is a JPEG image; convert it to PNG first (with ImageMagick: magick IN OUT.png)")
    #expect(throws: ImageError.self) { try PNGDecoder.decode(jpeg) }
  }

  @Test func pixelsRemainPixels() {
    var state: UInt32 = 1
    for count in [4, 31, 784, 3072] {
      for base in UInt8.min...UInt8.max {
        // One value, a ramp, noise around a value, and black with a mark.
        let noise = (0..<count).map { _ -> UInt8 in
          state = state &* 1_664_525 &+ 1_013_904_223
          return base &+ UInt8(state >> 28)
        }
        let ramp = (0..<count).map { base &+ UInt8(truncatingIfNeeded: $0) }
        var mark = [UInt8](repeating: 0, count: count)
        mark[count / 2] = base
        for pixels in [[UInt8](repeating: base, count: count), ramp, noise, mark] {
          #expect(FileKind.recognized(pixels) == nil, "\(base)")
        }
      }
    }
  }

  @Test func rawNamesSayThatTheBytesArePixels() throws {
    for name in ["a.raw", ".RAW", "x/y.png.raw"] { #expect(InputName(name).isRaw) }
    for name in ["raw", "a.raw.gz", "a.bin", "a.png", ""] { #expect(!InputName(name).isRaw) }
    guard
      case .rawByteCount(5, 6, nil) = InputDecoderTests.reason([1, 2, 3, 4, 5], name: "a.raw"),
      case .empty = InputDecoderTests.reason([], name: "a.raw")
    else { return #expect(Bool(false), "raw bytes of the wrong count") }
    let jpeg = #expect(throws: ImageError.self) { try InputDecoderTests.decode(Self.files[0].start, name: "a.raw") }
    #expect(
      ErrorTextTests.text { jpeg?.write(to: &$0) }
        == "the file is a JPEG image, and its 10 bytes are no raw images, which the model takes 6 bytes each")
  }

  /// A name cannot make pixels of a whole file's header.
  @Test(arguments: ["a.raw", "a.bin", "a"])
  func aWholeFileIsReadAsSuchWhateverItsName(_ name: String) throws {
    let image = InputDecoderTests.image(1)
    let idx = IDXTests.file([2, 2, 3], values: image.pixels + image.pixels)
    for file in [
      try PNGEncoder.encode(image), idx, try Zlib.deflate(idx, wrapper: .gzip),
      Array("P5 3 2 255 ".utf8) + image.pixels,
    ] {
      let input = try InputDecoderTests.decode(file, name: name)
      #expect(input.pixels.prefix(6) == image.pixels[...] && input.pixels.count == 6 * input.count)
      // As many bytes as raw images of another size have.
      let reason = #expect(throws: ImageError.self) {
        try InputDecoder.decode(file, height: 1, width: file.count, channels: 1, name: InputName(name))
      }?.reason
      guard case .wrongSize = reason else {
        return #expect(Bool(false), "\(file.count) bytes: \(reason.debugDescription)")
      }
    }
    // 16 bytes of header and three images of 4 x 4 are four images of 4 x 4.
    let three = IDXTests.file([3, 4, 4], values: [UInt8](repeating: 5, count: 48))
    #expect(try InputDecoder.decode(three, height: 4, width: 4, channels: 1, name: InputName(name)).count == 3)
  }

  /// Pixels that begin by chance as a file does.
  @Test(
    arguments: [
      [0, 0, 8, 3, 0, 0], [0x1F, 0x8B, 8, 0, 9, 9], [0x50, 0x35, 0x20, 0x31, 0x20, 0x31], [0x50, 0x32, 0x0A, 7, 7, 7],
    ] as [[UInt8]])
  func whatOnlyBeginsAsAFileCanBeRaw(_ pixels: [UInt8]) throws {
    #expect(try InputDecoderTests.decode(pixels, name: "a.raw").pixels == pixels[...])
    for (name, hint) in [
      ("a", "let the file's name end in .raw"), (nil, "give them as a file whose name ends in .raw"),
    ] {
      let error = #expect(throws: ImageError.self) { try InputDecoderTests.decode(pixels, name: name) }
      let text = ErrorTextTests.text { error?.write(to: &$0) }
      #expect(text.hasSuffix("; if these are raw pixels all the same, \(hint)"), "\(text)")
    }
    let error = #expect(throws: ImageError.self) { try InputDecoderTests.decode(pixels + [0], name: "a") }
    let text = ErrorTextTests.text { error?.write(to: &$0) }
    #expect(!text.contains(".raw"), "\(text)")
  }
}
