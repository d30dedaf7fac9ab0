import Foundation
import SwiftletBytes
import SwiftletData
import TestSupport
import Testing

/// Runs tools/fetch-mnist, never against the network.
@Suite struct FetchMNISTTests {
  static func run(_ arguments: [String], mirrors: String = "file:///nowhere") throws -> (code: Int32, text: String) {
    try ToolScript("fetch-mnist").run(arguments, environment: ["SWIFTLET_MNIST_MIRRORS": mirrors])
  }

  static func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test func wrongUsageExitsWith2() throws {
    for arguments in [["--bad"], ["--from"], ["a", "b"]] { #expect(try Self.run(arguments).code == 2) }
    let help = try Self.run(["--help"])
    #expect(help.code == 0 && help.text.contains("Exit code"))
  }

  @Test func withoutANetworkItSaysWhatToDoAndLeavesNothing() throws {
    let folder = try TemporaryFolder()
    let result = try Self.run([folder.path])
    #expect(result.code == 1)
    #expect(result.text.contains("--from FOLDER"))
    #expect(try Self.names(folder.path) == [])
  }

  @Test func otherFilesAreNeitherTakenNorReplaced() throws {
    let source = try TemporaryFolder()
    let folder = try TemporaryFolder()
    let other = try Zlib.deflate([1, 2, 3], wrapper: .gzip)
    try source.write(other, "train-labels-idx1-ubyte.gz")
    try source.write(Array(other.dropLast(3)), "t10k-labels-idx1-ubyte.gz")
    try folder.write([7], "train-images-idx3-ubyte")
    let result = try Self.run(["--from", source.path, folder.path])
    #expect(result.code == 1)
    #expect(result.text.contains("train-images-idx3-ubyte: not MNIST's file (its SHA-256 is another); --force"))
    #expect(result.text.contains("train-labels-idx1-ubyte.gz: not MNIST's file"))
    #expect(result.text.contains("t10k-labels-idx1-ubyte.gz: not MNIST's file"))
    #expect(try Self.names(folder.path) == ["train-images-idx3-ubyte"])
  }

  @Test(.enabled(if: RealDigits.folder != nil, "MNIST is not on this machine"))
  func realFilesAreCopiedDownloadedAndThenLeftAlone() throws {
    let real = try #require(RealDigits.folder)
    let copied = try TemporaryFolder()
    #expect(try Self.run(["--from", real, copied.path]).code == 0)
    let downloaded = try TemporaryFolder()
    #expect(try Self.run([downloaded.path], mirrors: "file:///nowhere file://\(real)/").code == 0)
    #expect(try Self.names(downloaded.path) == Self.names(copied.path))
    #expect(try Self.names(copied.path).count == 4)
    let again = try Self.run([copied.path])
    #expect(again.code == 0 && again.text.contains("already right"))
    #expect(try Dataset.open(downloaded.path).test.count == 10000)
  }
}
