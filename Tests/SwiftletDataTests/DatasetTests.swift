import SwiftletData
import SwiftletImages
import TestSupport
import Testing

@Suite struct DatasetTests {
  static func sample(_ count: Int) -> Dataset {
    Dataset(
      height: 1, width: 2, channels: 1, images: (0..<count * 2).map { UInt8(truncatingIfNeeded: $0) },
      labels: (0..<count).map { UInt8($0 % 3) }, classNames: ["a", "b", "c"])
  }

  @Test(arguments: [(0, 1), (1, 1), (10, 0), (100, 30), (100, 100)], [0, 1, UInt64.max])
  func aSplitIsAPartitionInOrder(_ counts: (count: Int, heldOut: Int), _ seed: UInt64) {
    guard counts.heldOut <= counts.count else { return }
    let all = Self.sample(counts.count)
    let parts = all.split(validationCount: counts.heldOut, seed: seed)
    #expect(parts.validation.count == counts.heldOut)
    #expect(parts.training.count == counts.count - counts.heldOut)
    func pairs(_ data: Dataset) -> [Int] {
      (0..<data.count).map { Int(data.image($0).first!) << 8 | Int(data.labels[$0]) }
    }
    #expect(pairs(parts.training) == pairs(parts.training).sorted())
    #expect(pairs(parts.validation) == pairs(parts.validation).sorted())
    #expect((pairs(parts.training) + pairs(parts.validation)).sorted() == pairs(all))
    #expect(parts.split.seed == seed && parts.split.validationCount == counts.heldOut)
  }

  /// Worked out by a separate program from the definition in `split`'s documentation.
  @Test func aSplitIsReproducibleForever() {
    let parts = Self.sample(20).split(validationCount: 5, seed: 42)
    #expect(
      parts.validation.images.enumerated().filter { $0.offset % 2 == 0 }.map { $0.element / 2 } == [1, 4, 7, 8, 14])
    #expect(parts.split.hash == 0x0963_0232_3e33_4cf4)
  }

  @Test func theHashTellsOtherDataSeedsAndCountsApart() {
    let all = Self.sample(50)
    let hash = all.split(validationCount: 20, seed: 1).split.hash
    #expect(all.split(validationCount: 20, seed: 1).split.hash == hash)
    #expect(all.split(validationCount: 20, seed: 2).split.hash != hash)
    #expect(all.split(validationCount: 19, seed: 1).split.hash != hash)
    #expect(Self.sample(51).split(validationCount: 20, seed: 1).split.hash != hash)
    var relabelled = all
    for index in relabelled.labels.indices { relabelled.labels[index] = 2 - relabelled.labels[index] }
    #expect(relabelled.split(validationCount: 20, seed: 1).split.hash != hash)
  }

  @Test func classFoldersAreReadInTheOrderOfTheirNames() throws {
    let folder = try TemporaryFolder()
    try folder.writePNG(3, 2, value: 1, to: "zebra/1.png")
    try folder.writePNG(3, 2, value: 2, to: "ant/b.PNG")
    try folder.writePNG(3, 2, channels: 2, value: 3, alpha: 255, to: "ant/a.png")
    try folder.write([1, 2, 3], "ant/.hidden.png")
    try folder.write([1, 2, 3], "ant/notes.txt")
    try folder.write([1, 2, 3], "notes.txt")
    let data = try Dataset.folder(folder.path)
    #expect(data.classNames == ["ant", "zebra"])
    #expect(data.labels == [0, 0, 1])
    #expect((data.height, data.width, data.channels) == (2, 3, 1))
    #expect(stride(from: 0, to: 18, by: 6).map { data.images[$0] } == [3, 2, 1])
    let (train, test) = try Dataset.open(folder.path)
    #expect(train.count == 2 && test.count == 1)
  }

  @Test func trainAndTestFoldersAreTakenAsSuch() throws {
    let folder = try TemporaryFolder()
    for (name, value) in [("train/a/1", 1), ("train/b/1", 2), ("test/a/1", 3), ("test/b/1", 4)] {
      try folder.writePNG(2, 2, channels: 3, value: UInt8(value), to: name + ".png")
    }
    let (train, test) = try Dataset.open(folder.path)
    #expect(train.images.first == 1 && test.images.first == 3)
    #expect(train.channels == 3 && test.labels == [0, 1])
    try folder.writePNG(2, 2, channels: 3, to: "test/c/1.png")
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(error?.description.contains("differ") == true)
  }

  @Test(
    arguments: [
      ("b/2.png", 4, 2, 1, nil, "is 4 x 2 with 1 channels, unlike "),
      ("b/2.png", 3, 2, 3, nil, "is 3 x 2 with 3 channels"),
      ("b/2.png", 3, 2, 2, 254, "transparent"),
    ] as [(String, Int, Int, Int, UInt8?, String)])
  func theOddImageIsNamed(
    _ name: String, _ width: Int, _ height: Int, _ channels: Int, _ alpha: UInt8?, _ text: String
  ) throws {
    let folder = try TemporaryFolder()
    try folder.writePNG(3, 2, to: "a/1.png")
    try folder.writePNG(3, 2, to: "b/1.png")
    try folder.writePNG(width, height, channels: channels, alpha: alpha, to: name)
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(error?.path == "\(folder.path)/\(name)")
    #expect(error?.description.contains(text) == true)
  }

  @Test func otherFoldersAreRefusedWithAdvice() throws {
    let folder = try TemporaryFolder()
    func text() -> String { #expect(throws: DataError.self) { try Dataset.open(folder.path) }?.description ?? "" }
    #expect(text().contains("tools/fetch-mnist"))
    try folder.writePNG(3, 2, to: "only/1.png")
    #expect(text().contains("1 class folders"))
    try folder.write([], "empty/notes.txt")
    #expect(text().contains("empty: holds no images"))
    try folder.write(Array("not a PNG".utf8), "empty/x.png")
    #expect(text().contains("x.png: not a PNG file"))
    let file = #expect(throws: DataError.self) { try Dataset.open(folder.path + "/only/1.png") }
    #expect(file?.description.contains("is a file") == true)
    let missing = #expect(throws: DataError.self) { try Dataset.open(folder.path + "/none") }
    #expect(missing?.description == "\(folder.path)/none: no such file")
  }
}
