import Foundation
import TestSupport
import Testing

/// Runs tools/bench-peers as far as it goes without a network and without measuring anything.
@Suite struct BenchPeersTests {
  private func run(_ arguments: [String]) throws -> (code: Int32, text: String) {
    try ToolScript("bench-peers").run(arguments)
  }

  @Test func wrongUsageExitsWith2() throws {
    for arguments in [
      ["--bad"], ["--rounds"], ["--rounds", "0"], ["--threads", "x"], ["--batches", "1,,2"], ["--batches", "0"],
    ] {
      let result = try run(arguments)
      #expect(result.code == 2 && result.text.contains("See tools/bench-peers --help."), "\(arguments): \(result)")
    }
    let help = try run(["--help"])
    #expect(help.code == 0 && help.text.contains("--training") && help.text.contains("Exit code"))
  }

  @Test func aFolderWithoutPeersIsNamed() throws {
    let result = try run(["--peers", "/nowhere"])
    #expect(result.code == 1 && result.text.contains("/nowhere: has no folder models"), "\(result)")
  }

  /// An environment that has no package and whose pip finds none.
  @Test func withoutANetworkItSaysWhatToDo() throws {
    let folder = try TemporaryFolder()
    let python = folder.path("venv/bin/python")
    try FileManager.default.createDirectory(atPath: folder.path("venv/bin"), withIntermediateDirectories: true)
    try folder.write(Array("#!/bin/sh\nexit 1\n".utf8), "venv/bin/python")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
    for more in [[], ["--training"], ["--tensorflow"]] {
      let result = try run(["--cache", folder.path("cache"), "--venv", folder.path("venv")] + more)
      #expect(result.code == 1 && result.text.contains("Without a network"), "\(more): \(result)")
    }
  }
}
