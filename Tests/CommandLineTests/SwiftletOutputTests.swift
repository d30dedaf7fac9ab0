import Foundation
import Testing

/// Outputs that cannot be, found out before any work; and what is left where one fails after all.
@Suite struct SwiftletOutputTests {
  private let tool: Tool
  private let float: String

  init() throws {
    tool = try Tool()
    float = try tool.floatModel()
  }

  /// Every command that writes a file, but for the file's name.
  private func writers() throws -> [[String]] {
    let int8 = try tool.integerModel()
    return [
      ["train", "--arch", tool.path("tiny.json")] + Tool.data + ["-o"],
      ["prune", float, "--sparsity", "0.5"] + Tool.data + ["-o"],
      ["quantize", float] + Tool.data + ["-o"], ["compress", float] + Tool.data + ["-o"],
      ["shrink", float] + Tool.data + ["-o"], ["pack", int8, "-o"], ["digits"] + Tool.data.dropLast(2) + ["-o"],
      ["diff", float, int8, "--html"], ["bench", int8, "--html"], ["bench", "--shapes", "--write"],
      ["compress", float, "-o", tool.path("other.swl")] + Tool.data + ["--report"],
      ["compress", float, "-o", tool.path("other.swl")] + Tool.data + ["--save-recipe"],
    ]
  }

  @Test func outputsThatCannotBeWrittenAreFoundOutBeforeWork() throws {
    try FileManager.default.createSymbolicLink(atPath: tool.path("dangling"), withDestinationPath: "nowhere")
    let long = String(repeating: "n", count: 256)
    for (name, code, text) in [
      ("", 2, "is empty"), (tool.path("new") + "/", 1, "new/: names a folder; give a file name"),
      (tool.path("tiny.json/out"), 1, "tiny.json is no folder"),
      (tool.path("dangling"), 1, "is a link to a file that does not exist"),
      (tool.path(long), 1, "the name is too long"), ("/proc/out.swl", 1, "takes no new file"),
    ] as [(String, Int32, String)] {
      for command in try writers() { try tool.fail(command + [name], code: code, text) }
    }
  }

  @Test func aNameThatIsAsLongAsMayBeStillHasRoomForItsCheckpoint() throws {
    // 255 bytes is the most; the checkpoint and its temporary name are longer.
    try tool.fail(tool.train(String(repeating: "n", count: 240)), ": the name is too long")
    try tool.succeed(["pack", float, "-o", tool.path(String(repeating: "n", count: 230))])
  }

  /// What a read-only file system says, `access` does not tell to root.
  @Test func aFileSystemThatIsReadOnlyIsFoundOut() throws {
    // A mount needs privileges that some machines withhold.
    let script = #"mkdir "$1/ro" && mount -t tmpfs -o ro none "$1/ro" && exec "$0" "${@:2}""#
    let result = try LeanBinary.run(
      ["--mount", "--user", "--map-root-user", "/bin/bash", "-c", script, Tool.executable.path, tool.folder.path]
        + ["quantize", float, "-o", tool.path("ro/out.swl")] + Tool.data,
      executable: URL(fileURLWithPath: "/usr/bin/unshare"))
    guard !result.error.contains("unshare"), !result.error.contains("mount:") else { return }
    #expect(result.code == 1 && result.error.contains("ro is on a file system that is read-only"), "\(result)")
  }

  @Test func twoFilesOfOneNameAreRefused() throws {
    let recipe = tool.path("recipe.json")
    let compress = ["compress", float, "--force"] + Tool.data
    try tool.fail(
      compress + ["-o", tool.path("out.swl"), "--report", recipe, "--save-recipe", recipe], code: 2,
      "recipe.json: is also written by this command; give --save-recipe another name")
    try tool.fail(
      compress + ["-o", tool.path("out.swl"), "--report", tool.path("out.swl.search")], code: 2, "is also written")
    try FileManager.default.createSymbolicLink(atPath: tool.path("link.swl"), withDestinationPath: "float.swl")
    for name in ["float.swl", "link.swl", "./float.swl"] {
      let output = tool.folder.path + "/" + name
      try tool.fail(["quantize", float, "--force", "-o", output] + Tool.data, code: 2, "is also read by this command")
      try tool.fail(["compress", float, "--force", "-o", output] + Tool.data, code: 2, "is also read by this command")
    }
    try tool.fail(["diff", float, float, "--force", "--html", float], code: 2, "is also read")
    try tool.fail(tool.train("tiny.json", ["--force"]), code: 2, "is also read")
  }

  @Test func devicesTakeWhatIsWrittenOnce() throws {
    try tool.succeed(["quantize", float, "-o", "/dev/null"] + Tool.data)
    try tool.fail(["compress", float, "-o", "/dev/null"] + Tool.data, "/dev/null: is no regular file")
    #expect(!FileManager.default.fileExists(atPath: "/dev/null.search"))
  }

  @Test func aModelThatCannotBeWrittenAfterTrainingIsInItsCheckpoint() throws {
    let run = try RunningTool(tool.train("out.swl", epochs: 60))
    try #require(run.wait(for: "\nepoch 1 "), "\(run.text)")
    // Somebody else takes the name meanwhile.
    try tool.write("theirs", "out.swl")
    #expect(run.end().status == 1)
    let (output, checkpoint) = (tool.path("out.swl"), tool.path("out.swl.ckpt"))
    let line = try #require(run.text.split(separator: "\n").last)
    #expect(
      line.hasPrefix("swiftlet: error: \(output): the file exists") && line.contains("all epochs are in \(checkpoint)"))
    #expect(
      line.contains("--resume") && line.hasSuffix("with --checkpoint \(checkpoint) and another --output"), "\(line)")
    #expect(try tool.bytes("out.swl") == Array("theirs".utf8))
    let other = try tool.run(tool.train("other.swl", epochs: 60, ["--resume", "--checkpoint", checkpoint]))
    #expect(other.code == 0 && !other.error.contains("\nepoch "), "\(other)")
    try tool.succeed(tool.train("unbroken.swl", epochs: 60))
    #expect(try tool.bytes("other.swl") == tool.bytes("unbroken.swl"))
    #expect(!FileManager.default.fileExists(atPath: checkpoint))
  }

  @Test func aModelOfALongPruningIsPutElsewhere() throws {
    let run = try RunningTool(
      ["prune", float, "--sparsity", "0.5", "-o", tool.path("pruned.swl"), "--epochs", "60"] + Tool.data)
    try #require(run.wait(for: "epoch 1 "), "\(run.text)")
    try tool.write("theirs", "pruned.swl")
    #expect(run.end().status == 1)
    let place = try #require(run.text.firstMatch(of: /the model is in (.*) instead: move it where it belongs\n$/)).1
    defer { try? FileManager.default.removeItem(atPath: String(place)) }
    try tool.succeed(["inspect", String(place)])
    #expect(try tool.bytes("pruned.swl") == Array("theirs".utf8))
  }

  @Test func aReportThatCannotBeWrittenAfterASearchIsInItsState() throws {
    let good = try tool.goodModel()
    let compress =
      ["compress", good, "-o", tool.path("out.swl"), "--max-drop", "20", "--epochs", "40"] + Tool.data
      + ["--report", tool.path("report.json")]
    let run = try RunningTool(compress)
    try #require(run.wait(for: "candidate 2: "), "\(run.text)")
    try tool.write("theirs", "report.json")
    #expect(run.end().status == 1)
    let line = try #require(run.text.split(separator: "\n").last)
    #expect(
      line.contains("report.json: the file exists") && line.contains("out.swl.search keeps the search"), "\(line)")
    let model = try tool.bytes("out.swl")
    // Resuming replaces only what is the search's own.
    try tool.fail(compress + ["--resume"], "report.json: exists; use --force")
    let again = try tool.run(compress + ["--resume", "--force"])
    #expect(again.code == 0 && !again.error.contains("candidate 1: "), "\(again)")
    #expect(try tool.bytes("out.swl") == model && tool.bytes("report.json").first == UInt8(ascii: "{"))
    #expect(!FileManager.default.fileExists(atPath: tool.path("out.swl.search")))
  }
}
