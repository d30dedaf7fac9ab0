import SwiftletData
import TestSupport
import Testing

@Suite struct HostileRecordingTests {
  /// The one line about a folder whose file `b_x_1.wav` has these bytes, without its path.
  private func refusal(_ bytes: [UInt8]) throws -> String {
    let folder = try TemporaryFolder()
    try folder.write(WAVBuilder().bytes, "a_x_0.wav")
    try folder.write(bytes, "b_x_1.wav")
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(error?.path == "\(folder.path)/b_x_1.wav")
    let text = error?.description ?? ""
    #expect(!text.contains("\n") && text.hasPrefix("\(folder.path)/b_x_1.wav: "))
    return String(text.dropFirst("\(folder.path)/b_x_1.wav: ".count))
  }

  /// Up to the first sample; from then on the rest of the file is the samples, as of one that came through a pipe.
  @Test func everyTruncationOfTheHeadIsRefused() throws {
    let bytes = WAVBuilder(between: WAVBuilder.chunk("LIST", [1, 2, 3])).bytes
    for count in 0..<bytes.count - 8 { _ = try refusal(Array(bytes[..<count])) }
    for count in bytes.count - 8...bytes.count {
      #expect(
        try WAVFile(Array(bytes[..<count])).samples
          == Array(WAVBuilder().samples[..<(5 - (bytes.count - count + 1) / 2)]))
    }
  }

  @Test(
    arguments: [
      (WAVBuilder(samples: []), "0 bytes of samples"),
      (
        WAVBuilder(channels: 2), "the recording has 2 channels, and one is needed; convert it first (ffmpeg -i IN -ac 1"
      ),
      (WAVBuilder(bits: 12), "the samples have 12 bits (block align 1); PCM of 8, 16, 24 or 32 bits"),
      (WAVBuilder(bits: 64, coding: 3), "the floating-point samples have 64 bits (block align 8)"),
      (WAVBuilder(bits: 24, blockAlign: 4), "the samples have 24 bits (block align 4)"),
      (WAVBuilder(bits: 16, blockAlign: 4), "the samples have 16 bits (block align 4)"),
      (WAVBuilder(coding: 3), "the floating-point samples have 16 bits"),
      (WAVBuilder(coding: 6), "the samples have coding 6, not PCM"),
      (WAVBuilder(coding: 0xFFFE), "the data ends too early"),
      (WAVBuilder(coding: 0xFFFE, formatExtension: [22, 0, 16, 0, 4, 0, 0, 0, 7, 0]), "the samples have coding 7"),
      (WAVBuilder(rate: 0), "0 samples per second; 8000 to 48000 are possible"),
      (WAVBuilder(rate: .max), "samples per second"),
      (WAVBuilder(rate: 16000), "has 16000 samples per second, unlike "),
      (WAVBuilder(dataByteCount: 9), "9 bytes of samples; a whole number"),
      (WAVBuilder(between: WAVBuilder.chunk("data", [])), "0 bytes of samples"),
      (WAVBuilder(before: WAVBuilder.chunk("data", [0, 0])), "the WAV file has no 'fmt' chunk before its samples"),
    ] as [(WAVBuilder, String)])
  func theFaultIsNamed(_ file: WAVBuilder, _ text: String) throws {
    let line = try refusal(file.bytes)
    #expect(line.contains(text), "\(line)")
  }

  @Test func otherFilesAreNoRecordings() throws {
    #expect(try refusal([]) == "the file is empty")
    #expect(try refusal(Array("not a recording at all".utf8)) == "not a WAV file")
    #expect(try refusal(Array("RIFF____AVI ____".utf8)).hasPrefix("not a WAV file but an AVI video; convert it first"))
    #expect(try refusal(Array("ID3\u{3}____".utf8)).hasPrefix("not a WAV file but an MP3 recording; convert it"))
    #expect(try refusal(Array("RIFF____WAVE".utf8)) == "the WAV file has no 'data' chunk")
  }

  @Test func chunksThatAreNotNeededArePassedOver() throws {
    let folder = try TemporaryFolder()
    var file = WAVBuilder(samples: RecordingTests.tone(440, seconds: 0.2))
    try folder.write(file.bytes + [1, 2, 3], "a_x_0.wav")
    file.before = WAVBuilder.chunk("bext", [1, 2, 3])
    file.between = WAVBuilder.chunk("LIST", [])
    file.coding = 0xFFFE
    file.formatExtension = [22, 0, 16, 0, 4, 0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 14)
    try folder.write(file.bytes, "b_x_0.wav")
    let data = try Dataset.folder(folder.path)
    #expect(data.image(0) == data.image(1) && data.image(0).contains(255))
  }

  @Test(arguments: ["one.wav", "one_5.wav", "_x_1.wav", "one_x_y.wav", "one_x_.wav", "one_x_-1.wav"])
  func namesWithoutLabelOrIndexAreRefused(_ name: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(WAVBuilder().bytes, "a_x_0.wav")
    try folder.write(WAVBuilder().bytes, name)
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(error?.path == "\(folder.path)/\(name)")
    #expect(error?.description.contains("tells no label: name recordings LABEL_anything_INDEX.wav") == true)
  }

  @Test func oneLabelIsNoData() throws {
    let folder = try TemporaryFolder()
    try folder.write(WAVBuilder().bytes, "a_x_0.wav")
    try folder.write(WAVBuilder().bytes, "a_x_7.wav")
    #expect(throws: DataError.self) { try Dataset.open(folder.path) }
  }
}
