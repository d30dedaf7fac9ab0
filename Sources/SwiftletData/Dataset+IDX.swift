import SwiftletBytes
import SwiftletImages

extension Dataset {
  /// The most bytes of pixels that a data set may have: 2 GiB.
  public static var byteLimit: Int { 1 << 31 }

  /// Reads MNIST, or another data set in idx files: see `IDXFamily` and `IDXClasses`.
  public static func mnist(directory: String) throws(DataError) -> (train: Dataset, test: Dataset) {
    let contents = try FolderContents(directory)
    guard let family = try IDXFamily.only(in: contents) else {
      throw DataError(.unknownLayout(found: contents.passedOver.text), path: directory)
    }
    return try idx(family, classOrder: nil, onNote: { _ in })
  }

  static func idx(
    _ family: IDXFamily, classOrder: [String]?, onNote: (String) -> Void
  ) throws(DataError) -> (train: Dataset, test: Dataset) {
    if let text = family.passedOver.text { onNote("\(family.folder): passed over \(text)") }
    let files = (train: try IDXPart(family, .train), test: try IDXPart(family, .test))
    let classes = try IDXClasses(family, trainingLabels: files.train.labels)
    let train = try files.train.dataset(classes)
    let test = try files.test.dataset(classes)
    if let text = test.difference(from: train) { throw DataError(.setsDiffer(text), path: family.folder) }
    if !classes.isFixed, let text = test.missingClasses {
      onNote("\(family.folder): there are no test images of \(text)")
    }
    guard let classOrder else { return (train, test) }
    guard Set(classOrder) == Set(classes.names), classOrder.count == classes.names.count else {
      throw DataError(.unknownClasses(classes.names.filter { !classOrder.contains($0) }), path: family.folder)
    }
    let mapping = ClassMapping(arranging: classes.names, as: classOrder)
    return (train.inClassOrder(mapping), test.inClassOrder(mapping))
  }
}

/// The training or the test files of an idx data set, read.
private struct IDXPart {
  let images: IDXFile
  let labels: [Int]
  let labelPath: String

  init(_ family: IDXFamily, _ part: IDXFamily.Name.Part) throws(DataError) {
    let imagePath = try family.path(part, .images)
    labelPath = try family.path(part, .labels)
    images = try Self.read(imagePath) { bytes throws(ImageError) in
      var file = try Self.checked(
        try IDXFile(bytes, limit: Dataset.byteLimit, decodeLimit: family.decodeLimit), dimensions: 3)
      if IDXFile.storesColumns(imagePath) { file.transpose() }
      return file
    }
    guard images.dimensions[0] > 0 else { throw DataError(.noImages(found: nil), path: imagePath) }
    let areWords = IDXFamily.saysWords(labelPath)
    labels = try Self.read(labelPath) { bytes throws(ImageError) in
      try Self.labels(bytes, areWords: areWords, family.decodeLimit)
    }
    guard images.dimensions[0] == labels.count else {
      throw DataError(.countsDiffer(images: images.dimensions[0], labels: labels.count), path: labelPath)
    }
  }

  func dataset(_ classes: IDXClasses) throws(DataError) -> Dataset {
    let (height, width) = (images.dimensions[1], images.dimensions[2])
    let indexes = try classes.indexes(labels, path: labelPath)
    return Dataset(
      height: height, width: width, channels: 1, images: Array(images.values), labels: indexes,
      classNames: classes.names)
  }

  /// One label for each image: bytes, or the first of the words that QMNIST tells of each.
  private static func labels(
    _ bytes: [UInt8], areWords: Bool, _ decodeLimit: DecodeLimit?
  ) throws(ImageError) -> [Int] {
    guard areWords else {
      let file = try IDXFile(bytes, limit: Dataset.byteLimit, decodeLimit: decodeLimit)
      return try checked(file, dimensions: 1).values.map { Int($0) }
    }
    let file = try IDXFile(bytes, limit: Dataset.byteLimit / 4, element: .word, decodeLimit: decodeLimit)
    guard (1...2).contains(file.dimensions.count) else {
      throw ImageError(.idxDimensionCount(file.dimensions.count), at: 3)
    }
    let columns = file.dimensions.count == 2 ? file.dimensions[1] : 1
    return (0..<file.dimensions[0]).map { file.word(at: $0 * columns) }
  }

  private static func checked(_ file: IDXFile, dimensions: Int) throws(ImageError) -> IDXFile {
    guard file.dimensions.count == dimensions else {
      throw ImageError(.idxDimensionCount(file.dimensions.count), at: 3)
    }
    return file
  }

  private static func read<Content>(
    _ path: String, _ body: ([UInt8]) throws(ImageError) -> Content
  ) throws(DataError) -> Content {
    let bytes = try Dataset.readFile(path, limit: Dataset.byteLimit)
    do throws(ImageError) { return try body(bytes) } catch { throw DataError(.image(error), path: path) }
  }
}
