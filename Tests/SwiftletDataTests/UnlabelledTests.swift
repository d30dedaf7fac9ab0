import SwiftletData
import TestSupport
import Testing

@Suite struct UnlabelledTests {
  @Test func imagesWithoutClassFoldersHaveNoLabels() throws {
    let folder = try TemporaryFolder()
    for index in 0..<15 { try folder.writePNG(3, 2, value: UInt8(index), to: "\(10 + index).png") }
    try folder.write([1], "notes.txt")
    let (train, test) = try Dataset.open(folder.path)
    #expect(train.count == 13 && test.count == 2)
    #expect(!train.isLabelled && train.classNames.isEmpty && train.labels.allSatisfy { $0 == 0 })
    #expect(!train.isSpectrogram && train.width == 3)
    let images = (0..<13).map { train.image($0).first! } + (0..<2).map { test.image($0).first! }
    #expect(images.sorted() == Array(0..<15))
    // Held-out images are found again without labels too.
    let (a, b) = (train.split(validationCount: 4, seed: 1), train.split(validationCount: 4, seed: 1))
    #expect(a.split == b.split && a.validation.images == b.validation.images && !a.validation.isLabelled)
  }

  @Test func setsOfThemAreTakenAsSuch() throws {
    let folder = try TemporaryFolder()
    try folder.writePNG(3, 2, value: 1, to: "train/a.png")
    try folder.writePNG(3, 2, value: 2, to: "test/a.png")
    let (train, test) = try Dataset.open(folder.path)
    #expect(train.images.first == 1 && test.images.first == 2 && !train.isLabelled)
    try folder.writePNG(4, 2, to: "test/b.png")
    let error = #expect(throws: DataError.self) { try Dataset.open(folder.path) }
    #expect(error?.path == "\(folder.path)/test/b.png")
  }
}
