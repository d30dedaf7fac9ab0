import SwiftletData
import Testing

/// WAV files as programs write them.
@Suite struct RecordingFormTests {
  private let samples: [Int16] = [0, 1, -1, 32767, -32768]

  /// ffmpeg and sox write these sizes into a pipe, others 0; a file cut short has one that lies beyond its end.
  @Test(arguments: [.max, 0x7FFF_F000, 0, 11, 5000] as [UInt32], [[], [7]] as [[UInt8]])
  func samplesGoToTheFilesEndWhereTheirSizeIsUnknown(_ size: UInt32, _ half: [UInt8]) throws {
    var bytes = WAVBuilder(between: WAVBuilder.chunk("LIST", [1, 2, 3]), dataByteCount: size).bytes
    #expect(try WAVFile(bytes + (size == 11 ? [] : half)).samples == samples)
    for index in 4..<8 { bytes[index] = size == 0 ? 0 : 0xFF }
    #expect(try WAVFile(bytes).samples == samples)
  }

  @Test func aKnownSizeEndsTheSamples() throws {
    #expect(try WAVFile(WAVBuilder(dataByteCount: 4).bytes).samples == [0, 1])
    #expect(try WAVFile(WAVBuilder().bytes + WAVBuilder.chunk("LIST", [1, 2, 3])).samples == samples)
    // What follows no samples is a chunk, and no sound.
    let empty = WAVBuilder(content: []).bytes + WAVBuilder.chunk("LIST", [1, 2, 3])
    guard case .dataByteCount(0) = #expect(throws: WAVError.self, performing: { try WAVFile(empty) }) else {
      return #expect(Bool(false), "samples were made of a chunk")
    }
  }

  /// Each content worked out by hand: half of the last bit kept rounds up, and what is out of range saturates.
  @Test(
    arguments: [
      (8, 1, [0, 127, 128, 129, 255], [-32768, -256, 0, 256, 32512]),
      (
        24, 1, [0x7F, 0, 0, 0x80, 0, 0, 0x80, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0x80],
        [0, 1, 0, -1, 32767, -32768]
      ),
      (32, 1, [0xFF, 0x7F, 0, 0, 0, 0x80, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0x80], [0, 1, 32767, -32768]),
      // 0.5, -1, 1, 1.5 / 32768, -1.5 / 32768, infinity
      (
        32, 3,
        [0, 0, 0, 0x3F, 0, 0, 0x80, 0xBF, 0, 0, 0x80, 0x3F, 0, 0, 0x40, 0x38, 0, 0, 0x40, 0xB8, 0, 0, 0x80, 0x7F],
        [16384, -32768, 32767, 2, -1, 32767]
      ),
    ] as [(UInt16, UInt16, [UInt8], [Int16])])
  func otherSampleSizesBecomeSixteenBits(
    _ bits: UInt16, _ coding: UInt16, _ content: [UInt8], _ expected: [Int16]
  ) throws {
    var file = WAVBuilder(bits: bits, coding: coding, content: content)
    #expect(try WAVFile(file.bytes).samples == expected)
    file.coding = 0xFFFE
    file.formatExtension = [22, 0, UInt8(bits), 0, 4, 0, 0, 0, UInt8(coding), 0] + [UInt8](repeating: 0, count: 14)
    #expect(try WAVFile(file.bytes).samples == expected)
  }

  @Test func whatIsNoNumberIsRefused() {
    let file = WAVBuilder(bits: 32, coding: 3, content: [0, 0, 0, 0, 1, 0, 0x80, 0x7F])
    guard case .notANumber = #expect(throws: WAVError.self, performing: { try WAVFile(file.bytes) }) else {
      return #expect(Bool(false), "read")
    }
  }

  @Test func noChangedByteCrashes() {
    let bytes = WAVBuilder(between: WAVBuilder.chunk("LIST", [1, 2, 3])).bytes
    for index in bytes.indices {
      for byte in UInt8.min...UInt8.max {
        var bad = bytes
        bad[index] = byte
        if let file = try? WAVFile(bad) { #expect(file.samples.count > 0 && file.samples.count <= bad.count) }
      }
    }
  }
}
