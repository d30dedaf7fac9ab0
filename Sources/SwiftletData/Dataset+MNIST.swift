import SwiftletBytes
import SwiftletImages

extension Dataset {
  /// The most bytes of pixels that a data set may have: 2 GiB.
  public static var byteLimit: Int { 1 << 31 }

  /// Reads MNIST, or any data set in its four files: 10 classes, labels 0 to 9.
  ///
  /// Each file may be gzipped (.gz) and spelled with `-idx3-ubyte` or `.idx3-ubyte` (labels: idx1).
  public static func mnist(directory: String) throws(DataError) -> (train: Dataset, test: Dataset) {
    let train = try readMNIST(directory, prefix: "train")
    let test = try readMNIST(directory, prefix: "t10k")
    guard train.height == test.height, train.width == test.width else { throw DataError(.setsDiffer, path: directory) }
    return (train, test)
  }

  /// The names that one of the four files may have.
  static func mnistNames(_ prefix: String, _ kind: String) -> [String] {
    let rank = kind == "images" ? 3 : 1
    return ["-", "."].flatMap { separator in
      ["", ".gz"].map { "\(prefix)-\(kind)\(separator)idx\(rank)-ubyte\($0)" }
    }
  }

  private static func readMNIST(_ directory: String, prefix: String) throws(DataError) -> Dataset {
    let (imagePath, images) = try readIDX(directory, prefix, "images", dimensionCount: 3)
    let (labelPath, labels) = try readIDX(directory, prefix, "labels", dimensionCount: 1)
    let sizes = images.dimensions
    guard sizes[0] > 0 else { throw DataError(.noImages, path: imagePath) }
    guard sizes[0] == labels.dimensions[0] else {
      throw DataError(.countsDiffer(images: sizes[0], labels: labels.dimensions[0]), path: labelPath)
    }
    if let index = labels.values.firstIndex(where: { $0 > 9 }) {
      let number = index - labels.values.startIndex
      let label = Int(labels.values[index])
      throw DataError(.labelOutOfRange(label: label, index: number, classCount: 10), path: labelPath)
    }
    return Dataset(
      height: sizes[1], width: sizes[2], channels: 1, images: Array(images.values), labels: Array(labels.values),
      classNames: (0...9).map(String.init))
  }

  private static func readIDX(
    _ directory: String, _ prefix: String, _ kind: String, dimensionCount: Int
  ) throws(DataError) -> (path: String, file: IDXFile) {
    let names = mnistNames(prefix, kind)
    guard let name = names.first(where: { FileBytes.exists("\(directory)/\($0)") }) else {
      throw DataError(.missingFile(names: names), path: directory)
    }
    let path = "\(directory)/\(name)"
    let bytes: [UInt8]
    do throws(FileError) { bytes = try FileBytes.read(path, limit: byteLimit) } catch {
      throw DataError(.file(error), path: path)
    }
    do throws(ImageError) {
      let file = try IDXFile(bytes, limit: byteLimit)
      guard file.dimensions.count == dimensionCount else {
        throw ImageError(.idxDimensionCount(file.dimensions.count), at: 3)
      }
      return (path, file)
    } catch { throw DataError(.image(error), path: path) }
  }
}
