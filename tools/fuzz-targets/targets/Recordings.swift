import SwiftletBytes
@testable import SwiftletData

extension FuzzTarget {
  static let recordings = [
    FuzzTarget(
      name: "wav", longestInput: 1024, dictionary: ["RIFF", "WAVE", "fmt ", "data", "LIST", "fact"], seeds: wavSeeds
    ) { input in
      let file = Array(input)
      guard let recording = measured("reading", { try? WAVFile(file) }) else { return }
      expect(!recording.samples.isEmpty, "a recording without samples")
      let image = measured("the spectrogram") {
        spectrogram(recording.sampleRate).image(of: recording.samples)
      }
      expect(image.count == LogMelSpectrogram.bandCount * LogMelSpectrogram.frameCount, "another number of pixels")
    }
  ]

  /// Made once for each of the few rates that seeds have: making one takes longer than reading a file.
  private static func spectrogram(_ rate: Int) -> LogMelSpectrogram {
    if let known = known[rate] { return known }
    let made = LogMelSpectrogram(sampleRate: rate)
    if known.count < 64 { known[rate] = made }
    return made
  }

  nonisolated(unsafe) private static var known: [Int: LogMelSpectrogram] = [:]

  private static func wavSeeds() throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for (rate, count, extensible) in [(8000, 40, false), (16000, 3, false), (48000, 8, true), (8000, 400, false)] {
      var format = ByteWriter()
      format.write(UInt16(extensible ? 0xFFFE : 1))
      format.write(UInt16(1))
      format.write(UInt32(rate))
      format.write(UInt32(2 * rate))
      format.write(UInt16(2))
      format.write(UInt16(16))
      if extensible { format.write(bytes: [22, 0, 16, 0, 4, 0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 14)) }
      var writer = ByteWriter()
      writer.write(text: "RIFF")
      writer.write(UInt32(0))
      writer.write(text: "WAVEfmt ")
      writer.write(UInt32(format.count))
      writer.write(bytes: format.bytes)
      writer.write(text: "LIST")
      writer.write(UInt32(3))
      writer.write(bytes: [1, 2, 3, 0])
      writer.write(text: "data")
      writer.write(UInt32(2 * count))
      for index in 0..<count { writer.write(UInt16(truncatingIfNeeded: index &* 1237)) }
      seeds.append(writer.bytes)
    }
    return seeds
  }
}
