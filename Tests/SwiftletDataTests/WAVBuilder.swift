/// A WAV file, well-formed unless told otherwise.
struct WAVBuilder {
  var samples: [Int16] = [0, 1, -1, 32767, -32768]
  var rate: UInt32 = 8000
  var channels: UInt16 = 1
  var bits: UInt16 = 16
  /// Bytes of a sample of all channels; nil is the truth.
  var blockAlign: UInt16?
  var coding: UInt16 = 1
  /// Chunks before `fmt ` and between it and `data`.
  var before: [UInt8] = []
  var between: [UInt8] = []
  /// The bytes of the samples; nil are those of `samples`.
  var content: [UInt8]?
  /// What the header of `data` says; nil is the truth.
  var dataByteCount: UInt32?
  /// What follows the fields of `fmt ` that every file has.
  var formatExtension: [UInt8] = []

  var bytes: [UInt8] {
    let frame = blockAlign ?? channels * (bits / 8)
    let format =
      Self.bytes(coding) + Self.bytes(channels) + Self.bytes(rate) + Self.bytes(rate &* UInt32(frame))
      + Self.bytes(frame) + Self.bytes(bits) + formatExtension
    let data = content ?? samples.flatMap { Self.bytes(UInt16(bitPattern: $0)) }
    let body =
      before + Self.chunk("fmt ", format) + between + Array("data".utf8)
      + Self.bytes(dataByteCount ?? UInt32(data.count)) + data
    return Array("RIFF".utf8) + Self.bytes(UInt32(body.count + 4)) + Array("WAVE".utf8) + body
  }

  static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    Array(name.utf8) + bytes(UInt32(content.count)) + content + (content.count % 2 == 1 ? [0] : [])
  }

  private static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
