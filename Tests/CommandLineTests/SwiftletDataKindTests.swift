import Foundation
import SwiftletData
import SwiftletImages
import SwiftletModel
import Testing

/// swiftlet on recordings, on images without labels, and on networks that give back their input.
@Suite struct SwiftletDataKindTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  /// The bytes of a WAV file: half a second of 8 kHz.
  private func recording(_ frequency: Double, channels: UInt8 = 1) -> [UInt8] {
    let samples = (0..<4000).flatMap { index -> [UInt8] in
      let value = Int16(9000 * sin(2 * .pi * frequency * Double(index) / 8000))
      return [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }
    let rate: [UInt8] = [0x40, 0x1F, 0, 0]
    let format: [UInt8] = [16, 0, 0, 0, 1, 0, channels, 0] + rate + [0x80, 0x3E, 0, 0, 2, 0, 16, 0]
    let count: [UInt8] = [UInt8(samples.count & 255), UInt8(samples.count >> 8), 0, 0]
    return Array("RIFF____WAVEfmt ".utf8) + format + Array("data".utf8) + count + samples
  }

  /// Low and high tones in one folder, 12 of each; indexes 0 to 4 are for testing.
  private func recordings() throws -> String {
    for index in 0..<12 {
      let wobble = Double(index * 17 % 60)
      try tool.folder.write(recording(400 + wobble), "sounds/low_x_\(index).wav")
      try tool.folder.write(recording(1800 + 4 * wobble), "sounds/high_x_\(index).wav")
    }
    return tool.path("sounds")
  }

  private func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: tool.path(name), withIntermediateDirectories: true)
  }

  @Test func recordingsGoAllTheWay() throws {
    try makeFolder("sounds")
    let data = ["--data", try recordings(), "--threads", "1"]
    try tool.write(
      """
      {"input": [32, 32, 1], "layers": [
        {"type": "average_pool2d", "kernel": 4}, {"type": "conv2d", "filters": 2, "kernel": 1, "activation": "relu"},
        {"type": "flatten"}, {"type": "dense", "units": 2}]}
      """, "sounds.json")
    let train =
      ["train", "--arch", tool.path("sounds.json"), "--epochs", "40", "--learning-rate", "0.01", "--batch", "4"]
      + ["--augment", "-o", tool.path("float.swl")]
    try tool.succeed(train + data)
    try tool.succeed(["quantize", tool.path("float.swl"), "-o", tool.path("int8.swl")] + data)
    for model in ["float.swl", "int8.swl"] {
      let score = try tool.json(["eval", tool.path(model)] + data)
      #expect(score["images"] as? Int == 10 && score["correct"] as? Int == 10)
    }
    #expect(try tool.succeed(["inspect", tool.path("int8.swl")]).contains("high, low"))
    // A picture of a recording is an input like any other.
    try tool.succeed(
      ["digits", "--data", tool.path("sounds"), "--index", "9", "-o", tool.path("sound.png")])
    let said = try LeanBinary.run([tool.path("int8.swl"), tool.path("sound.png")])
    #expect(said.code == 0 && said.output.hasPrefix("low "))
    // One bad file stops it all, by name.
    let evaluate = ["eval", tool.path("int8.swl")] + data
    try tool.folder.write(recording(500, channels: 2), "sounds/low_x_99.wav")
    try tool.fail(evaluate, "sounds/low_x_99.wav: the recording has 2 channels")
    try tool.folder.write(Array(recording(500).prefix(30)), "sounds/low_x_99.wav")
    try tool.fail(evaluate, "sounds/low_x_99.wav: WAV chunk at byte 20: the data ends too early")
    try tool.folder.write([], "sounds/low_x_99.wav")
    try tool.fail(evaluate, "sounds/low_x_99.wav: the file is empty")
  }

  /// 60 images of 8 x 8, each one of two pictures with a little noise, without labels.
  private func unlabelled() throws -> String {
    try makeFolder("images")
    var generator = SplitMix64(seed: 5)
    for index in 0..<60 {
      let pixels = (0..<64).map { position in
        UInt8(generator.next() % 40) + ((position % 8 < 4) == (index % 2 == 0) ? 180 : 0)
      }
      let image = Image(width: 8, height: 8, channels: 1, pixels: pixels)
      try tool.folder.write(try PNGEncoder.encode(image), "images/\(100 + index).png")
    }
    return tool.path("images")
  }

  @Test func autoencodersNeedNoLabels() throws {
    let data = ["--data", try unlabelled(), "--threads", "1"]
    try tool.write(
      """
      {"input": [8, 8, 1], "layers": [
        {"type": "flatten"}, {"type": "dense", "units": 3, "activation": "relu"}, {"type": "dense", "units": 64},
        {"type": "reshape", "shape": [8, 8, 1]}]}
      """, "auto.json")
    let float = tool.path("float.swl")
    let shown = try tool.run(
      ["train", "--arch", tool.path("auto.json"), "--epochs", "40", "--learning-rate", "0.01", "--batch", "8"]
        + ["-o", float] + data)
    #expect(shown.code == 0 && shown.output.contains("validation mean squared error 0.0"))
    #expect(shown.error.contains("mean squared error") && !shown.error.contains("accuracy"), "\(shown.error)")
    let line = try tool.succeed(["quantize", float, "-o", tool.path("int8.swl")] + data)
    #expect(line.contains("validation explained variance 9") && line.contains("(float 9"), "\(line)")
    var qualities: [Double] = []
    for model in [float, tool.path("int8.swl")] {
      let score = try tool.json(["eval", model] + data)
      #expect(Set(score.keys) == ["model", "mean_squared_error", "explained_variance", "images"])
      #expect(score["images"] as? Int == 8)
      qualities.append(try #require(score["explained_variance"] as? Double))
      let text = try tool.succeed(["eval", model, "--subset", "validation"] + data)
      #expect(text.contains("mean squared error 0.0") && text.contains("explained variance 9"))
    }
    #expect(qualities[0] > 90 && abs(qualities[0] - qualities[1]) < 1)
    #expect(try tool.succeed(["eval", float, "--summary"] + data).contains("%"))
    let comparing = ["diff", float, tool.path("int8.swl"), "--html", tool.path("diff.html")] + data.dropLast(2)
    let difference = try tool.succeed(comparing)
    #expect(String(decoding: try tool.bytes("diff.html"), as: UTF8.self).contains("<svg"))
    try tool.fail(comparing, code: 1, "diff.html: exists; use --force")
    #expect(difference.contains("explained variance") && difference.contains("points, 95% interval"))
    try tool.succeed(["verify", tool.path("int8.swl")])
    #expect(
      try tool.succeed(["digits", "--data", tool.path("images"), "-o", tool.path("one.png")]).hasSuffix("image 0\n"))
    let pruned = try tool.succeed(
      ["prune", float, "--sparsity", "0.3", "--epochs", "1", "-o", tool.path("pruned.swl")] + data)
    #expect(pruned.contains("validation explained variance "))
  }

  @Test func classifiersAreRefusedImagesWithoutLabels() throws {
    let data = ["--data", try unlabelled()]
    try tool.write(
      #"{"input": [8, 8, 1], "layers": [{"type": "flatten"}, {"type": "dense", "units": 2}]}"#, "classes.json")
    let train = ["train", "--arch", tool.path("classes.json"), "--epochs", "1", "-o", tool.path("c.swl")]
    try tool.fail(train + data, "classes.json: the images have no labels, which a classifier needs")
    try tool.succeed(train + ["--data", try tool.writeClassFolders("sides")])
    try tool.fail(["eval", tool.path("c.swl")] + data, "c.swl: the images have no labels, which a classifier needs")
  }

  @Test func aResidualNetworkGoesAllTheWay() throws {
    let data = ["--data", "synthetic", "--synthetic-count", "300", "--threads", "1"]
    try tool.succeed(
      ["train", "--arch", "resnet8", "--epochs", "1", "--batch", "32", "-o", tool.path("float.swl")] + data)
    try tool.succeed(["quantize", tool.path("float.swl"), "-o", tool.path("int8.swl")] + data)
    try tool.succeed(["verify", tool.path("int8.swl")])
    #expect(try tool.succeed(["inspect", tool.path("int8.swl")]).contains("add"))
    let difference = try tool.json(["diff", tool.path("float.swl"), tool.path("int8.swl")])
    #expect((difference["file_bytes"] as? [Int])?.count == 2)
  }
}
