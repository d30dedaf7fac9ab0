import Foundation
import SwiftletBytes
import SwiftletData
import Testing

/// Folders of data as they are in the wild, through the command line.
@Suite struct SwiftletFolderTests {
  private let tool: Tool

  init() throws {
    tool = try Tool()
    try tool.write(
      #"{"input": [8, 8, 1], "layers": [{"type": "flatten"}, {"type": "dense", "units": 2}, {"type": "softmax"}]}"#,
      "sides.json")
  }

  private func train(_ data: String, _ more: [String] = []) -> [String] {
    [
      "train", "--arch", tool.path("sides.json"), "-o", tool.path("out.swl"), "--epochs", "2", "--threads", "1",
      "--force",
    ]
      + ["--data", data] + more
  }

  /// Runs a shell script in the tool's folder, `$swiftlet` being the program: arguments can then be any bytes.
  private func shell(_ script: String) throws -> LeanBinary.Result {
    try LeanBinary.run(
      ["-c", "cd \(tool.folder.path) && \(script)"], environment: ["swiftlet": Tool.executable.path],
      executable: URL(fileURLWithPath: "/bin/sh"))
  }

  @Test func namesThatAreNotUTF8WorkEverywhere() throws {
    _ = try tool.writeClassFolders("sides")
    let made = try shell(
      #"""
      odd=$(printf 'd\351') && mv sides $odd && mv $odd/right "$odd/$(printf 'r\377')" && cp sides.json $odd.json
      $swiftlet train --arch $odd.json --data $odd -o $odd.swl --epochs 2 --threads 1 &&
      $swiftlet quantize $odd.swl --data $odd -o $odd-int8.swl && $swiftlet eval $odd-int8.swl --data $odd --json
      """#)
    #expect(made.code == 0, "\(made)")
    #expect(made.output.contains("d?.swl: ") && made.output.contains(#""images":11"#), "\(made.output)")
    #expect(made.output.contains("\"model\":\"d\u{FFFD}-int8.swl\""), "\(made.output)")
    #expect(
      made.error.contains("note: d?: class names that are not UTF-8 are read as Latin-1: 'r\u{FF}'"), "\(made.error)")
    let labels = try shell("$swiftlet inspect $(printf 'd\\351').swl --json")
    #expect(labels.output.contains("\"r\u{FF}\""))
    let files = Set(try Folder.entries(tool.folder.path).map(\.name))
    let odd = FileName.text([0x64, 0xE9])
    #expect(files == ["tiny.json", "sides.json", odd, odd + ".json", odd + ".swl", odd + "-int8.swl"], "\(files)")
    let again = try shell("$swiftlet eval $(printf 'd\\351').swl $(printf 'x\\351') --data $(printf 'd\\351')")
    #expect(again.code == 1 && again.error.hasSuffix("swiftlet: error: x?: no such file\n"), "\(again)")
    let kept = try shell(
      "$swiftlet quantize $(printf 'd\\351').swl -o $(printf 'd\\351').swl --data $(printf 'd\\351')")
    #expect(kept.code == 1 && kept.error.contains("d?.swl: exists; use --force"), "\(kept)")
  }

  @Test func whatIsPassedOverIsSaidOnStandardError() throws {
    let sides = try tool.writeClassFolders("sides")
    for index in 0..<3 { try tool.folder.write([1], "sides/left/\(index).jpg") }
    try tool.succeed(train(sides))
    let result = try tool.run(["eval", tool.path("out.swl"), "--data", sides, "--json"])
    #expect(result.error == "note: \(sides): passed over 3 .jpg files (JPEG is not read yet: convert it to PNG)\n")
    #expect(result.output.hasPrefix("{") && result.output.hasSuffix("}\n"))
  }

  /// `writeClassFolders` under each of these names, `count` images of a class.
  private func parts(_ parts: KeyValuePairs<String, Int>) throws -> String {
    for (name, count) in parts { _ = try tool.writeClassFolders("parts/\(name)", count: count) }
    return tool.path("parts")
  }

  @Test func aValidationFolderIsHeldOutAndFoundAgain() throws {
    let data = try parts(["train": 20, "val": 5])
    let result = try tool.run(train(data, ["--validation", "7"]))
    #expect(result.code == 0 && result.error.contains("10 images of the data's validation folder are held out"))
    #expect(result.error.contains("on 40 images, 10 held out"), "\(result.error)")
    let score = try tool.json(["eval", tool.path("out.swl"), "--data", data, "--subset", "validation"])
    #expect(score["images"] as? Int == 10)
    try tool.succeed(["quantize", tool.path("out.swl"), "-o", tool.path("int8.swl"), "--data", data])
    try tool.fail(
      ["eval", tool.path("out.swl"), "--data", data], "has no test images; give --subset validation, or add a folder")
    try tool.fail(["digits", "-o", tool.path("x.png"), "--data", data], "has no test images; give --subset train")
    // A folder that holds out other images is not the one of training.
    _ = try parts(["val": 6, "test": 3])
    try tool.fail(["eval", tool.path("out.swl"), "--data", data, "--subset", "validation"], "not the images")
    #expect(try tool.json(["eval", tool.path("out.swl"), "--data", data])["images"] as? Int == 6)
  }

  @Test func syntheticIsNeverSilentlyTheOther() throws {
    let generated = try shell("$swiftlet digits --data synthetic -o a.png")
    #expect(generated.code == 0)
    _ = try tool.writeClassFolders("synthetic")
    let both = try shell("$swiftlet digits --data synthetic -o b.png")
    #expect(both.code == 2 && both.error.contains("./synthetic") && both.error.contains("synthetic:digits"), "\(both)")
    #expect(try shell("$swiftlet digits --data synthetic:digits -o b.png").code == 0)
    #expect(try tool.bytes("a.png") == tool.bytes("b.png"))
    #expect(try shell("$swiftlet digits --data ./synthetic -o c.png").output.contains("label left"))
    #expect(try shell("$swiftlet help train").output.contains("synthetic:digits"))
  }
}
