import Foundation
import SwiftletRuntime
import Testing

/// swiftlet called wrongly, on full disks, and when training explodes.
@Suite struct SwiftletFailureTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  private var output: [String] { ["-o", tool.path("out.swl")] }

  @Test func wrongUseOfTrainingExitsWithTwo() throws {
    let float = try tool.floatModel()
    try tool.fail(["dance"], code: 2, "'dance'")
    try tool.fail(["inspect"], code: 2, "<model>")
    try tool.fail(["inspect", float, "--frobnicate"], code: 2, "'--frobnicate'")
    try tool.fail(["train"] + Tool.data, code: 2, "--output")
    try tool.fail(["train"] + output, code: 2, "--data")
    try tool.fail(tool.train("out.swl", ["--epochs", "0"]), code: 2, "--epochs must be from 1")
    try tool.fail(tool.train("out.swl", ["--epochs", "many"]), code: 2, "--epochs")
    try tool.fail(tool.train("out.swl", ["--learning-rate", "nan"]), code: 2, "--learning-rate must be above 0")
    try tool.fail(tool.train("out.swl", ["--weight-decay", "inf"]), code: 2, "--weight-decay")
    try tool.fail(
      tool.train("out.swl", ["--schedule", "step:0:2"]), code: 2,
      "--schedule must be constant, cosine, or step:EPOCHS:FACTOR with EPOCHS from 1", "got 'step:0:2'.")
    try tool.fail(tool.train("out.swl", ["--threads", "0"]), code: 2, "--threads must be between 1 and 256")
  }

  @Test func wrongUseOfPruningExitsWithTwo() throws {
    let float = try tool.floatModel()
    for drop in ["-1", "=-1", "101", "nan"] {
      let option = drop.hasPrefix("=") ? ["--max-drop\(drop)"] : ["--max-drop", drop]
      try tool.fail(["compress", float] + option + output + Tool.data, code: 2, "--max-drop")
    }
    for sparsity in ["1", "-0.1", "nan", "x"] {
      try tool.fail(["prune", float, "--sparsity=\(sparsity)"] + output + Tool.data, code: 2, "--sparsity")
    }
    try tool.fail(["prune", float] + output + Tool.data, code: 2, "Missing --sparsity")
    for teachers in [",", "", "a.swl,"] {
      try tool.fail(
        ["shrink", float, "--distill", "0.5", "--teachers", teachers] + output + Tool.data, code: 2,
        "--teachers must be names of files")
    }
    try tool.fail(
      ["prune", float, "--pattern", "2:4", "--sparsity", "0.6"] + output + Tool.data, code: 2, "can be 0.5 at most")
    for (options, text) in [
      (["--target-bytes=0"], "--target-bytes must be at least 1"), (["--target-bytes=-5"], "--target-bytes must be"),
      (["--target-bytes", "nan"], "--target-bytes"), (["--target-latency", "5"], "such as 5us"),
      (["--target-latency", "0us"], "such as 5us"), (["--target-latency", "nanus"], "such as 5us"),
      (["--target-latency", "infms"], "such as 5us"), (["--target-latency=-1ms"], "such as 5us"),
      (["--minutes", "0"], "--minutes must be above 0"), (["--minutes", "nan"], "--minutes must be above 0"),
      (["--epochs", "0"], "--epochs must be from 1"), (["--quick", "--thorough"], "exclude each other"),
      (["--drop", "colour"], "--drop knows labels"), (["--augment", "wild"], "--augment"),
    ] { try tool.fail(["compress", float] + options + output + Tool.data, code: 2, text) }
  }

  @Test func wrongUseOfQuantizationAndMeasurementExitsWithTwo() throws {
    let (float, int8) = (try tool.floatModel(), try tool.integerModel())
    try tool.fail(
      ["quantize", float, "--levels", "128"] + output + Tool.data, code: 2, "--levels must be from 1 to 127; got '128'."
    )
    try tool.fail(
      ["quantize", float, "--codebook", "1"] + output + Tool.data, code: 2, "--codebook must be from 2 to 255; got '1'."
    )
    try tool.fail(
      ["quantize", float, "--ranges", "wide"] + output + Tool.data, code: 2, "--ranges must be mse, min-max")
    try tool.fail(["bench", int8, "--batch", "0"], code: 2, "--batch must be numbers from 1 to 4096")
    try tool.fail(["bench", int8, "--batch", ""], code: 2, "--batch must be numbers from 1 to 4096")
    try tool.fail(["bench", int8, "--threads", "1,x"], code: 2, "--threads must be numbers from 1 to 256")
    try tool.fail(["bench"], code: 2, "Give a model file, --limits, --shapes or --compare-kernels")
    try tool.fail(["bench", int8, "--limits"], code: 2, "Give a model file, --limits, --shapes or --compare-kernels")
    try tool.fail(["bench", int8, "--check", "x"], code: 2, "need --shapes")
    try tool.fail(["bench", "--shapes", "--margin", "1"], code: 2, "--margin must be between 0 and 1")
    try tool.fail(["bench", "--limits", "--html", "x"], code: 2, "need a model file")
    try tool.fail(["bench", "--shapes", "--check", tool.path("tiny.json")], code: 1, "holds no stored ratios")
    try tool.fail(["bench", int8, "--compare-float", int8], code: 1, "is already quantized")
    try tool.fail(
      ["bench", int8, "--kernels", "abacus"], code: 2, "--kernels 'abacus'",
      KernelTable.supported.map { "\($0.name)" }.joined(separator: ", "))
    try tool.fail(["eval", int8, "--data", "synthetic", "--synthetic-count", "9"], code: 2, "--synthetic-count")
    try tool.fail(
      ["digits", "--index", "100", "-o", tool.path("x.png")] + Tool.data.dropLast(2), code: 2,
      "has 100 images, from 0 to 99")
  }

  @Test func unknownArchitecturesListTheKnownOnes() throws {
    try tool.fail(
      ["train", "--arch", "resnet152", "-o", tool.path("out.swl")] + Tool.data, code: 2,
      "unknown architecture 'resnet152'; known are mnist-cnn, lenet5")
  }

  @Test func anUnknownKernelInTheEnvironmentIsNamed() throws {
    for command in [["bench"], ["inspect"]] {
      let result = try LeanBinary.run(
        command + [try tool.integerModel()], environment: ["SWIFTLET_KERNELS": "abacus"], executable: Tool.executable)
      #expect(result.code == 1 && result.output.isEmpty)
      #expect(result.error.hasPrefix("swiftlet: error: ") && result.error.contains("SWIFTLET_KERNELS"), "\(result)")
    }
  }

  @Test func outputsThatCannotBeWrittenAreRefusedBeforeAnyWork() throws {
    let float = try tool.floatModel()
    try tool.write("precious", "out.swl")
    try FileManager.default.createDirectory(atPath: tool.path("folder"), withIntermediateDirectories: true)
    for (name, text) in [
      ("out.swl", "out.swl: exists; use --force"), ("missing/out.swl", "missing does not exist; create it first"),
      ("folder", "folder: is a folder"),
    ] {
      let output = ["-o", tool.path(name)] + Tool.data
      // No line about training comes first.
      try tool.fail(tool.train(name), text)
      try tool.fail(["quantize", float] + output, text)
      try tool.fail(["compress", float] + output, text)
      try tool.fail(["compress", float, "--report", tool.path(name), "-o", tool.path("new.swl")] + Tool.data, text)
      try tool.fail(["prune", float, "--sparsity", "0.5"] + output, text)
      try tool.fail(["digits"] + output.dropLast(2), text)
    }
    #expect(try tool.bytes("out.swl") == Array("precious".utf8))
  }

  /// Runs swiftlet where no file may grow beyond `kibibytes`.
  private func runLimited(_ kibibytes: Int, _ arguments: [String]) throws -> LeanBinary.Result {
    try LeanBinary.run(
      ["-c", #"ulimit -f \#(kibibytes); exec "$0" "$@""#, Tool.executable.path] + arguments,
      executable: URL(fileURLWithPath: "/bin/bash"))
  }

  @Test func aFullDiskLeavesNoPartialFile() throws {
    let float = try tool.floatModel()
    try tool.write("old", "old.swl")
    let before = try tool.contents()
    let nothing = try runLimited(0, ["pack", float, "-o", tool.path("out.swl")])
    #expect(nothing.code == 1 && nothing.error.contains("out.swl: no space left to write it"), "\(nothing)")
    let none = try runLimited(1, ["quantize", float, "-o", tool.path("out.swl")] + Tool.data)
    #expect(none.code == 1 && none.output.isEmpty)
    #expect(none.error == "swiftlet: error: \(tool.path("out.swl")): no space left to write it; nothing was written\n")
    let old = try runLimited(1, ["quantize", float, "-o", tool.path("old.swl"), "--force"] + Tool.data)
    #expect(old.code == 1 && old.error.contains("old.swl: no space left"))
    #expect(try tool.bytes("old.swl") == Array("old".utf8))
    let training = try runLimited(4, tool.train("model.swl"))
    #expect(training.code == 1 && training.error.contains("error: \(tool.path("model.swl.ckpt")): no space left"))
    #expect(try tool.contents() == before)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func fullStandardStreamsAreSurvived() throws {
    let float = try tool.floatModel()
    for command in [["inspect", float], ["inspect", float, "--json"], ["eval", float] + Tool.data] {
      let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
      let result = try tool.run(command, output: full)
      #expect(result.code == 1 && result.error.hasPrefix("swiftlet: error: standard output could not be written"))
    }
    // Nobody hears it, but the work is done and the exit code is right.
    func silently(_ arguments: [String]) throws -> Int32 {
      try LeanBinary.run(
        ["-c", #"exec "$0" "$@" 2>/dev/full"#, Tool.executable.path] + arguments,
        executable: URL(fileURLWithPath: "/bin/bash")
      ).code
    }
    #expect(try silently(["inspect", tool.path("none.swl")]) == 1)
    #expect(try silently(["inspect"]) == 2)
    #expect(try silently(tool.train("model.swl")) == 0)
    #expect(try tool.bytes("model.swl") == [UInt8](Data(contentsOf: URL(fileURLWithPath: float))))
  }

  @Test func trainingThatExplodesStopsWithAdvice() throws {
    let result = try tool.run(tool.train("model.swl", ["--learning-rate", "1e30"]))
    let line = try #require(result.error.split(separator: "\n").last)
    #expect(
      result.code == 1 && result.output.isEmpty && line.hasPrefix("swiftlet: error: training diverged in epoch 1"))
    #expect(line.contains("), or add a warm-up with --warm-up") && !line.contains("ckpt"), "\(line)")
    #expect(try tool.contents() == ["tiny.json"], "weights that learnt nothing are not kept")
  }

  @Test func theCheckpointOfTheLastGoodEpochSurvivesAnExplosion() throws {
    // One step an epoch, and a warm-up from 0: the first epoch changes nothing, the second one's step explodes.
    let explosive = ["--batch", "512", "--warm-up", "1", "--learning-rate", "1e30"]
    let result = try tool.run(tool.train("model.swl", epochs: 9, explosive))
    #expect(result.code == 1 && result.error.contains("epoch 1 ") && result.error.contains("training diverged"))
    // The epoch follows the magic and the version.
    #expect(try tool.bytes("model.swl.ckpt")[5] == 1, "\(result.error)")
    #expect(try tool.contents() == ["tiny.json", "model.swl.ckpt"])
    // What the message says works.
    let line = try #require(result.error.split(separator: "\n").last)
    #expect(line.contains("the same command with --resume --epochs 1 writes the best of the epochs before"), "\(line)")
    #expect(line.contains("with --force to start anew") && line.hasSuffix(tool.path("model.swl.ckpt")), "\(line)")
    let best = try tool.run(tool.train("model.swl", epochs: 9, explosive + ["--resume", "--epochs", "1"]))
    #expect(best.code == 0 && best.output.contains("model.swl: "), "\(best)")
    // Pruning explodes as plainly.
    let prune = try tool.run(
      ["prune", try tool.floatModel(), "-o", tool.path("out.swl"), "--sparsity", "0.5", "--learning-rate", "1e30"]
        + Tool.data)
    #expect(
      prune.code == 1 && prune.error.contains("swiftlet: error: \(tool.path("float.swl")): training diverged"),
      "\(prune)")
    #expect(prune.error.contains("lower the learning rate") && !prune.error.contains("warm-up"), "prune has none")
    #expect(!FileManager.default.fileExists(atPath: tool.path("out.swl")))
  }

  @Test func errorsStayOnOneLineWhateverTheFileIsNamed() throws {
    try tool.fail(["inspect", "no\u{1B}such\nfile"], "no?such?file: no such file")
  }

  @Test func helpAndVersionSucceed() throws {
    #expect(try tool.succeed(["--version"]) == "0.1.0\n")
    for arguments in [["--help"], ["help", "train"], ["train", "--help"], []] {
      #expect(try tool.succeed(arguments).contains("OPTIONS:"))
    }
  }
}
