import Foundation
import Testing

/// swiftlet compress on tiny networks: what it writes, and what is left of it when it is stopped.
@Suite struct SwiftletCompressTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  private func compress(_ output: String, _ more: [String] = []) throws -> [String] {
    ["compress", try tool.goodModel(), "-o", tool.path(output), "--max-drop", "5", "--epochs", "200"] + Tool.data
      + more
  }

  @Test func theRecipeGivesTheSameFileAndTheReportsAreWritten() throws {
    let (recipe, page) = (tool.path("recipe.json"), tool.path("report.html"))
    let text = try tool.succeed(
      compress("out.swl", ["--save-recipe", recipe, "--report", page, "--epochs", "40", "--max-drop", "20"]))
    #expect(text.contains("what no other candidate beats") && text.contains("chosen"), "\(text)")
    #expect(text.contains("out.swl: \(try tool.bytes("out.swl").count.description) bytes"), "\(text)")
    try tool.succeed(
      ["shrink", tool.path("good.swl"), "--recipe", recipe, "-o", tool.path("again.swl")] + Tool.data)
    #expect(try tool.bytes("again.swl") == tool.bytes("out.swl"))
    try tool.succeed(["verify", tool.path("out.swl")])
    #expect(String(decoding: try tool.bytes("report.html"), as: UTF8.self).contains("<svg"))
    #expect(
      try tool.contents() == ["tiny.json", "good.swl", "out.swl", "again.swl", "recipe.json", "report.html"],
      "the state is removed")
    try tool.fail(compress("out.swl"), "out.swl: exists; use --force")
  }

  /// A crash between the two files of a candidate leaves an output that the state knows nothing of.
  @Test func theOutputIsTheResultWhateverWasThere() throws {
    let run = try RunningTool(compress("out.swl"))
    try #require(run.wait(for: "candidate 6: "), "\(run.text)")
    _ = run.stop(by: SIGKILL)
    let best = try tool.bytes("out.swl")
    for other in [[1, 2, 3], nil] as [[UInt8]?] {
      let state = try tool.bytes("out.swl.search")
      if let other {
        try tool.folder.write(other, "out.swl")
      } else {
        try FileManager.default.removeItem(atPath: tool.path("out.swl"))
      }
      // No effort is left, so nothing better is found that would be written in any case.
      try tool.succeed(compress("out.swl", ["--resume", "--force", "--epochs", "1"]))
      #expect(try tool.bytes("out.swl") == best)
      try tool.folder.write(state, "out.swl.search")
    }
  }

  @Test func factsAreLeftOut() throws {
    func bytes(_ drop: String) throws -> Int {
      try tool.succeed(
        compress("\(drop).swl", ["--drop", drop, "--epochs", "8", "--target-bytes", "600", "--max-drop", "90"]))
      return try tool.bytes("\(drop).swl").count
    }
    _ = try bytes("provenance,self-test")
    let bare = try tool.json(["inspect", tool.path("provenance,self-test.swl")])
    #expect(bare["validation"] == nil)
    _ = try bytes("none")
    #expect(try tool.json(["inspect", tool.path("none.swl")])["validation"] != nil)
  }

  @Test func aKilledSearchReachesTheSameFile() throws {
    try tool.succeed(compress("unbroken.swl"))
    let expected = try tool.bytes("unbroken.swl")
    var options: [String] = []
    for number in [2, 5, 6] {
      let run = try RunningTool(compress("out.swl", options))
      try #require(run.wait(for: "candidate \(number): "), "\(run.text)")
      let end = run.stop(by: SIGKILL)
      try #require(end.reason == .uncaughtSignal && end.status == SIGKILL)
      #expect(FileManager.default.fileExists(atPath: tool.path("out.swl.search")))
      options = ["--resume"]
    }
    // What is there already is a whole model.
    try tool.succeed(["verify", tool.path("out.swl")])
    let last = try tool.run(compress("out.swl", ["--resume"]))
    #expect(last.code == 0, "\(last)")
    #expect(!last.error.contains("candidate 2: "), "what was done is not done again")
    #expect(try tool.bytes("out.swl") == expected)
    #expect(try tool.contents() == ["tiny.json", "good.swl", "unbroken.swl", "out.swl"])
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalKeepsTheBestSoFar(_ signal: Int32) throws {
    let run = try RunningTool(compress("out.swl", ["--epochs", "100000"]))
    try #require(run.wait(for: "candidate 5: "), "\(run.text)")
    let end = run.stop(by: signal)
    #expect(end.reason == .exit && end.status == 130)
    let line = try #require(run.text.split(separator: "\n").last)
    #expect(line.contains("stopped; \(tool.path("out.swl")) has the best so far (") && line.contains("--resume"))
    #expect(try tool.contents() == ["tiny.json", "good.swl", "out.swl", "out.swl.search"])
    try tool.succeed(["verify", tool.path("out.swl")])

    let state = try tool.bytes("out.swl.search")
    // With the best so far and without it.
    try tool.fail(compress("out.swl"), "out.swl.search: a stopped search left this; add --resume")
    // Resuming is no leave to replace other files.
    for option in ["--report", "--save-recipe"] {
      let other = try tool.write("precious", "precious.html")
      try tool.fail(compress("out.swl", ["--resume", option, other]), "precious.html: exists; use --force")
      #expect(try tool.bytes("precious.html") == Array("precious".utf8))
      try FileManager.default.removeItem(atPath: other)
    }
    try FileManager.default.removeItem(atPath: tool.path("out.swl"))
    try tool.fail(compress("out.swl"), "out.swl.search: a stopped search left this; add --resume")
    try tool.fail(
      compress("out.swl", ["--resume", "--seed", "4"]),
      "out.swl.search: the stopped search is of another model, data or options: --seed: 0 before, 4 now;")
    for damaged in [Array(state.dropLast(9)), []] {
      try tool.folder.write(damaged, "out.swl.search")
      try tool.fail(compress("out.swl", ["--resume"]), "out.swl.search: is no intact state")
    }
    try FileManager.default.removeItem(atPath: tool.path("out.swl.search"))
    try tool.fail(compress("out.swl", ["--resume"]), "out.swl.search: no such file")
    try tool.write("a letter", "out.swl.search")
    for option in ["--resume", "--force"] {
      try tool.fail(compress("out.swl", [option]), "out.swl.search: is no state of a search; give another --output")
    }
  }

  @Test func aFullDiskLeavesTheBestSoFar() throws {
    // The first state is a kibibyte or two with the file in it, later ones pass the limit.
    let result = try LeanBinary.run(
      ["-c", #"ulimit -f 4; exec "$0" "$@""#, Tool.executable.path] + compress("out.swl"),
      executable: URL(fileURLWithPath: "/bin/bash"))
    #expect(result.code == 1 && result.output.isEmpty)
    let line = try #require(result.error.split(separator: "\n").last)
    #expect(line.contains("out.swl.search: no space left"), "\(line)")
    #expect(line.contains("out.swl has the best so far; the same command with --resume goes on"), "\(line)")
    try tool.succeed(["verify", tool.path("out.swl")])
    try tool.succeed(compress("out.swl", ["--resume"]))
    #expect(try tool.contents() == ["tiny.json", "good.swl", "out.swl"])
  }

  /// A target that cannot be met ends a new search for good; one that was stopped is not given up for it.
  @Test func onlyANewSearchThatComesToNothingIsRemoved() throws {
    let impossible = ["--target-latency", "0.001us"]
    let new = try tool.run(compress("out.swl", impossible))
    #expect(new.code == 1 && new.error.contains("good.swl: 0.001 microseconds cannot be reached"), "\(new)")
    #expect(try tool.contents() == ["tiny.json", "good.swl"])
    let run = try RunningTool(compress("out.swl", impossible))
    try #require(run.wait(for: "candidate 2: "), "\(run.text)")
    _ = run.stop(by: SIGKILL)
    let resumed = try tool.run(compress("out.swl", impossible + ["--resume"]))
    #expect(resumed.code == 1 && resumed.error.contains("cannot be reached"), "\(resumed)")
    #expect(try tool.contents().contains("out.swl.search"))
  }
}
