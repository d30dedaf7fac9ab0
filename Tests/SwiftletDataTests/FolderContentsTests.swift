import Foundation
import SwiftletBytes
import SwiftletData
import SwiftletImages
import TestSupport
import Testing

/// What a folder holds besides images is told, and names are bytes.
@Suite struct FolderContentsTests {
  /// The notes of reading a folder.
  private func notes(_ path: String) throws -> [String] {
    var notes: [String] = []
    _ = try Dataset.open(path) { notes.append($0) }
    return notes.map { $0.replacingOccurrences(of: path, with: "DIR") }
  }

  private func error(_ path: String) -> String {
    let error = #expect(throws: DataError.self) { try Dataset.open(path) }
    return error?.description.replacingOccurrences(of: path, with: "DIR") ?? ""
  }

  private func classes(_ names: [String], count: Int = 8) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in names {
      for index in 0..<count { try folder.writePNG(2, 2, value: UInt8(index), to: "\(name)/\(index).png") }
    }
    return folder
  }

  @Test func whatIsPassedOverIsCounted() throws {
    let folder = try classes(["a", "b"])
    #expect(try notes(folder.path).isEmpty)
    for name in [".DS_Store", "Thumbs.db", "a/desktop.ini", "__MACOSX/a/1.png", "a/._1.png"] {
      try folder.write([1], name)
    }
    #expect(try notes(folder.path).isEmpty, "what systems leave is nobody's data")
    for index in 0..<3 { try folder.write([1], "b/\(index).JPG") }
    for name in ["a/1.txt", "LICENSE", "a/more/1.png", "stray.png"] { try folder.write([1], name) }
    #expect(mkfifo("\(folder.path)/a/pipe.png", 0o600) == 0)
    #expect(
      try notes(folder.path) == [
        "DIR: passed over 3 .jpg files, 1 file without an ending, 1 .txt file, 1 image or recording beside the class "
          + "folders, 1 folder beside images, 1 pipe, device or broken link "
          + "(JPEG is not read yet: convert it to PNG)"
      ])
  }

  @Test func anErrorSaysWhatThereIsInstead() throws {
    let folder = try TemporaryFolder()
    for index in 0..<4 { try folder.write([1], "\(index).jpeg") }
    #expect(error(folder.path).contains("there are 4 .jpeg files (JPEG is not read yet: convert it to PNG)"))
    try folder.writePNG(2, 2, to: "a/1.png")
    for index in 0..<2 { try folder.write([1], "b/\(index).flac") }
    #expect(error(folder.path).hasPrefix("DIR/b: holds no images"))
    #expect(error(folder.path).contains("there are 2 .flac files (of recordings WAV alone is read"))
    try folder.writePNG(2, 2, to: "b/deep/1.png")
    #expect(error(folder.path).contains("1 folder beside images"))
    let alone = try TemporaryFolder()
    try alone.writePNG(2, 2, to: "1.png")
    #expect(error(alone.path).contains("a single image"))
  }

  @Test func namesThatAreNotUTF8AreRead() throws {
    let latin = FileName.text(Array("caf".utf8) + [0xE9])
    let folder = try TemporaryFolder()
    // A folder of such a name cannot be made through Foundation.
    #expect(mkdir(Array("\(folder.path)/caf".utf8.map { CChar(bitPattern: $0) }) + [-23, 0], 0o700) == 0)
    let bytes = try PNGEncoder.encode(Image(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4]))
    for index in 0..<8 {
      try FileBytes.write(
        bytes, to: "\(folder.path)/\(latin)/\(FileName.text([0xFF, UInt8(97 + index)])).png", replacing: false)
      try folder.writePNG(2, 2, to: "car/\(index).png")
      try folder.writePNG(2, 2, to: "cb/\(index).png")
    }
    let data = try Dataset.folder(folder.path)
    #expect(data.classNames == ["caf\u{E9}", "car", "cb"] && data.count == 24)
    #expect(try notes(folder.path) == ["DIR: class names that are not UTF-8 are read as Latin-1: 'caf\u{E9}'"])
    // The same text in UTF-8 is the same class.
    try folder.writePNG(2, 2, to: "caf\u{E9}/1.png")
    #expect(error(folder.path).contains("two classes are named 'caf\u{E9}', spelled with different bytes"))
  }

  @Test func oneNameInTwoUnicodeFormsIsOneClass() throws {
    let folder = try classes(["\u{E9}", "z"])
    try #require(mkdir("\(folder.path)/e\u{301}", 0o700) == 0)
    try FileBytes.write([1], to: "\(folder.path)/e\u{301}/1.png", replacing: false)
    #expect(error(folder.path).contains("two classes are named"))
  }

  @Test func linksInACircleAndMissingRightsAreNoTrap() throws {
    let folder = try classes(["a", "b"])
    #expect(symlink("..", "\(folder.path)/a/up") == 0 && symlink("loop", "\(folder.path)/loop") == 0)
    #expect(symlink("loop", "\(folder.path)/a/x.png") == 0)
    #expect(
      try notes(folder.path).first?.contains("1 folder beside images, 2 pipes, devices or broken links") == true)
    #expect(error("\(folder.path)/loop").contains("no such file"))
    guard getuid() != 0 else { return }
    chmod("\(folder.path)/b", 0)
    defer { chmod("\(folder.path)/b", 0o700) }
    #expect(error(folder.path).contains("DIR/b: "))
  }

  @Test func classesCanBeHadInAnotherOrder() throws {
    let folder = try TemporaryFolder()
    for index in 0..<30 {
      try folder.writePNG(2, 2, value: UInt8(index), to: "\(index < 10 ? "a" : "b")/\(10 + index).png")
    }
    let (train, test) = try Dataset.open(folder.path, classOrder: ["b", "a"])
    #expect(train.classNames == ["b", "a"] && test.classNames == ["b", "a"])
    // As if the names had sorted so: the images of the first class come first.
    #expect(train.images.first! >= 10 && train.labels.first == 0 && train.labels.last == 1)
    for part in [train, test] {
      for index in 0..<part.count { #expect((part.image(index).first! >= 10) == (part.labels[index] == 0)) }
    }
  }
}
