import Foundation
import Testing

/// Training that is killed, stopped or damaged, and resumed.
@Suite struct SwiftletInterruptionTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  /// Long enough to be stopped in the middle.
  private func train(_ output: String, _ more: [String] = []) -> [String] {
    tool.train(output, epochs: 80, ["--augment", "--schedule", "cosine"] + more)
  }

  private func unbroken() throws -> [UInt8] {
    try tool.succeed(train("unbroken.swl"))
    return try tool.bytes("unbroken.swl")
  }

  @Test func trainingKilledAgainAndAgainReachesTheSameFile() throws {
    let expected = try unbroken()
    var options: [String] = []
    // Epochs are over in milliseconds, so each kill lands at another point of the loop.
    for epoch in [1, 7, 20, 33] {
      let run = try RunningTool(train("model.swl", options))
      try #require(run.wait(for: "\nepoch \(epoch) "), "\(run.text)")
      let end = run.stop(by: SIGKILL)
      try #require(end.reason == .uncaughtSignal && end.status == SIGKILL)
      #expect(!FileManager.default.fileExists(atPath: tool.path("model.swl")))
      options = ["--resume"]
    }
    let last = try tool.run(train("model.swl", ["--resume"]))
    #expect(last.code == 0 && last.error.contains("resuming after epoch "))
    #expect(!last.error.contains("\nepoch 33 "), "epochs that were done are not done again")
    #expect(try tool.bytes("model.swl") == expected)
    #expect(!FileManager.default.fileExists(atPath: tool.path("model.swl.ckpt")))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalEndsTrainingWithAdvice(_ signal: Int32) throws {
    let run = try RunningTool(train("model.swl"))
    try #require(run.wait(for: "\nepoch 2 "), "\(run.text)")
    let end = run.stop(by: signal)
    #expect(end.reason == .exit && end.status == 130)
    let line = try #require(run.text.split(separator: "\n").last)
    #expect(line.hasPrefix("swiftlet: error: stopped; ") && line.contains("--resume"), "\(line)")
    #expect(line.contains(tool.path("model.swl.ckpt")))
    #expect(try tool.contents() == ["tiny.json", "model.swl.ckpt"])

    try tool.fail(train("model.swl"), "add --resume to go on, or --force")
    try tool.fail(
      train("model.swl", ["--resume", "--seed", "4"]),
      "model.swl.ckpt: the checkpoint is of another run: --seed: 0 before, 4 now;",
      after: "training ")
    let checkpoint = try tool.bytes("model.swl.ckpt")
    var flipped = checkpoint
    flipped[checkpoint.count / 2] ^= 1
    for damaged in [Array(checkpoint.dropLast()), flipped, []] {
      try tool.folder.write(damaged, "model.swl.ckpt")
      try tool.fail(
        train("model.swl", ["--resume"]), "model.swl.ckpt: is no intact checkpoint",
        "give --force instead of --resume to start anew")
    }
    // Somebody's file is never taken for one, nor removed.
    try tool.write("a letter", "model.swl.ckpt")
    for options in [[], ["--resume"], ["--force"]] {
      try tool.fail(train("model.swl", options), "model.swl.ckpt: is no checkpoint; give another name")
      try tool.fail(
        train("new.swl", options + ["--checkpoint", tool.path("tiny.json")]), "tiny.json: is no checkpoint")
    }
    #expect(try tool.bytes("model.swl.ckpt") == Array("a letter".utf8))
    try tool.folder.write(checkpoint, "model.swl.ckpt")
    try tool.succeed(train("model.swl", ["--resume"]))
    #expect(try tool.bytes("model.swl") == unbroken())
  }

  @Test func pruningThatIsStoppedWritesNothing() throws {
    let float = try tool.floatModel()
    let run = try RunningTool(
      ["prune", "--sparsity", "0.5", float, "-o", tool.path("out.swl"), "--epochs", "10000"] + Tool.data)
    try #require(run.wait(for: "epoch 1 "), "\(run.text)")
    let end = run.stop(by: SIGINT)
    #expect(end.reason == .exit && end.status == 130)
    #expect(run.text.hasSuffix("swiftlet: error: stopped; nothing was written\n"), "\(run.text)")
    #expect(try tool.contents() == ["tiny.json", "float.swl"])
  }

  @Test func resumingWithoutACheckpointIsRefused() throws {
    try tool.fail(
      train("model.swl", ["--resume"]), "model.swl.ckpt: no such file; leave out --resume")
  }
}
