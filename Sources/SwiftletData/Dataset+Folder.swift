import Foundation
import SwiftletBytes
import SwiftletImages

extension Dataset {
  /// Reads whatever labelled images `path` holds.
  ///
  /// - A folder with MNIST's idx files: their training and test images.
  /// - A folder with the folders `train` and `test`: the class folders in each, which must be the same classes.
  /// - A folder of class folders: every seventh image or so (by a fixed shuffle) is for testing.
  public static func open(_ path: String) throws(DataError) -> (train: Dataset, test: Dataset) {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DataError(.file(FileError(.missing, errorNumber: ENOENT)), path: path)
    }
    guard isFolder.boolValue else { throw DataError(.notAFolder, path: path) }
    let mnistNames = ["train", "t10k"].flatMap { prefix in
      ["images", "labels"].flatMap { Self.mnistNames(prefix, $0) }
    }
    if mnistNames.contains(where: { FileBytes.exists("\(path)/\($0)") }) { return try mnist(directory: path) }
    let names = try subfolders(path)
    if names == ["test", "train"] {
      let train = try folder("\(path)/train")
      let test = try folder("\(path)/test")
      let isAlike =
        train.height == test.height && train.width == test.width && train.channels == test.channels
        && train.classNames == test.classNames
      guard isAlike else { throw DataError(.setsDiffer, path: path) }
      return (train, test)
    }
    let all = try folder(path)
    guard all.count >= 2 else { throw DataError(.noImages, path: path) }
    let parts = all.split(validationCount: max(1, all.count / 7), seed: 0)
    return (parts.training, parts.validation)
  }

  /// Reads `path/class-name/*.png`: the class names, sorted by their UTF-8 bytes, are the labels.
  ///
  /// All images must have one size and one number of channels, an opaque alpha channel being dropped and a
  /// transparent one refused. Names that start with a dot are passed over.
  public static func folder(_ path: String) throws(DataError) -> Dataset {
    let classes = try subfolders(path)
    guard !classes.isEmpty else { throw DataError(.unknownLayout, path: path) }
    guard (2...256).contains(classes.count) else { throw DataError(.classCount(classes.count), path: path) }
    var first: (path: String, image: Image)?
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    for (label, name) in classes.enumerated() {
      let files = try contents("\(path)/\(name)").filter { $0.lowercased().hasSuffix(".png") }
      guard !files.isEmpty else { throw DataError(.noImages, path: "\(path)/\(name)") }
      for file in files {
        let filePath = "\(path)/\(name)/\(file)"
        let image = try readPNG(filePath)
        if let first, !haveOneShape(first.image, image) {
          throw DataError(
            .sizeDiffers(width: image.width, height: image.height, channels: image.channels, first: first.path),
            path: filePath)
        }
        if first == nil { first = (filePath, image) }
        guard pixels.count + image.pixels.count <= byteLimit else {
          throw DataError(.tooManyPixels(limit: byteLimit), path: path)
        }
        pixels += image.pixels
        labels.append(UInt8(label))
      }
    }
    guard let image = first?.image else { throw DataError(.noImages, path: path) }
    return Dataset(
      height: image.height, width: image.width, channels: image.channels, images: pixels, labels: labels,
      classNames: classes)
  }

  private static func haveOneShape(_ a: Image, _ b: Image) -> Bool {
    a.width == b.width && a.height == b.height && a.channels == b.channels
  }

  /// The image without an alpha channel; transparent pixels are refused.
  private static func readPNG(_ path: String) throws(DataError) -> Image {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try FileBytes.read(path, limit: 1 << 28) } catch {
      throw DataError(.file(error), path: path)
    }
    do throws(ImageError) {
      guard let image = try PNGDecoder.decode(bytes).droppingOpaqueAlpha() else {
        throw ImageError(.transparent, at: 0)
      }
      return image
    } catch { throw DataError(.image(error), path: path) }
  }

  private static func contents(_ path: String) throws(DataError) -> [String] {
    do {
      let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }
      return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch { throw DataError(.file(FileError(.permission, errorNumber: EACCES)), path: path) }
  }

  private static func subfolders(_ path: String) throws(DataError) -> [String] {
    try contents(path).filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder) && isFolder.boolValue
    }
  }
}
