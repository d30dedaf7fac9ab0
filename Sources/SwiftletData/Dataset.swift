import SwiftletModel

/// The record of a validation split, as a model file keeps it.
public typealias DataSplit = Provenance.Split

/// Images of one size, in memory, labelled or not.
public struct Dataset: Sendable {
  public var height, width, channels: Int
  /// `count * height * width * channels` bytes, NHWC.
  public var images: [UInt8]
  /// One class index per image; zeros where there are no classes.
  public var labels: [UInt8]
  /// One name per class, in the order of the indexes; empty where the images have no labels.
  public var classNames: [String]
  /// Whether the images are log-mel spectrograms of recordings, which bear other distortions than pictures.
  public var isSpectrogram: Bool
  /// Of the recordings, samples a second; nil for pictures.
  var sampleRate: Int?
  /// The indexes of the images that the data itself sets apart for validation, as a folder of its own; nil where it is
  /// left to a seed.
  public private(set) var ownValidation: Range<Int>?

  public init(
    height: Int, width: Int, channels: Int, images: [UInt8], labels: [UInt8], classNames: [String],
    isSpectrogram: Bool = false
  ) {
    precondition(images.count == labels.count * height * width * channels, "Every label needs an image.")
    precondition(labels.allSatisfy { $0 < max(classNames.count, 1) }, "Every label needs a class name.")
    self.height = height
    self.width = width
    self.channels = channels
    self.images = images
    self.labels = labels
    self.classNames = classNames
    self.isSpectrogram = isSpectrogram
  }

  /// Whether there are classes to tell apart.
  public var isLabelled: Bool { !classNames.isEmpty }

  public var count: Int { labels.count }

  /// The bytes of one image.
  public var imageByteCount: Int { height * width * channels }

  /// The bytes of image `index`.
  public func image(_ index: Int) -> ArraySlice<UInt8> {
    images[index * imageByteCount..<(index + 1) * imageByteCount]
  }

  /// The images at `indexes`, in that order.
  public func subset(_ indexes: some Collection<Int>) -> Dataset {
    var subset = Dataset(
      height: height, width: width, channels: channels, images: [], labels: [], classNames: classNames,
      isSpectrogram: isSpectrogram)
    subset.images.reserveCapacity(indexes.count * imageByteCount)
    subset.labels.reserveCapacity(indexes.count)
    for index in indexes {
      subset.images.append(contentsOf: image(index))
      subset.labels.append(labels[index])
    }
    return subset
  }

  /// Adds the images that the data sets apart for validation.
  mutating func append(ownValidation part: Dataset) {
    precondition(part.imageByteCount == imageByteCount && ownValidation == nil, "A part of one data set is needed.")
    ownValidation = count..<count + part.count
    images += part.images
    labels += part.labels
  }

  /// How many images are to be held out where `asked` would be: a sixth at most, or those the data sets apart.
  public func validationCount(asked: Int) -> Int { ownValidation?.count ?? min(asked, count / 6) }

  /// Holds out `validationCount` images chosen by `seed`, or those that the data sets apart (`ownValidation`) whatever
  /// the count and seed; both parts keep the order of the whole.
  ///
  /// The same data, seed and count always give the same split: a partial Fisher-Yates shuffle of the indexes
  /// by SplitMix64. The split's hash is FNV-1a (64 bits) over the total count and then, in rising order, the index
  /// and label of each held-out image, each as a 32-bit little-endian word.
  public func split(
    validationCount: Int, seed: UInt64
  ) -> (training: Dataset, validation: Dataset, split: DataSplit) {
    let (heldOut, rest) = heldOut(validationCount, seed)
    var hash = OutputHash()
    hash.add(Int32(count))
    for index in heldOut {
      hash.add(Int32(index))
      hash.add(Int32(labels[index]))
    }
    let split = DataSplit(seed: seed, validationCount: heldOut.count, hash: hash.value)
    return (subset(rest), subset(heldOut), split)
  }

  /// The indexes held out and the others, both rising.
  private func heldOut(_ validationCount: Int, _ seed: UInt64) -> (heldOut: [Int], rest: [Int]) {
    if let own = ownValidation { return (Array(own), Array(0..<own.lowerBound) + Array(own.upperBound..<count)) }
    precondition((0...count).contains(validationCount), "No more images can be held out than there are.")
    var generator = SplitMix64(seed: seed)
    var indexes = Array(0..<count)
    for position in 0..<validationCount {
      indexes.swapAt(position, position + generator.next(below: count - position))
    }
    return (indexes[..<validationCount].sorted(), indexes[validationCount...].sorted())
  }
}

extension SplitMix64 {
  /// A uniform integer in 0 ..< bound, by the high half of a product; its bias is below bound / 2^64.
  mutating func next(below bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}
