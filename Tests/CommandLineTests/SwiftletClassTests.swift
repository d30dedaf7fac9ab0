import Foundation
import SwiftletBytes
import SwiftletData
import SwiftletImages
import SwiftletModel
import Testing

/// Wherever a model meets data, their classes are the same or the data is refused.
@Suite struct SwiftletClassTests {
  private let tool: Tool

  init() throws {
    tool = try Tool()
    try tool.write(
      #"{"input": [8, 8, 1], "layers": [{"type": "flatten"}, {"type": "dense", "units": 2}, {"type": "softmax"}]}"#,
      "sides.json")
  }

  /// A model that tells the classes of `data` apart.
  private func trained(_ data: String, _ name: String = "float.swl", _ more: [String] = []) throws -> String {
    try tool.succeed(
      ["train", "--arch", tool.path("sides.json"), "-o", tool.path(name), "--epochs", "12", "--batch", "8"]
        + ["--learning-rate", "0.01", "--data", data, "--threads", "1"] + more)
    return tool.path(name)
  }

  /// The folder of `writeClassFolders` with its folders named anew.
  private func renamed(_ name: String, _ left: String, _ right: String) throws -> String {
    let folder = try tool.writeClassFolders(name)
    for (old, new) in [("left", left), ("right", right)] where old != new {
      try FileManager.default.moveItem(atPath: "\(folder)/\(old)", toPath: "\(folder)/\(new)")
    }
    return folder
  }

  private func integer(_ object: [String: Any], _ key: String) throws -> Int { try #require(object[key] as? Int) }

  @Test func otherClassesAreRefusedByEveryCommand() throws {
    let sides = try tool.writeClassFolders("sides")
    let float = try trained(sides)
    try tool.succeed(["quantize", float, "-o", tool.path("int8.swl"), "--data", sides])
    // The same images; the folders sort the other way round.
    let other = try renamed("other", "z_left", "right")
    let output = ["-o", tool.path("out.swl")]
    for command in [
      ["eval", float], ["eval", tool.path("int8.swl"), "--subset", "validation"], ["eval", float, "--json"],
      ["compress", float] + output, ["shrink", float] + output, ["prune", float, "--sparsity", "0.5"] + output,
      ["quantize", float] + output, ["diff", float, tool.path("int8.swl")],
    ] {
      try tool.fail(
        command + ["--data", other],
        "the model has other classes than the data: only the model has 'left', only the "
          + "data has 'z_left'; give data whose classes are named", "(--data \(other))")
    }
    let digits = try renamed("digits", "0", "1")
    try tool.fail(["eval", float, "--data", digits], "only the data has '0', '1'")
    let third = try renamed("third", "left", "right")
    try tool.folder.write(try tool.bytes("sides/left/0.png"), "third/0.png")
    try FileManager.default.copyItem(atPath: "\(third)/left", toPath: "\(third)/middle")
    try tool.fail(["eval", float, "--data", third], "only the data has 'middle'", after: "note: ")
  }

  @Test func teachersAndComparedModelsHaveTheSameClasses() throws {
    let sides = try tool.writeClassFolders("sides")
    let float = try trained(sides)
    let other = try trained(try renamed("other", "links", "rechts"), "other.swl")
    try tool.fail(["diff", float, other, "--data", sides], "other.swl: the model has other classes")
    try tool.fail(
      ["shrink", float, "-o", tool.path("out.swl"), "--distill", "0.5", "--teachers", other, "--data", sides],
      "other.swl: the model has other classes")
  }

  /// Archives made on macOS have the other form of "é", which sorts elsewhere.
  @Test func namesInAnotherUnicodeFormAreMappedToTheModelsOrder() throws {
    let (composed, decomposed) = ("\u{E9}t\u{E9}", "e\u{301}te\u{301}")
    let data = try renamed("composed", composed, "hiver")
    let other = try renamed("decomposed", "x", "hiver")
    try #require(rename("\(other)/x", "\(other)/\(decomposed)") == 0)
    let float = try trained(data)
    #expect(try tool.json(["inspect", float])["labels"] as? [String] == ["hiver", composed])
    let small = tool.path("small.swl")
    try tool.succeed(["quantize", float, "-o", small, "--data", other])
    for (model, subset) in [(float, "validation"), (small, "validation"), (float, "test"), (small, "test")] {
      let score = ["eval", model, "--subset", subset, "--data"]
      let first = try tool.json(score + [data])
      #expect(try tool.json(score + [other]) as NSDictionary == first as NSDictionary)
      #expect(try #require(first["accuracy"] as? Double) > 0.9)
    }
    let labels = try tool.json(["inspect", small])["labels"] as? [String]
    #expect(labels?.map { Array($0.utf8) } == ["hiver", composed].map { Array($0.utf8) })
  }

  @Test func aModelWhoseNamesWereLeftOutIsGivenTheOrder() throws {
    let sides = try tool.writeClassFolders("sides")
    let float = try trained(sides)
    let bare = tool.path("bare.swl")
    try tool.succeed(["pack", float, "-o", bare, "--drop", "labels"])
    let output = ["-o", tool.path("out.swl"), "--data", sides]
    for command in [
      ["eval", bare, "--data", sides], ["quantize", bare] + output, ["prune", bare, "--sparsity", "0.5"] + output,
    ] {
      try tool.fail(command, "only the data has 'left', 'right'", "add --classes-in-order")
    }
    let named = try tool.json(["eval", float, "--data", sides])
    let ordered = try tool.json(["eval", bare, "--data", sides, "--classes-in-order"])
    #expect(ordered["confusion"] as? [[Int]] == named["confusion"] as? [[Int]])
    // Of use to models without names alone.
    let other = try renamed("other", "links", "rechts")
    try tool.fail(["eval", float, "--data", other, "--classes-in-order"], "only the data has 'links', 'rechts'")
  }

  @Test func numbersForNamesAreNamesToo() throws {
    let digits = try renamed("digits", "0", "1")
    let float = try trained(digits)
    try tool.fail(["eval", float, "--data", try tool.writeClassFolders("sides")], "only the model has '0', '1'")
  }

  @Test func aCheckpointIsNotResumedWithOtherClasses() throws {
    let sides = try tool.writeClassFolders("sides")
    let arguments =
      ["train", "--arch", tool.path("sides.json"), "-o", tool.path("out.swl"), "--epochs", "400", "--threads", "1"]
    let run = try RunningTool(arguments + ["--data", sides])
    #expect(run.wait(for: "epoch 2"))
    _ = run.stop(by: SIGINT)
    try #require(try tool.contents().contains("out.swl.ckpt"))
    let other = try renamed("other", "links", "rechts")
    let result = try tool.run(arguments + ["--resume", "--data", other])
    #expect(result.code == 1 && result.error.contains("out.swl.ckpt: "), "\(result)")
  }
}
