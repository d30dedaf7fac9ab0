import Foundation
import SwiftletBytes
import TestSupport
import Testing

/// Names of files, which need not be UTF-8.
@Suite struct FileNameTests {
  static let names: [[UInt8]] = [
    [], Array("a/b.png".utf8), Array("é漢😀".utf8), [0xE9], Array("caf".utf8) + [0xE9], [0xC3], [0xC3, 0x28],
    [0x80, 0xFF],
    // Scalars that stand for other bytes, as a name's own.
    [0xF4, 0x8F, 0xBE, 0x80], [0xF4, 0x8F, 0xBF, 0xA9, 0x41], [0xF4, 0x8F, 0xBD, 0xBF], [0xED, 0xA0, 0x80],
    [0xF4, 0x90, 0x80, 0x80],
    (1...255).map { $0 },
  ]

  @Test(arguments: names)
  func aStringHoldsEveryName(_ name: [UInt8]) {
    let text = FileName.text(name)
    #expect(FileName.bytes(text) == name)
    #expect(FileName.isUnicode(text) == (String(validating: name, as: UTF8.self) == text))
  }

  @Test func namesThatAreUTF8AreThemselves() {
    #expect(FileName.text(Array("né 漢".utf8)) == "né 漢")
    #expect(Array(FileName.text([0x61, 0xE9]).unicodeScalars.map(\.value)) == [0x61, 0x10_FFE9])
  }

  @Test func otherBytesAreShownAsQuestionMarks() {
    let text = FileName.text(Array("caf".utf8) + [0xE9, 0x2E])
    #expect(printable(text.utf8) == "caf?.")
    var writer = ByteWriter()
    writer.write(json: Array(text.utf8))
    #expect(String(decoding: writer.bytes, as: UTF8.self) == #""caf\ufffd.""#)
  }

  @Test func filesOfAnyNameAreWrittenListedReadAndRemoved() throws {
    let own = try TemporaryFolder()
    defer { withExtendedLifetime(own) {} }
    let folder = own.path
    let name = FileName.text([0x62, 0xE9, 0xFF])
    let path = "\(folder)/\(name)"
    try FileBytes.write([1, 2], to: path, replacing: false)
    try FileBytes.write([3], to: "\(folder)/.a", replacing: false)
    #expect(try FileBytes.read(path, limit: 9) == [1, 2])
    #expect(FileBytes.exists(path) && !FileBytes.exists("\(folder)/b\u{E9}\u{FF}"))
    try FileManager.default.createDirectory(atPath: "\(folder)/f", withIntermediateDirectories: true)
    #expect(mkfifo("\(folder)/p", 0o600) == 0)
    #expect(
      symlink("l", "\(folder)/l") == 0 && symlink("f", "\(folder)/to-f") == 0 && symlink("no", "\(folder)/x") == 0)
    let entries = try Folder.entries(folder)
    #expect(entries.map(\.name) == [".a", name, "f", "l", "p", "to-f", "x"])
    #expect(entries.map(\.kind) == [.file, .file, .folder, .none, .other, .folder, .none])
    #expect(Folder.kind(path) == .file && Folder.kind(folder) == .folder && Folder.kind("\(folder)/l") == .none)
    try FileBytes.remove(path)
    #expect(!FileBytes.exists(path))
    #expect(throws: FileError.self) { try FileBytes.remove(path) }
    #expect(throws: FileError.self) { try Folder.entries("\(folder)/none") }
    #expect(throws: FileError.self) { try Folder.entries("\(folder)/.a") }
  }
}
