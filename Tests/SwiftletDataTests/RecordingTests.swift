import Foundation
import SwiftletData
import TestSupport
import Testing

@Suite struct RecordingTests {
  /// A tone of `frequency` Hz at 8000 samples per second.
  static func tone(_ frequency: Double, seconds: Double, amplitude: Double = 8000) -> [Int16] {
    (0..<Int(8000 * seconds)).map { Int16(amplitude * sin(2 * .pi * frequency * Double($0) / 8000)) }
  }

  /// The image of one recording, row by row; the other recording of its class and the other class are silent.
  private func image(_ samples: [Int16], rate: UInt32 = 8000) throws -> [[UInt8]] {
    let folder = try TemporaryFolder()
    try folder.write(WAVBuilder(samples: samples, rate: rate).bytes, "a_x_0.wav")
    try folder.write(WAVBuilder(samples: [0], rate: rate).bytes, "b_x_0.wav")
    let data = try Dataset.folder(folder.path)
    #expect((data.height, data.width, data.channels) == (32, 32, 1))
    return stride(from: 0, to: 1024, by: 32).map { Array(data.images[$0..<$0 + 32]) }
  }

  @Test func namesTellLabelAndIndex() throws {
    let folder = try TemporaryFolder()
    for (name, value) in [("yes_a_0", 1), ("yes_a_5", 2), ("no_b_c_4", 3), ("no_b_12", 4), ("no__6", 5)] {
      try folder.write(WAVBuilder(samples: [Int16(value)]).bytes, name + ".wav")
    }
    try folder.write([1], "notes.txt")
    try folder.write([1], ".hidden_x_1.wav")
    let (train, test) = try Dataset.open(folder.path)
    #expect(train.classNames == ["no", "yes"] && test.classNames == train.classNames)
    // no__6, no_b_12, yes_a_5 in the order of their names; no_b_c_4 and yes_a_0.
    #expect(train.labels == [0, 0, 1] && test.labels == [0, 1])
    #expect(train.isSpectrogram && test.isSpectrogram)
  }

  @Test func withoutLowIndexesASeventhIsForTesting() throws {
    let folder = try TemporaryFolder()
    for index in 5..<19 {
      try folder.write(WAVBuilder().bytes, "\(index % 2)_x_\(index).wav")
    }
    let (train, test) = try Dataset.open(folder.path)
    #expect(train.count == 12 && test.count == 2)
  }

  @Test func classFoldersAndSetsOfThemHoldRecordingsToo() throws {
    let folder = try TemporaryFolder()
    for name in ["train/on/1", "train/off/x", "test/on/2", "test/off/y"] {
      try folder.write(WAVBuilder().bytes, name + ".WAV")
    }
    let (train, test) = try Dataset.open(folder.path)
    #expect(train.classNames == ["off", "on"] && train.labels == [0, 1] && test.labels == [0, 1])
    #expect(try Dataset.open(folder.path + "/train").test.count == 1)
    let folderOfImages = try TemporaryFolder()
    try folderOfImages.write(WAVBuilder().bytes, "a/1.wav")
    try folderOfImages.writePNG(32, 32, to: "b/1.png")
    let error = #expect(throws: DataError.self) { try Dataset.open(folderOfImages.path) }
    #expect(error?.path == folderOfImages.path)
    #expect(error?.description.contains("holds both images (.png) and recordings (.wav)") == true)
  }

  @Test func setsOfOtherSampleRatesDiffer() throws {
    let folder = try TemporaryFolder()
    for (name, rate) in [("train/on/1", 8000), ("train/off/x", 8000), ("test/on/2", 16000), ("test/off/y", 16000)]
      as [(String, UInt32)]
    {
      try folder.write(WAVBuilder(rate: rate).bytes, name + ".wav")
    }
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(error?.description.contains("sample rate") == true)
  }

  /// mel(1000 Hz) = 1000; 33 steps from mel(20 Hz) = 31.7 to mel(4000 Hz) = 2146.1: band 14 is the nearest, row 31 - 14.
  @Test func aToneLightsItsBand() throws {
    let rows = try image(Self.tone(1000, seconds: 0.1))
    // 800 samples are 4 frames of 256, 160 apart, in the middle of 32.
    for column in 0..<32 {
      let brightest = (0..<32).max { rows[$0][column] < rows[$1][column] }!
      if (14..<18).contains(column) {
        #expect(brightest == 17 && rows[17][column] >= 250)
        #expect(rows[5][column] < 60 && rows[28][column] < 60)
      } else {
        #expect(rows.allSatisfy { $0[column] == 0 })
      }
    }
  }

  @Test func loudnessDoesNotMatterAndSilenceIsBlack() throws {
    let loud = Self.tone(700, seconds: 0.4).map { $0 & ~1 }
    #expect(try image(loud) == image(loud.map { $0 / 2 }))
    #expect(try image([0]).allSatisfy { $0.allSatisfy { $0 == 0 } })
  }

  @Test func ofLongRecordingsTheLoudestPartIsTaken() throws {
    let quiet = Self.tone(400, seconds: 2.5, amplitude: 500)
    let rows = try image(quiet + Self.tone(2000, seconds: 0.5) + Self.tone(400, seconds: 1, amplitude: 500))
    // mel(2000 Hz) = 1521 lies nearest band 22 (1505). The tone fills more than 20 of the 32 columns.
    #expect(rows[31 - 22].filter { $0 > 240 }.count >= 20)
  }

  /// 255 * (1 + 10 log10(energy / loudest) / 60) of a made-up signal, worked out by a separate program (numpy) from
  /// `LogMelSpectrogram`'s documentation: column 16 from the highest band down, at two sample rates.
  @Test(arguments: [(8000, goldenAt8000), (11025, goldenAt11025)] as [(UInt32, [UInt8])])
  func pixelsFollowTheDocumentation(_ rate: UInt32, _ golden: [UInt8]) throws {
    let samples = (0..<9000).map { (index: Int) -> Int16 in Int16(index * index * 7 % 4001 - 2000) }
    #expect(try image(samples, rate: rate).map { $0[16] } == golden)
  }

  @Test(arguments: [1, 2, 8, 64])
  func theTransformIsTheFourierSum(_ count: Int) {
    let transform = FourierTransform(atLeast: count)
    #expect(transform.count == count && FourierTransform(atLeast: count + 1).count == 2 * count)
    var real = (0..<count).map { (index: Int) -> Double in Double((index * 37 + 11) % 19) - 9 }
    var imaginary = (0..<count).map { (index: Int) -> Double in Double((index * 23 + 5) % 17) - 8 }
    let (x, y) = (real, imaginary)
    transform.forward(&real, &imaginary)
    for k in 0..<count {
      var (re, im) = (0.0, 0.0)
      for n in 0..<count {
        let angle = -2 * Double.pi * Double(k * n) / Double(count)
        re += x[n] * cos(angle) - y[n] * sin(angle)
        im += x[n] * sin(angle) + y[n] * cos(angle)
      }
      #expect(abs(real[k] - re) < 1e-9 && abs(imaginary[k] - im) < 1e-9)
    }
  }
}

private let goldenAt8000: [UInt8] = [
  250, 247, 240, 235, 241, 249, 241, 228, 232, 232, 224, 220, 214, 225, 219, 220, 215, 187, 203, 227, 204, 175, 188,
  198,
  206, 190, 202, 211, 200, 191, 201, 199,
]
private let goldenAt11025: [UInt8] = [
  240, 239, 233, 239, 240, 236, 232, 235, 236, 232, 228, 225, 230, 229, 219, 218, 229, 219, 222, 219, 215, 188, 191,
  201,
  193, 190, 205, 217, 221, 224, 228, 231,
]
