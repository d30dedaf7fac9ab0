import SwiftletBytes
import SwiftletImages
import Testing

@Suite struct ErrorTextTests {
  static func text(_ write: (inout ByteWriter) -> Void) -> String {
    var writer = ByteWriter()
    write(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func imageErrorsSayWhatIsWrongAndWhatToDo() {
    let wrongSize = ImageError(
      .wrongSize(
        width: 32, height: 30, channels: 3, expectedWidth: 28, expectedHeight: 28, expectedChannels: 1), at: 16)
    #expect(
      Self.text(wrongSize.write)
        == "the image is 32 x 30 RGB, the model takes 28 x 28 gray; nothing is resized or converted, so do that first")
    let chunk = ImageError(.chunk(type: 0x4944_4107), at: 33)
    #expect(Self.text(chunk.write) == "the PNG chunk IDA? is missing, out of place or unknown (at byte 33)")
    let bytes = ImageError(.bytes(ByteError(.trailingBytes(1), "IDAT", at: 9)), at: 9)
    #expect(Self.text(bytes.write) == "IDAT at byte 9: 1 byte is left over")
    #expect(
      Self.text(ImageError(.unknownFormat(byteCount: 5, expectedByteCount: 784), at: 0).write)
        == "neither PNG, PGM, PPM nor IDX, and its 5 bytes are not raw images of 784")
  }

  @Test func byteAndFileErrorsNameFieldAndRemedy() {
    let over = ByteError(.overLimit(value: .max, limit: 4096), "layer count", at: 12)
    #expect(Self.text(over.write) == "layer count at byte 12: 18446744073709551615 is above the limit of 4096")
    #expect(
      Self.text(FileError(.exists, errorNumber: 17).write) == "the file exists; --force replaces it")
    let texts = Set(FileError.Reason.allCases.map { Self.text(FileError($0, errorNumber: 5).write) })
    #expect(texts.count == FileError.Reason.allCases.count)
  }
}
