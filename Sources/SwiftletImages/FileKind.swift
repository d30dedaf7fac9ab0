import SwiftletBytes

/// A kind of file told by its bytes, so that nobody's JPEG is taken for raw pixels.
public struct FileKind: Hashable, Sendable {
  /// The name with its article, in UTF-8: "a JPEG image".
  public let name: [UInt8]
  /// The letter of `SignatureTable` that says what such files hold.
  private let content: UInt8

  /// The kind of file that has these bytes, or nil for what may be anything, raw pixels among it.
  public static func recognized(_ bytes: [UInt8]) -> FileKind? {
    var table = SignatureTable()
    while !table.isAtEnd {
      let isMatch = table.matchesNext(bytes)
      let content = table.field(upTo: " ")[0]
      let name = table.field(upTo: "\n")
      if isMatch { return FileKind(name: name, content: content) }
    }
    return isText(bytes) ? FileKind(name: Array("a text".utf8), content: UInt8(ascii: "d")) : nil
  }

  /// Writes what a person can do with such a file where an image or raw pixels are wanted.
  public func writeRemedy(to text: inout ByteWriter) {
    switch content {
    case UInt8(ascii: "i"): text.write(text: "convert it to PNG first (with ImageMagick: magick IN OUT.png)")
    case UInt8(ascii: "p"): text.write(text: "copy or convert it anew")
    case UInt8(ascii: "v"): text.write(text: "save a picture of it as PNG first")
    case UInt8(ascii: "s"): text.write(text: "give the PNG of its spectrogram, as `swiftlet digits` writes it")
    case UInt8(ascii: "n"): text.write(text: "write its numbers as PNG, idx or raw bytes first")
    case UInt8(ascii: "z"): text.write(text: "unpack it first")
    default: text.write(text: "give an image instead")
    }
  }

  /// Whether the bytes are lines of ASCII. A few bytes may be so by chance.
  private static func isText(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 32 else { return false }
    var (hasLines, hasInk) = (false, false)
    for byte in bytes {
      switch byte {
      case 10: hasLines = true
      case 9, 13, 32: break
      case 33..<127: hasInk = true
      default: return false
      }
    }
    return hasLines && hasInk
  }
}

/// Reads the table of signatures, whose first match counts.
private struct SignatureTable {
  /// A line for each signature: where it lies, its bytes (?? is any), what such files hold (i another image, p a damaged
  /// PNG, v video, s sound, n numbers, z packed files, d something else), and their name.
  ///
  /// Text, so that it takes no code; signatures are long enough that raw pixels hardly ever have one by chance.
  private static var lines: StaticString {
    """
    0 ffd8ff i a JPEG image
    0 47494638 i a GIF image
    0 424d????????00000000 i a BMP image
    0 52494646????????57454250 i a WebP image
    0 49492a00 i a TIFF image
    0 4d4d002a i a TIFF image
    0 49492b00 i a TIFF image
    0 89504e47 p a damaged PNG image
    4 6674797061766966 i an AVIF image
    4 6674797068656963 i a HEIC image
    4 667479706d696631 i a HEIF image
    0 0000000c4a584c20 i a JPEG XL image
    0 0000000c6a502020 i a JPEG 2000 image
    0 38425053 i a Photoshop image
    0 67696d7020786366 i a GIMP image
    0 762f3101 i an OpenEXR image
    0 716f6966 i a QOI image
    0 50370a5749445448 i a PAM image
    128 4449434d i a DICOM image
    0 53494d504c452020 i a FITS image
    0 3c737667 i an SVG image
    4 66747970 v an MP4 video
    0 1a45dfa3 v a Matroska video
    0 52494646????????41564920 v an AVI video
    0 52494646????????57415645 s a WAV recording
    0 52463634 s an RF64 recording
    0 464f524d????????41494646 s an AIFF recording
    0 664c6143 s a FLAC recording
    0 4f676753 s an Ogg recording
    0 49443303 s an MP3 recording
    0 49443304 s an MP3 recording
    0 63616666 s a CAF recording
    0 934e554d5059 n a NumPy array
    0 894844460d0a1a0a n an HDF5 file
    0 4d41544c41422035 n a MATLAB file
    0 800495????????00000000 n a Python pickle
    0 50415231 n a Parquet file
    0 ??????00000000007b22 d a safetensors model
    0 53574c01 d an SWL model
    0 47475546 d a GGUF model
    4 54464c33 d a TFLite model
    0 504b0304 z a ZIP archive (as .npz, .pt and .keras files are)
    0 504b0506 z an empty ZIP archive
    0 1f8b08 z a gzip file
    0 28b52ffd z a Zstandard file
    0 fd377a585a00 z an XZ file
    0 425a68??314159265359 z a bzip2 file
    0 377abcaf271c z a 7z archive
    0 526172211a07 z a RAR archive
    257 7573746172 z a tar archive
    0 255044462d d a PDF document
    0 25215053 d a PostScript document
    0 3c21444f4354595045 d an HTML page
    0 3c21646f6374797065 d an HTML page
    0 3c68746d6c d an HTML page
    0 3c3f786d6c d an XML file
    0 7b5c727466 d an RTF document
    0 d0cf11e0a1b11ae1 d an Office document
    0 53514c69746520666f d an SQLite database
    0 7f454c46 d a program

    """
  }

  private var next = Self.lines.utf8Start
  private let end = Self.lines.utf8Start + Self.lines.utf8CodeUnitCount

  var isAtEnd: Bool { next == end }

  /// Reads a line's offset and signature, and tells whether `bytes` have it.
  mutating func matchesNext(_ bytes: [UInt8]) -> Bool {
    var place = 0
    for digit in field(upTo: " ") { place = place * 10 + Int(digit - UInt8(ascii: "0")) }
    let digits = field(upTo: " ")
    for index in stride(from: 0, to: digits.count, by: 2) where digits[index] != UInt8(ascii: "?") {
      let byte = nibble(digits[index]) << 4 | nibble(digits[index + 1])
      let position = place + index / 2
      guard position < bytes.count, bytes[position] == byte else { return false }
    }
    return true
  }

  /// The bytes before the next `terminator`, which is passed over.
  mutating func field(upTo terminator: Unicode.Scalar) -> [UInt8] {
    var bytes: [UInt8] = []
    while next != end {
      let byte = next.pointee
      next += 1
      if byte == UInt8(ascii: terminator) { break }
      bytes.append(byte)
    }
    return bytes
  }

  /// The value of a hexadecimal digit.
  private func nibble(_ digit: UInt8) -> UInt8 {
    digit <= UInt8(ascii: "9") ? digit & 15 : digit - UInt8(ascii: "a") + 10
  }
}
