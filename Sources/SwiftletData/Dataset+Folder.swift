import Foundation
import SwiftletBytes
import SwiftletImages

extension Dataset {
  /// Reads whatever images or recordings `path` holds.
  ///
  /// - A folder with MNIST's idx files: their training and test images.
  /// - A folder with the folders `train` and `test`: what is in each, which must have the same classes.
  /// - A folder of class folders: every seventh image or so (by a fixed shuffle) is for testing.
  /// - A folder of PNG files: images without labels, divided in the same way.
  /// - A folder of recordings named LABEL_anything_INDEX.wav: indexes 0 to 4 are for testing (as in the Free Spoken
  ///   Digit Dataset), or every seventh or so where that leaves nothing on one side.
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
    if try FolderListing.subfolders(path) == ["test", "train"] {
      let train = try folder("\(path)/train")
      let test = try folder("\(path)/test")
      let isAlike =
        train.height == test.height && train.width == test.width && train.channels == test.channels
        && train.classNames == test.classNames && train.sampleRate == test.sampleRate
      guard isAlike else { throw DataError(.setsDiffer, path: path) }
      return (train, test)
    }
    let listing = try FolderListing(path)
    let all = try Dataset(listing)
    guard all.count >= 2 else { throw DataError(.noImages, path: path) }
    let forTesting = listing.samples.indices.filter { listing.samples[$0].index.map { $0 <= 4 } ?? false }
    if !forTesting.isEmpty, forTesting.count < all.count {
      let chosen = Set(forTesting)
      return (all.subset(listing.samples.indices.filter { !chosen.contains($0) }), all.subset(forTesting))
    }
    let parts = all.split(validationCount: max(1, all.count / 7), seed: 0)
    return (parts.training, parts.validation)
  }

  /// Reads one folder: `path/class-name/*` of PNG images or of recordings, `path/LABEL_anything_INDEX.wav`, or
  /// `path/*.png` without labels.
  ///
  /// The class names, sorted by their UTF-8 bytes, are the labels. All images must have one size and one number of
  /// channels, an opaque alpha channel being dropped and a transparent one refused; all recordings one sample rate.
  /// Names that start with a dot are passed over.
  public static func folder(_ path: String) throws(DataError) -> Dataset { try Dataset(try FolderListing(path)) }

  private init(_ listing: FolderListing) throws(DataError) {
    self = try listing.kind == .images ? Dataset(images: listing) : Dataset(recordings: listing)
  }

  private init(images listing: FolderListing) throws(DataError) {
    var first: (path: String, image: Image)?
    var pixels: [UInt8] = []
    for sample in listing.samples {
      let image = try Self.readPNG(sample.path)
      if let first, !Self.haveOneShape(first.image, image) {
        throw DataError(
          .sizeDiffers(width: image.width, height: image.height, channels: image.channels, first: first.path),
          path: sample.path)
      }
      if first == nil { first = (sample.path, image) }
      guard pixels.count + image.pixels.count <= Self.byteLimit else {
        throw DataError(.tooManyPixels(limit: Self.byteLimit), path: listing.path)
      }
      pixels += image.pixels
    }
    guard let image = first?.image else { throw DataError(.noImages, path: listing.path) }
    self.init(
      height: image.height, width: image.width, channels: image.channels, images: pixels,
      labels: listing.samples.map(\.label), classNames: listing.classNames)
  }

  private static func haveOneShape(_ a: Image, _ b: Image) -> Bool {
    a.width == b.width && a.height == b.height && a.channels == b.channels
  }

  /// The image without an alpha channel; transparent pixels are refused.
  private static func readPNG(_ path: String) throws(DataError) -> Image {
    let bytes = try readFile(path, limit: 1 << 28)
    do throws(ImageError) {
      guard let image = try PNGDecoder.decode(bytes).droppingOpaqueAlpha() else {
        throw ImageError(.transparent, at: 0)
      }
      return image
    } catch { throw DataError(.image(error), path: path) }
  }

  static func readFile(_ path: String, limit: Int) throws(DataError) -> [UInt8] {
    do throws(FileError) { return try FileBytes.read(path, limit: limit) } catch {
      throw DataError(.file(error), path: path)
    }
  }
}
