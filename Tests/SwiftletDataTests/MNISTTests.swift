import Foundation
import SwiftletBytes
import SwiftletData
import TestSupport
import Testing

@Suite struct MNISTTests {
  static func idx(_ dimensions: [Int], _ values: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(bytes: [0, 0, 8, UInt8(dimensions.count)])
    for dimension in dimensions { writer.writeBigEndian(UInt32(dimension)) }
    writer.write(bytes: values)
    return writer.bytes
  }

  /// Four small files, with changes made before they are written.
  static func folder(
    gzip: Bool = false, separator: String = "-", change: (inout [String: [UInt8]]) -> Void = { _ in }
  ) throws -> TemporaryFolder {
    var files: [String: [UInt8]] = [
      "train-images": idx([3, 2, 4], Array(0..<24)), "train-labels": idx([3], [0, 9, 5]),
      "t10k-images": idx([2, 2, 4], Array(100..<116)), "t10k-labels": idx([2], [1, 2]),
    ]
    change(&files)
    let folder = try TemporaryFolder()
    for (name, bytes) in files {
      let suffix = "\(separator)idx\(name.hasSuffix("images") ? 3 : 1)-ubyte\(gzip ? ".gz" : "")"
      try folder.write(gzip ? try Zlib.deflate(bytes, wrapper: .gzip) : bytes, name + suffix)
    }
    return folder
  }

  @Test(arguments: [false, true], ["-", "."])
  func bothSpellingsAndGzipAreRead(_ gzip: Bool, _ separator: String) throws {
    let folder = try Self.folder(gzip: gzip, separator: separator)
    for (train, test) in [try Dataset.mnist(directory: folder.path), try Dataset.open(folder.path)] {
      #expect((train.count, train.height, train.width, train.channels) == (3, 2, 4, 1))
      #expect(train.images == Array(0..<24))
      #expect(train.labels == [0, 9, 5])
      #expect(Array(train.image(1)) == Array(8..<16))
      #expect(test.images == Array(100..<116))
      #expect(test.labels == [1, 2])
      #expect(test.classNames == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
    }
  }

  static let damage: [(String, String, [UInt8])] = [
    ("train-labels", "label 10 of image 1 is out of range", idx([3], [0, 10, 5])),
    ("t10k-labels", "3 labels for 2 images", idx([3], [1, 2, 3])),
    ("train-images", "absurd", idx([60000, 1 << 16, 1 << 16], [])),
    ("train-images", "absurd", idx([3, 0, 4], [])),
    ("train-images", "holds no images", idx([0, 2, 4], [])),
    ("train-images", "the header promises 24 bytes of data, but there are 23", idx([3, 2, 4], Array(0..<23))),
    ("train-images", "2 dimensions", idx([3, 8], Array(0..<24))),
    ("train-labels", "3 dimensions", idx([3, 1, 1], [1, 2, 3])),
    ("train-labels", "empty", []),
    ("train-labels", "not an IDX file", Array("hello, world".utf8)),
    ("t10k-images", "differ", idx([2, 4, 2], Array(0..<16))),
  ]

  @Test(arguments: damage)
  func damageIsNamedWithItsFile(_ file: String, _ text: String, _ bytes: [UInt8]) throws {
    let folder = try Self.folder { $0[file] = bytes }
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    let isAboutBoth = text == "differ"
    #expect(error?.path.hasPrefix(isAboutBoth ? folder.path : "\(folder.path)/\(file)-idx") == true)
  }

  @Test func aMissingFileIsNamedInAllItsSpellings() throws {
    let folder = try Self.folder { $0["t10k-labels"] = nil }
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(
      error?.description
        == "\(folder.path): the folder has no t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz"
        + " or t10k-labels.idx1-ubyte or t10k-labels.idx1-ubyte.gz"
        + "; it has t10k-images-idx3-ubyte, train-images-idx3-ubyte, train-labels-idx1-ubyte")
  }

  @Test(.enabled(if: RealDigits.folder != nil, "MNIST is not on this machine"))
  func realFilesAreWhatTheyAre() throws {
    let (train, test) = try Dataset.mnist(directory: try #require(RealDigits.folder))
    #expect((train.count, train.height, train.width) == (60000, 28, 28))
    #expect(test.count == 10000)
    #expect(train.labels.prefix(5) == [5, 0, 4, 1, 9])
    #expect(train.images.reduce(0) { $0 + Int($1) } == 1_567_298_545)
    let again = train.split(validationCount: 5000, seed: 7).split
    #expect(train.split(validationCount: 5000, seed: 7).split == again)
  }
}
