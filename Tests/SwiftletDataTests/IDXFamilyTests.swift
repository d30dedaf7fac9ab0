import Foundation
import SwiftletBytes
import SwiftletData
import TestSupport
import Testing

/// The data sets that come in idx files beside MNIST.
@Suite struct IDXFamilyTests {
  private static func words(_ dimensions: [Int], _ values: [Int32]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(bytes: [0, 0, 0x0C, UInt8(dimensions.count)])
    for dimension in dimensions { writer.writeBigEndian(UInt32(dimension)) }
    for value in values { writer.writeBigEndian(UInt32(bitPattern: value)) }
    return writer.bytes
  }

  /// Images of 2 x 2 whose first pixel is their number.
  private static func images(_ count: Int) -> [UInt8] {
    MNISTTests.idx([count, 2, 2], (0..<count).flatMap { [UInt8($0), 101, 102, 103] })
  }

  /// The four files of `prefix`, one image for each label.
  private func folder(_ prefix: String, train: [UInt8], test: [UInt8]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try write(prefix, train: train, test: test, to: folder)
    return folder
  }

  private func write(_ prefix: String, train: [UInt8], test: [UInt8], to folder: TemporaryFolder) throws {
    for (part, labels) in [("train", train), ("test", test)] {
      try folder.write(Self.images(labels.count), "\(prefix)-\(part)-images-idx3-ubyte")
      try folder.write(
        try Zlib.deflate(MNISTTests.idx([labels.count], labels), wrapper: .gzip),
        "\(prefix)-\(part)-labels-idx1-ubyte.gz")
    }
  }

  private func error(_ folder: TemporaryFolder) -> String {
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    return error?.description.replacingOccurrences(of: folder.path, with: "DIR") ?? ""
  }

  @Test func lettersCountFromOneAndStandUpright() throws {
    let folder = try folder("emnist-letters", train: [1, 26, 2], test: [26])
    let (train, test) = try Dataset.open(folder.path)
    #expect(train.classNames.joined() == "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    #expect(train.labels == [0, 25, 1] && test.labels == [25])
    #expect(Array(train.image(1)) == [1, 102, 101, 103], "EMNIST stores columns")
    let zero = try self.folder("emnist-letters", train: [0, 1], test: [1])
    #expect(
      error(zero) == "DIR/emnist-letters-train-labels-idx1-ubyte.gz: label 0 of image 0 is none of the data's classes, "
        + "whose labels are from 1 to 26")
  }

  @Test(
    arguments: [
      ("emnist-balanced", 47, "0Zt"), ("emnist-bymerge", 47, "0Zt"), ("emnist-byclass", 62, "0Zz"),
      ("emnist-digits", 10, "09"), ("emnist-mnist", 10, "09"), ("EMNIST-Balanced", 47, "0Zt"), ("qmnist", 10, "09"),
    ])
  func classesAreKnown(_ prefix: String, _ count: Int, _ some: String) throws {
    let train = try folder(prefix, train: [0, UInt8(count - 1)], test: [3]).open().train
    #expect(train.classNames.count == count && train.labels == [0, UInt8(count - 1)])
    #expect(train.classNames.first == String(some.first!) && train.classNames.last == String(some.last!))
    if count > 10 { #expect(train.classNames[35] == "Z") }
  }

  @Test func aMappingFileNamesTheClasses() throws {
    let folder = try folder("emnist-odd", train: [3, 1], test: [1])
    try folder.write(Array("1 65 97\r\n3 66\n\n".utf8), "emnist-odd-mapping.txt")
    let (train, test) = try Dataset.open(folder.path)
    #expect(train.classNames == ["A", "B"] && train.labels == [1, 0] && test.labels == [0])
    for (text, line) in [("1 65\n1 66", 2), ("1 65\nx 66", 2), ("1", 1), ("1 65\n2 65", 2), ("300 65", 1), ("1 7", 1)] {
      try folder.write(Array(text.utf8), "emnist-odd-mapping.txt")
      #expect(error(folder).hasPrefix("DIR/emnist-odd-mapping.txt: line \(line) is not a label"), "\(text)")
    }
  }

  @Test func labelsOfWordsAreTheFirstOfTheirColumns() throws {
    let folder = try TemporaryFolder()
    for part in ["train", "test"] {
      try folder.write(Self.images(2), "qmnist-\(part)-images-idx3-ubyte")
      try folder.write(
        Self.words([2, 8], [5, 9, 9, 9, 9, 9, 9, -1, 7, 9, 9, 9, 9, 9, 9, 70000]), "qmnist-\(part)-labels-idx2-int")
    }
    let (train, test) = try Dataset.open(folder.path)
    #expect(train.labels == [5, 7] && test.labels == [5, 7])
    #expect(Array(train.image(1)) == [1, 101, 102, 103], "upright as they are")
    try folder.write(Self.words([2, 1], [5, -3]), "qmnist-test-labels-idx2-int")
    #expect(error(folder).contains("label -3 of image 1 is out of range"))
    try folder.write(Self.words([2, 8], [5]), "qmnist-test-labels-idx2-int")
    #expect(error(folder).contains("the header promises 64 bytes of data, but there are 4"))
  }

  @Test func otherPrefixesHaveTheClassesOfTheirLabels() throws {
    let train = try folder("mine", train: [1, 2, 3], test: [3]).open().train
    #expect(train.classNames == ["1", "2", "3"] && train.labels == [0, 1, 2])
    // From 0 without gaps the names are the indexes, which models need not store.
    let many = (0...255).map { UInt8($0) }
    let all = try folder("x", train: many, test: [255]).open()
    #expect(all.train.classNames == (0...255).map(String.init) && all.test.labels == [255])
    var notes: [String] = []
    let gaps = try folder("my-own", train: [200, 7, 40], test: [40]).open { notes.append($0) }
    #expect(gaps.train.classNames == ["7", "40", "200"] && gaps.train.labels == [2, 0, 1] && gaps.test.labels == [1])
    #expect(notes.count == 1 && notes[0].hasSuffix("no test images of classes '7', '200'"))
    #expect(error(try folder("mine", train: [1, 2], test: [4])).contains("label 4 of image 0 is none of"))
    #expect(error(try folder("mine", train: [1, 1], test: [1])).contains("1 class"))
  }

  @Test func labelsBeyondBytesAreRefused() throws {
    let folder = try folder("mine", train: [0, 1, 2], test: [1])
    try FileManager.default.removeItem(atPath: folder.path + "/mine-train-labels-idx1-ubyte.gz")
    try folder.write(Self.words([3], [0, 1, 1000]), "mine-train-labels-idx1-int")
    #expect(error(folder).contains("label 1000 of image 2 is not from 0 to 255"))
    try folder.write(Self.words([3], [0, -1, 1]), "mine-train-labels-idx1-int")
    #expect(error(folder).contains("label -1 of image 1 is not from 0 to 255"))
  }

  @Test func severalFamiliesAreListed() throws {
    let folder = try folder("emnist-letters", train: [1, 2], test: [1])
    try write("emnist-digits", train: [1, 2], test: [1], to: folder)
    #expect(error(folder).contains("several data sets (emnist-digits-..., emnist-letters-...); put those of one into"))
  }

  /// As an archive unpacks: each file in a folder of its own name.
  @Test func aFolderOfAFilesNameHidesNothing() throws {
    let folder = try TemporaryFolder()
    for part in ["train", "t10k"] {
      for (name, bytes) in [("images-idx3", Self.images(2)), ("labels-idx1", MNISTTests.idx([2], [3, 4]))] {
        let file = "\(part)-\(name)-ubyte"
        try folder.write(bytes, "\(file)/\(file.replacingOccurrences(of: "-idx", with: ".idx"))")
      }
    }
    #expect(try Dataset.open(folder.path).train.labels == [3, 4])
    // A file beside is taken before one within, plain before gzipped.
    try folder.write(try Zlib.deflate(MNISTTests.idx([2], [5, 6]), wrapper: .gzip), "train-labels.idx1-ubyte.gz")
    #expect(try Dataset.open(folder.path).train.labels == [5, 6])
    try folder.write(MNISTTests.idx([2], [7, 8]), "train-labels.idx1-ubyte")
    #expect(try Dataset.open(folder.path).train.labels == [7, 8])
    try FileManager.default.removeItem(atPath: folder.path + "/t10k-labels-idx1-ubyte/t10k-labels.idx1-ubyte")
    #expect(error(folder).contains("the folder has no t10k-labels-idx1-ubyte or "))
    #expect(error(folder).contains("; it has t10k-images-idx3-ubyte/t10k-images.idx3-ubyte, train-images"))
  }

  @Test func classesCanBeHadInAnotherOrder() throws {
    let folder = try folder("mine", train: [1, 2, 3], test: [3, 1])
    let (train, test) = try Dataset.open(folder.path, classOrder: ["3", "1", "2"])
    #expect(train.classNames == ["3", "1", "2"] && train.labels == [1, 2, 0] && test.labels == [0, 1])
  }
}
