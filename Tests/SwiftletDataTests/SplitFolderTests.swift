import Foundation
import SwiftletData
import TestSupport
import Testing

/// Data sets that come in parts, each a folder of its own.
@Suite struct SplitFolderTests {
  private func folder(_ files: [String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (index, name) in files.enumerated() { try folder.writePNG(2, 2, value: UInt8(index), to: name + ".png") }
    return folder
  }

  private func error(_ files: [String]) throws -> String {
    let folder = try folder(files)
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    return error?.description.replacingOccurrences(of: folder.path, with: "DIR") ?? ""
  }

  @Test(
    arguments: [
      ("train", "val", "test"), ("Training", "VALID", "Testing"), ("TRAIN", "dev", "t10k"),
      ("train", "Validation", "eval"),
    ])
  func theUsualSpellingsAreKnown(_ names: (String, String, String)) throws {
    let files = [(names.0, 4), (names.1, 2), (names.2, 1)].flatMap { name, count in
      ["a", "b"].flatMap { label in (0..<count).map { "\(name)/\(label)/\($0)" } }
    }
    let (train, test) = try folder(files).open()
    #expect(train.count == 12 && test.count == 2 && train.ownValidation == 8..<12)
    #expect(test.images.first == 12 && test.labels == [0, 1])
  }

  @Test func aValidationFolderIsWhatIsHeldOut() throws {
    let folder = try folder(["train/a/1", "train/b/1", "train/b/2", "val/a/1", "val/b/1", "test/a/1", "test/b/1"])
    let train = try Dataset.open(folder.path).train
    #expect(train.validationCount(asked: 0) == 2 && train.validationCount(asked: 5000) == 2)
    let parts = train.split(validationCount: 1, seed: 9)
    #expect((0..<parts.validation.count).map { parts.validation.image($0).first } == [3, 4])
    #expect(parts.validation.labels == [0, 1] && parts.training.labels == [0, 1, 1])
    #expect(parts.training.ownValidation == nil && parts.split.validationCount == 2 && parts.split.seed == 9)
    // Found again, whatever is asked for.
    #expect(train.split(validationCount: 2, seed: 9).split == parts.split)
  }

  @Test func aTestPartMayBeMissing() throws {
    let (train, test) = try folder(["train/a/1", "train/b/1", "dev/a/1", "dev/b/1"]).open()
    #expect(train.count == 4 && test.count == 0 && test.classNames == ["a", "b"] && test.width == 2)
  }

  @Test func aClassThatOnePartLacksIsNamed() throws {
    let folder = try folder(["train/a/1", "train/b/1", "train/c/1", "test/a/1", "test/c/1", "val/b/1"])
    try FileManager.default.createDirectory(atPath: folder.path + "/val/c", withIntermediateDirectories: true)
    var notes: [String] = []
    let (train, test) = try Dataset.open(folder.path) { notes.append($0) }
    #expect(train.classNames == ["a", "b", "c"] && test.classNames == train.classNames && test.labels == [0, 2])
    #expect(train.labels == [0, 1, 2, 1])
    try #require(notes.count == 2)
    #expect(notes[0].hasSuffix("/val: there are no images of classes 'a', 'c'"))
    #expect(notes[1].hasSuffix("/test: there are no images of class 'b'"))
    #expect(
      try error(["train/a/1", "train/b/1", "test/a/1", "test/d/1"]).hasPrefix(
        "DIR/test: the classes differ from those of the training images, which have no 'd'"))
    #expect(try error(["train/a/1", "train/b/1", "val/A/1"]).contains("DIR/val: the classes differ"))
  }

  @Test func layoutsThatCannotBeMeantAreRefused() throws {
    #expect(
      try error(["train/a/1", "test/a/1", "dogs/1"]).contains(
        "parts of the data ('train', 'test') beside others ('dogs')"))
    #expect(try error(["train/a/1", "Training/a/1", "test/a/1"]).contains("two folders for training"))
    #expect(try error(["val/a/1", "test/a/1"]).contains("no folder for training"))
    #expect(try error(["train/a/1", "train/b/1"]).contains("'train' and no other part"))
    #expect(
      try error(["train/a/1", "train/b/1", "test/1"]).contains("the parts of the data differ: no class names here"))
    #expect(try error(["train/1", "test/a/1", "test/b/1"]).contains("class names here, none"))
  }

  @Test func aClassMayBeNamedAsAPart() throws {
    let folder = try folder(["bus/1", "car/1", "train/1"])
    let data = try Dataset.folder(folder.path)
    #expect(data.classNames == ["bus", "car", "train"])
    #expect(try folder.open().train.classNames == data.classNames)
  }

  @Test func recordingsBehaveAlike() throws {
    let folder = try TemporaryFolder()
    let sound = WAVBuilder().bytes
    for name in ["train/a_x_0", "train/b_x_0", "train/b_x_9", "val/a_x_1", "test/b_x_7"] {
      try folder.write(sound, name + ".wav")
    }
    var notes: [String] = []
    let (train, test) = try Dataset.open(folder.path) { notes.append($0) }
    #expect(train.count == 4 && train.ownValidation == 3..<4 && test.labels == [1])
    #expect(notes.map { String($0.suffix(9)) } == ["class 'b'", "class 'a'"])
    try folder.write(sound, "test/c_x_7.wav")
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(error?.description.contains("which have no 'c'") == true)
    try folder.writePNG(32, 32, to: "val/b.png")
    #expect(throws: DataError.self) { try Dataset.open(folder.path) }
  }
}
