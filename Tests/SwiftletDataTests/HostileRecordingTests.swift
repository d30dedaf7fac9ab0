import SwiftletData
import Testing

@Suite struct HostileRecordingTests {
  /// The one line about a folder whose file `b_x_1.wav` has these bytes, without its path.
  private func refusal(_ bytes: [UInt8]) throws -> String {
    let folder = try TemporaryFolder()
    try folder.write(WAVBuilder().bytes, to: "a_x_0.wav")
    try folder.write(bytes, to: "b_x_1.wav")
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(error?.path == "\(folder.path)/b_x_1.wav")
    let text = error?.description ?? ""
    #expect(!text.contains("\n") && text.hasPrefix("\(folder.path)/b_x_1.wav: "))
    return String(text.dropFirst("\(folder.path)/b_x_1.wav: ".count))
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = WAVBuilder(between: WAVBuilder.chunk("LIST", [1, 2, 3])).bytes
    for count in 0..<bytes.count { _ = try refusal(Array(bytes[..<count])) }
  }

  @Test(
    arguments: [
      (WAVBuilder(samples: []), "0 bytes of samples"),
      (WAVBuilder(channels: 2), "the recording has 2 channels; 16-bit PCM with one channel is needed"),
      (WAVBuilder(bits: 8), "the samples have 8 bits; 16-bit PCM"),
      (WAVBuilder(bits: 24), "the samples have 24 bits"),
      (WAVBuilder(coding: 3), "the samples have coding 3"),
      (WAVBuilder(coding: 0xFFFE), "the data ends too early"),
      (WAVBuilder(coding: 0xFFFE, formatExtension: [22, 0, 16, 0, 4, 0, 0, 0, 3, 0]), "the samples have coding 3"),
      (WAVBuilder(rate: 0), "0 samples per second; 8000 to 48000 are possible"),
      (WAVBuilder(rate: .max), "samples per second"),
      (WAVBuilder(rate: 16000), "has 16000 samples per second, unlike "),
      (WAVBuilder(dataByteCount: .max), "the data ends too early (4294967295 bytes needed, 10 left)"),
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
    #expect(try refusal(Array("RIFF____AVI ____".utf8)) == "not a WAV file")
    #expect(try refusal(Array("RIFF____WAVE".utf8)) == "the WAV file has no 'data' chunk")
  }

  @Test func chunksThatAreNotNeededArePassedOver() throws {
    let folder = try TemporaryFolder()
    var file = WAVBuilder(samples: RecordingTests.tone(440, seconds: 0.2))
    try folder.write(file.bytes + [1, 2, 3], to: "a_x_0.wav")
    file.before = WAVBuilder.chunk("bext", [1, 2, 3])
    file.between = WAVBuilder.chunk("LIST", [])
    file.coding = 0xFFFE
    file.formatExtension = [22, 0, 16, 0, 4, 0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 14)
    try folder.write(file.bytes, to: "b_x_0.wav")
    let data = try Dataset.folder(folder.path)
    #expect(data.image(0) == data.image(1) && data.image(0).contains(255))
  }

  @Test(arguments: ["one.wav", "one_5.wav", "_x_1.wav", "one_x_y.wav", "one_x_.wav", "one_x_-1.wav"])
  func namesWithoutLabelOrIndexAreRefused(_ name: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(WAVBuilder().bytes, to: "a_x_0.wav")
    try folder.write(WAVBuilder().bytes, to: name)
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(error?.path == "\(folder.path)/\(name)")
    #expect(error?.description.contains("tells no label: name recordings LABEL_anything_INDEX.wav") == true)
  }

  @Test func oneLabelIsNoData() throws {
    let folder = try TemporaryFolder()
    try folder.write(WAVBuilder().bytes, to: "a_x_0.wav")
    try folder.write(WAVBuilder().bytes, to: "a_x_7.wav")
    #expect(throws: DataError.self) { try Dataset.open(folder.path) }
  }
}
