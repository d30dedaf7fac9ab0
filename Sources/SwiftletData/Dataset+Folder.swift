import Foundation
import SwiftletBytes
import SwiftletImages

extension Dataset {
  /// Reads whatever images or recordings `path` holds.
  ///
  /// - A folder with idx files, such as MNIST's: their training and test images (see `IDXFamily`).
  /// - A folder of split folders (see `SplitFolders`), `train` and `test`, `validation` or both: what is in each. A class
  ///   that only training has is allowed, one that it lacks is not.
  /// - A folder of class folders: every seventh image or so (by a fixed shuffle) is for testing.
  /// - A folder of PNG files: images without labels, divided in the same way.
  /// - A folder of recordings named LABEL_anything_INDEX.wav: indexes 0 to 4 are for testing (as in the Free Spoken
  ///   Digit Dataset), or every seventh or so where that leaves nothing on one side.
  ///
  /// - Parameters:
  ///   - decodeLimit: What decoding one of the files may make of it; nil for the default.
  ///   - classOrder: The data's class names in another order than their own, for a model that has this order.
  ///   - onNote: Called with a line for people about what is passed over or taken in a way that could surprise.
  /// - Returns: The training images, those for validation among them (`ownValidation`), and the test images, none where a
  ///   folder has a validation part alone.
  public static func open(
    _ path: String, decodeLimit: DecodeLimit? = nil, classOrder: [String]? = nil, onNote: (String) -> Void = { _ in }
  ) throws(DataError) -> (train: Dataset, test: Dataset) {
    switch Folder.kind(path) {
    case .none: throw DataError(.file(FileError(.missing, errorNumber: ENOENT)), path: path)
    case .file, .other: throw DataError(.notAFolder, path: path)
    case .folder: break
    }
    let contents = try FolderContents(path, decodeLimit: decodeLimit)
    if let family = try IDXFamily.only(in: contents) { return try idx(family, classOrder: classOrder, onNote: onNote) }
    if let folders = try SplitFolders(contents) { return try read(folders, classOrder: classOrder, onNote: onNote) }
    let listing = try FolderListing(contents, order: classOrder)
    listing.tell(onNote)
    let all = try Dataset(listing)
    guard all.count >= 2 else { throw DataError(.oneImage, path: path) }
    let parts = all.divided(listing.samples)
    for (name, part) in [("training", parts.train), ("test", parts.test)] {
      if let text = part.missingClasses { onNote("\(path): the \(name) images lack \(text); more images would help") }
    }
    return parts
  }

  /// Reads one folder: `path/class-name/*` of PNG images or of recordings, `path/LABEL_anything_INDEX.wav`, or
  /// `path/*.png` without labels.
  ///
  /// The class names, sorted by their UTF-8 bytes, are the labels. All images must have one size and one number of
  /// channels, an opaque alpha channel being dropped and a transparent one refused; all recordings one sample rate.
  /// Names that start with a dot are passed over.
  public static func folder(_ path: String) throws(DataError) -> Dataset {
    try Dataset(try FolderListing(try FolderContents(path)))
  }

  /// The images for training and for testing, of a folder that does not tell them apart.
  private func divided(_ samples: [FolderListing.Sample]) -> (train: Dataset, test: Dataset) {
    let forTesting = samples.indices.filter { samples[$0].index.map { $0 <= 4 } ?? false }
    if !forTesting.isEmpty, forTesting.count < count {
      let chosen = Set(forTesting)
      return (subset(samples.indices.filter { !chosen.contains($0) }), subset(forTesting))
    }
    let parts = split(validationCount: max(1, count / 7), seed: 0)
    return (parts.training, parts.validation)
  }

  /// The classes without an image, in quotes; nil where there are none.
  var missingClasses: String? {
    let present = Set(labels)
    let missing = classNames.indices.filter { !present.contains(UInt8($0)) }.map { classNames[$0] }
    guard !missing.isEmpty else { return nil }
    return "\(missing.count == 1 ? "class" : "classes") \(ClassMismatch.list(missing))"
  }

  init(_ listing: FolderListing) throws(DataError) {
    self = try listing.kind == .images ? Dataset(images: listing) : Dataset(recordings: listing)
  }

  private init(images listing: FolderListing) throws(DataError) {
    var first: (path: String, image: Image)?
    var pixels: [UInt8] = []
    for sample in listing.samples {
      let image = try Self.readPNG(sample.path, listing.decodeLimit)
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
    guard let image = first?.image else {
      throw DataError(.noImages(found: listing.passedOver.text), path: listing.path)
    }
    self.init(
      height: image.height, width: image.width, channels: image.channels, images: pixels,
      labels: listing.samples.map(\.label), classNames: listing.classNames)
  }

  private static func haveOneShape(_ a: Image, _ b: Image) -> Bool {
    a.width == b.width && a.height == b.height && a.channels == b.channels
  }

  /// The image without an alpha channel; transparent pixels are refused.
  private static func readPNG(_ path: String, _ decodeLimit: DecodeLimit?) throws(DataError) -> Image {
    let bytes = try readFile(path, limit: 1 << 28)
    do throws(ImageError) {
      guard let image = try PNGDecoder.decode(bytes, decodeLimit: decodeLimit).droppingOpaqueAlpha() else {
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

extension FolderListing {
  /// Tells what was passed over and how names were read.
  func tell(_ onNote: (String) -> Void) {
    if let text = passedOver.text { onNote("\(path): passed over \(text)") }
    if let note { onNote("\(path): \(note)") }
  }
}
