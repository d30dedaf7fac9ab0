import Foundation
import SwiftletImages
import SwiftletRuntime
import Testing

/// swiftlet on bad files: one line on standard error, exit code 1, nothing written.
@Suite struct SwiftletBadInputTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  /// Every command that reads a model, with all it needs besides the model.
  private func readers() -> [[String]] {
    let output = ["-o", tool.path("out.swl")] + Tool.data
    return [
      ["inspect"], ["verify"], ["bench"], ["eval"] + Tool.data, ["quantize"] + output, ["compress"] + output,
      ["prune", "--sparsity", "0.5"] + output, ["shrink"] + output,
    ]
  }

  @Test func everyCommandRefusesFilesThatAreNoModels() throws {
    try FileManager.default.createDirectory(atPath: tool.path("folder"), withIntermediateDirectories: true)
    let newer = GoldenModel.root.appendingPathComponent("models/goldens/invalid-newer-version.swl").path
    let cases = [
      (tool.path("none.swl"), "none.swl: no such file"), (tool.path("folder"), "folder: is a directory"),
      (try tool.write("", "empty.swl"), "empty.swl: the file is empty"),
      (try tool.write("no model, whatever its name", "text.swl"), "text.swl: not a .swl model"),
      (newer, "invalid-newer-version.swl: the file has format version 2"),
    ]
    for command in readers() {
      for (path, text) in cases { try tool.fail(command + [path], text) }
    }
  }

  @Test func damagedModelsAreRefused() throws {
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: tool.integerModel())))
    for position in stride(from: 0, to: bytes.count, by: bytes.count / 16) {
      var changed = bytes
      changed[position] ^= 0x10
      try tool.fail(["inspect", try tool.folder.write(changed, "changed.swl")], "changed.swl: ")
      try tool.fail(["verify", try tool.folder.write(Array(bytes[..<position]), "cut.swl")], "cut.swl: ")
    }
  }

  @Test func modelsOfTheWrongKindAreRefusedWithAdvice() throws {
    let (float, int8) = (try tool.floatModel(), try tool.integerModel())
    let output = ["-o", tool.path("out.swl")] + Tool.data
    for command in [["prune", "--sparsity", "0.5"], ["quantize"], ["compress"], ["shrink"]] {
      try tool.fail(command + [int8] + output, "int8.swl: is already quantized; \(command[0]) needs the float model")
    }
    for command in ["bench", "verify"] {
      try tool.fail([command, float], "float.swl: is a float model; \(command) needs", "swiftlet quantize")
    }
  }

  @Test func badArchitecturesNameFileAndLayer() throws {
    func architecture(_ layers: String, input: String = "[28, 28, 1]") throws -> String {
      try tool.write(#"{"input": \#(input), "layers": [\#(layers)]}"#, "bad.json")
    }
    func expect(_ path: String, _ texts: [String]) throws {
      let train = ["train", "--arch", path, "-o", tool.path("out.swl")] + Tool.data
      for text in texts { try tool.fail(train, "bad.json: ", text) }
    }
    let flatten = #"{"type": "flatten"}, "#
    try expect(tool.path("bad.json"), ["no such file"])
    try expect(try tool.write("", "bad.json"), ["the file is empty"])
    try expect(try tool.write(#"{"input": [28, 28"#, "bad.json"), ["not valid JSON"])
    try expect(try tool.write("[]", "bad.json"), ["must be a JSON object"])
    try expect(try architecture(""), ["at least one layer"])
    try expect(try architecture(#"{"type": "dance"}"#), ["layer 0 has unknown type 'dance'", "max_pool2d"])
    try expect(try architecture(#"{"type": "conv2d", "filters": 4, "kernel": "x"}"#), ["layer 0 (conv2d): 'kernel'"])
    try expect(try architecture(flatten + #"{"type": "dense"}"#), ["layer 1 (dense) needs 'units'"])
    try expect(try architecture(flatten + #"{"type": "dense", "unit": 3}"#), ["layer 1 (dense) has unknown key 'unit'"])
    try expect(try architecture(#"{"type": "conv2d", "filters": 4, "kernel": 29}"#), ["layer 0 (conv2d) does not fit"])
    try expect(try architecture(#"{"type": "add", "inputs": ["a"]}"#), ["layer 0 (add) reads 'a'"])
    // Valid networks that the data does not fit.
    try expect(
      try architecture(flatten + #"{"type": "dense", "units": 10}"#, input: "[32, 32, 3]"),
      ["the images are 28 x 28 x 1", "input is 32 x 32 x 3"])
    try expect(try architecture(flatten + #"{"type": "dense", "units": 7}"#), ["7 outputs", "10 classes"])
  }

  @Test func dataFoldersThatCannotBeReadAreNamed() throws {
    func expect(_ path: String, _ texts: String...) throws {
      let model = try tool.floatModel()
      for command in [["eval", model], tool.train("out.swl"), ["quantize", model, "-o", tool.path("out.swl")]] {
        for text in texts { try tool.fail(command + ["--data", path], text) }
      }
    }
    try expect(tool.path("none"), "none: no such file")
    try expect(try tool.write("x", "file"), "file: is a file; a folder")
    try expect(
      try tool.writeMNIST("labels") { $0["train-labels-idx1-ubyte"]![8 + 3] = 10 },
      "train-labels-idx1-ubyte: label 10 of image 3 is out of range")
    try expect(
      try tool.writeMNIST("absurd") { $0["t10k-images-idx3-ubyte"] = [0, 0, 8, 3] + Array(repeating: 255, count: 12) },
      "t10k-images-idx3-ubyte: ", "absurd")
    try expect(
      try tool.writeMNIST("short") { $0["train-images-idx3-ubyte"]!.removeLast() }, "train-images-idx3-ubyte: ")
    try expect(
      try tool.writeMNIST("counts") {
        $0["train-labels-idx1-ubyte"]![7] -= 1
        $0["train-labels-idx1-ubyte"]!.removeLast()
      }, "29 labels for 30 images")
    try expect(
      try tool.writeMNIST("missing") { $0["t10k-labels-idx1-ubyte"] = nil }, "the folder has no t10k-labels-idx1-ubyte")
    let sides = try tool.writeClassFolders("sides", count: 3)
    try tool.folder.write(Array("GIF89a and so on".utf8), "sides/left/3.png")
    try expect(sides, "sides/left/3.png: ", "the file is a GIF image; convert it to PNG")
    let wide = Image(width: 9, height: 8, channels: 1, pixels: [UInt8](repeating: 7, count: 72))
    try tool.folder.write(try PNGEncoder.encode(wide), "sides/left/3.png")
    try expect(sides, "sides/left/3.png: is 9 x 8 with 1 channels")
  }

  @Test func imagesOfAnotherSizeAreRefused() throws {
    let data = ["--data", try tool.writeClassFolders("sides")]
    try tool.fail(["eval", try tool.integerModel()] + data, "int8.swl: the model takes images of 28 x 28 x 1")
    try tool.succeed(tool.train("unsplit.swl", ["--validation", "0"]))
    try tool.fail(["quantize", tool.path("unsplit.swl"), "-o", tool.path("out.swl")] + data, "8 x 8 x 1")
    // Without a split nothing tells how pruning did, but quantization needs none.
    try tool.succeed(["quantize", tool.path("unsplit.swl"), "-o", tool.path("unsplit-int8.swl")] + Tool.data)
    try tool.fail(
      ["prune", tool.path("unsplit.swl"), "-o", tool.path("out.swl"), "--sparsity", "0.5"] + data,
      "unsplit.swl: the model does not record which images were held out")
  }

  @Test func otherImagesThanThoseOfTrainingAreRefused() throws {
    let float = try tool.floatModel()
    let other = ["--data", "synthetic", "--synthetic-count", "700"]
    for command in [["compress"], ["quantize"], ["prune", "--sparsity", "0.5"], ["shrink"]] {
      try tool.fail(
        command + [float, "-o", tool.path("out.swl")] + other,
        "float.swl: these are not the images the model was trained on", "give the same --data")
    }
    try tool.fail(["eval", float, "--subset", "validation"] + other, "float.swl: these are not the images")
    let few = ["--data", try tool.writeMNIST("few")]
    try tool.fail(["compress", float, "-o", tool.path("out.swl")] + few, "30 images are too few")
  }

  @Test func aBudgetThatCannotBeMetWritesNothing() throws {
    let float = try tool.goodModel()
    let before = try tool.contents()
    for (budget, texts) in [
      (["--target-bytes", "40"], ["40 bytes cannot be reached", "no weights the file still has"]),
      (["--target-latency", "1e-5us"], ["microseconds cannot be reached", "on this machine"]),
      // No training can win so much in so few bytes.
      (
        ["--target-bytes", "140", "--max-drop", "0"],
        [
          "no candidate meets the budget: the nearest is candidate", "bytes of 140", "out.swl.search keeps",
          "--near-miss",
        ]
      ),
    ] {
      let result = try tool.run(
        ["compress", float, "-o", tool.path("out.swl"), "--report", tool.path("report.json"), "--epochs", "8"] + budget
          + ["--save-recipe", tool.path("recipe.json")] + Tool.data)
      let line = try #require(result.error.split(separator: "\n").last)
      #expect(result.code == 1 && result.output.isEmpty)
      #expect(line.hasPrefix("swiftlet: error: \(float): "), "\(line)")
      for text in texts { #expect(line.contains(text), "\(line)") }
      let keepsState = budget.contains("140")
      #expect(try tool.contents() == before.union(keepsState ? ["out.swl.search"] : []))
    }
    // Hours of searching are not lost: the nearest can still be had.
    let near = try tool.run(
      ["compress", float, "-o", tool.path("out.swl"), "--epochs", "8", "--target-bytes", "140", "--max-drop", "0"]
        + ["--resume", "--near-miss"] + Tool.data)
    #expect(near.code == 0 && !near.error.contains("candidate 1: "), "\(near)")
    #expect(try tool.contents() == before.union(["out.swl"]))
  }

  @Test func theNearestCandidateIsWrittenWhereItIsAskedFor() throws {
    let float = try tool.goodModel()
    let result = try tool.run(
      ["compress", float, "-o", tool.path("out.swl"), "--epochs", "8", "--target-bytes", "140", "--max-drop", "0"]
        + ["--near-miss"] + Tool.data)
    #expect(result.code == 0 && result.error.contains("warning: the budget is not met"), "\(result)")
    #expect(try tool.contents() == ["tiny.json", "good.swl", "out.swl"])
  }
}
