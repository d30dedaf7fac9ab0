import Foundation
import Testing

/// Names that would move a terminal's cursor, break a line or a table, or be markup: shown, but without effect.
@Suite struct SwiftletNameTests {
  private static let hostile = [
    "\u{1B}[2Jcleared", "new\nline", "<b>&\"", "c1\u{9B}31m\u{202E}", "\r日本\t", "plain\u{7F}",
  ]
  private let tool: Tool
  private let data: [String]

  init() throws {
    tool = try Tool()
    let folder = try tool.writeClassFolders("data", count: 12)
    // Six classes of the same images, so that they keep their order whatever it is.
    for (index, name) in Self.hostile.enumerated() {
      try FileManager.default.copyItem(
        atPath: "\(folder)/\(index % 2 == 0 ? "left" : "right")", toPath: "\(folder)/\(name)")
    }
    for side in ["left", "right"] { try FileManager.default.removeItem(atPath: "\(folder)/\(side)") }
    data = ["--data", folder, "--threads", "1"]
    try tool.write(
      #"""
      {"input": [8, 8, 1], "layers": [{"type": "flatten", "name": "fl\u001b]0;x\u0007at"},
        {"type": "dense", "units": 6, "name": "de\nnse<i>"}, {"type": "softmax"}]}
      """#, "net\u{1B}[31m.json")
  }

  /// Runs a command that is to succeed, with all names in it without effect.
  @discardableResult
  private func expectClean(_ arguments: [String], lines: Int? = nil) throws -> String {
    let result = try tool.run(arguments)
    #expect(result.code == 0, "\(arguments): \(result)")
    #expect(terminalControls(in: result.output + result.error).isEmpty, "\(arguments): \(result)")
    if let lines { #expect(result.output.split(separator: "\n").count == lines, "\(result.output)") }
    return result.output
  }

  @Test func noCommandPassesNamesOnAsTheyAre() throws {
    let (float, int8) = (tool.path("f\u{1B}c.swl"), tool.path("i\n8.swl"))
    try expectClean(
      ["train", "--arch", tool.path("net\u{1B}[31m.json"), "--epochs", "4", "-o", float] + data, lines: 1)
    try expectClean(["quantize", float, "-o", int8] + data, lines: 1)
    try expectClean(["prune", float, "-o", tool.path("p"), "--sparsity", "0.5", "--epochs", "0"] + data, lines: 2)
    try expectClean(["pack", int8, "-o", tool.path("packed\u{9B}")], lines: 1)
    // A line for the file, the header and each layer; totals, kernels, labels, provenance, self-test.
    let text = try expectClean(["inspect", int8])
    #expect(text.split(separator: "\n").count { $0.hasPrefix("de?nse<i>") } == 1, "\(text)")
    #expect(text.contains("labels: ") && text.contains("?[2Jcleared") && text.contains("new?line"))
    // The header and a row for each class, all of the same width.
    let table = try expectClean(["eval", float] + data, lines: 1 + 1 + 6).split(separator: "\n").dropFirst()
    #expect(table.contains { $0.hasPrefix("?日本?") })
    try expectClean(["eval", float, int8, "--summary"] + data, lines: 3)
    try expectClean(["diff", float, int8, "--html", tool.path("diff.html")] + data)
    try expectClean(["bench", int8, "--html", tool.path("bench.html"), "--batch", "1"])
    try expectClean(["verify", int8])
    try expectClean(["digits", "-o", tool.path("d\u{1B}.png"), "--data", tool.path("data")], lines: 1)
    try expectClean(
      ["compress", float, "-o", tool.path("s"), "--epochs", "6", "--target-bytes", "100000", "--report"]
        + [tool.path("report.html")] + data)
    for name in ["diff.html", "bench.html", "report.html"] {
      let page = String(decoding: try tool.bytes(name), as: UTF8.self)
      #expect(terminalControls(in: page).isEmpty && !page.contains("<i>") && !page.contains("<b>"), "\(name)")
    }
  }

  @Test func jsonKeepsEveryNameAndEscapesIt() throws {
    let float = tool.path("f.swl")
    try tool.succeed(["train", "--arch", tool.path("net\u{1B}[31m.json"), "--epochs", "1", "-o", float] + data)
    let json = try expectClean(["inspect", float, "--json"], lines: 1)
    let object = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect(Set(try #require(object["labels"] as? [String])) == Set(Self.hostile))
  }

  @Test func errorsAndHelpAreCleanWhateverTheyAreCalledWith() throws {
    for name in Self.hostile {
      for arguments in [
        ["inspect", name], [name], ["inspect", "--\(name)"], ["train", "--data", name, "-o", name],
        ["train", "--arch", name, "--data", "synthetic", "-o", "x"], ["eval", name, "--data", name, "--threads", name],
      ] {
        let result = try tool.run(arguments)
        #expect(
          result.code != 0 && result.output.isEmpty && result.error.split(separator: "\n").count == 1, "\(result)")
        expectForPeople(result)
      }
      let help = try LeanBinary.run(
        ["-c", #"exec -a "$1" "$0" --help"#, Tool.executable.path, name], executable: URL(fileURLWithPath: "/bin/bash"))
      #expect(help.code == 0)
      expectForPeople(help)
    }
  }
}
