import Foundation
import Testing

/// swiftlet on a terminal: a progress line that fits, and pipes and terminals that close.
@Suite struct SwiftletTerminalTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  @Test(arguments: [1, 20, 40, 80, 200])
  func theProgressLineFitsTheTerminal(_ columns: Int) throws {
    let terminal = try Terminal(columns: columns, tool.train("out.swl", epochs: 3))
    terminal.read()
    #expect(terminal.end() == 0, "\(terminal.text)")
    let lines = terminal.redrawn
    #expect(columns == 1 || !lines.isEmpty)
    for line in lines { #expect(line.count < columns, "\(line)") }
    if columns >= 40 { #expect(lines[0].hasPrefix("[") && lines[0].contains("] epoch 1/3"), "\(lines)") }
    #expect(columns < 200 || lines[0].contains("images/s"), "\(lines)")
    // A line for good has nothing to do with the width.
    #expect(terminal.text.contains("epoch 3  loss ") && terminal.text.contains("training \(tool.path("tiny.json")) ("))
  }

  @Test func theProgressLineFollowsTheTerminalsWidth() throws {
    let terminal = try Terminal(columns: 200, tool.train("out.swl", epochs: 100_000))
    terminal.read { !Terminal.redrawn($0).isEmpty }
    #expect(terminal.redrawn.contains { $0.contains("images/s") })
    terminal.resize(columns: 30)
    let before = terminal.redrawn.count
    // One may have been under way.
    terminal.read { Terminal.redrawn($0).count >= before + 3 }
    #expect(terminal.redrawn.dropFirst(before + 1).allSatisfy { $0.count < 30 }, "\(terminal.redrawn)")
    #expect(terminal.stop(by: SIGINT) == 130)
    #expect(terminal.text.hasSuffix("with --resume goes on from there\r\n"), "\(terminal.text.suffix(200))")
  }

  @Test func aTerminalOfUnknownWidthTakesColumnsOr80() throws {
    for (environment, columns) in [(["COLUMNS": "50"], 50), (["COLUMNS": "wide"], 80), (["COLUMNS": "-3"], 80)] {
      let terminal = try Terminal(
        columns: 0, tool.train("out\(columns).swl", epochs: 2) + ["--force"], environment: environment)
      terminal.read()
      #expect(terminal.end() == 0)
      let longest = terminal.redrawn.map(\.count).max() ?? 0
      #expect(longest < columns && longest > columns / 2, "\(terminal.redrawn)")
    }
  }

  @Test func aDumbTerminalGetsNoProgressLine() throws {
    let terminal = try Terminal(columns: 80, tool.train("out.swl"), environment: ["TERM": "dumb"])
    terminal.read()
    #expect(terminal.end() == 0 && terminal.redrawn.isEmpty && !terminal.text.contains("\u{1B}"))
  }

  /// A shell's word for what `script` says of "$0", the program, and "$@".
  private func shell(
    _ script: String, _ arguments: [String], _ executable: URL = Tool.executable
  ) throws -> LeanBinary.Result {
    try LeanBinary.run(["-c", script, executable.path] + arguments, executable: URL(fileURLWithPath: "/bin/bash"))
  }

  @Test func aReaderThatGoesEndsTheProgramQuietly() throws {
    let golden = GoldenModel.path("example")
    let float = try tool.floatModel()
    for (executable, arguments) in [
      (Tool.executable, ["inspect", float]), (Tool.executable, ["inspect", float, "--json"]),
      (Tool.executable, ["--help"]), (Tool.executable, ["eval", float] + Tool.data),
      (LeanBinary.executable, ["--help"]), (LeanBinary.executable, [golden, "--verify"]),
    ] {
      let result = try shell(#"(sleep 0.2; exec "$0" "$@") | true; echo "${PIPESTATUS[0]}""#, arguments, executable)
      #expect(result.output == "141\n" && result.error.isEmpty, "\(arguments): \(result)")
    }
  }

  @Test func closedStreamsAreNoFilesOfTheProgram() throws {
    // Where standard error is closed, the first file opened would get its number, and notes would be written into it.
    for redirection in ["2>&-", "2>&- <&-", "<&-"] {
      let result = try shell(#"exec "$0" "$@" \#(redirection)"#, tool.train("closed.swl") + ["--force"])
      #expect(result.code == 0, "\(result)")
      #expect(try tool.bytes("closed.swl") == [UInt8](Data(contentsOf: URL(fileURLWithPath: tool.floatModel()))))
    }
    let result = try shell(#"exec "$0" "$@" >&-"#, tool.train("output.swl"))
    #expect(result.code == 1 && result.error.contains("standard output could not be written"), "\(result)")
    #expect(try tool.bytes("output.swl") == tool.bytes("closed.swl"), "the model is written all the same")
  }

  @Test func aTerminalThatIsGoneStopsNothing() throws {
    let terminal = try Terminal(columns: 80, tool.train("out.swl", epochs: 60))
    terminal.read { $0.contains("epoch 1  ") }
    terminal.hangUp()
    #expect(terminal.end() == 0)
    try tool.succeed(tool.train("unbroken.swl", epochs: 60))
    #expect(try tool.bytes("out.swl") == tool.bytes("unbroken.swl"))
  }

  @Test func nohupIsObeyed() throws {
    let run = try RunningTool(
      tool.train("out.swl", epochs: 100), through: ["/bin/sh", "-c", #"trap "" HUP; exec "$0" "$@""#])
    try #require(run.wait(for: "\nepoch 2 "), "\(run.text)")
    #expect(run.stop(by: SIGHUP).status == 0, "\(run.text)")
    #expect(try tool.contents() == ["tiny.json", "out.swl"])
  }
}
