import SwiftletModel

/// Handwritten-style digits, generated: 28 x 28 gray, light ink on black, as MNIST has them.
///
/// A stroke template is chosen, its points are nudged, then moved by a random affine map and a smooth elastic field
/// (after Simard, Steinkraus and Platt, "Best practices for convolutional neural networks", 2003), drawn with a pen
/// of varying thickness, blurred, and centered by mass in a box of about 20 x 20 as MNIST is. Only operations that
/// IEEE 754 rounds exactly are used, so a seed and an index give the same image on every platform.
public enum SyntheticDigits {
  public static var side: Int { 28 }

  /// Images 0 ..< count of `seed`; the digits take turns. Takes about 15 us per image.
  public static func dataset(count: Int, seed: UInt64) -> Dataset {
    precondition(count >= 0, "A data set has no negative count.")
    var images: [UInt8] = []
    images.reserveCapacity(count * side * side)
    for index in 0..<count { images += image(index, seed: seed) }
    return Dataset(
      height: side, width: side, channels: 1, images: images, labels: (0..<count).map(label),
      classNames: (0...9).map(String.init))
  }

  /// The digit that image `index` of every seed shows.
  public static func label(_ index: Int) -> UInt8 { UInt8(index % 10) }

  /// The 28 * 28 bytes of image `index`, which depend on it and `seed` alone.
  public static func image(_ index: Int, seed: UInt64) -> [UInt8] {
    // Two rounds keep streams of neighbouring seeds and indexes apart.
    var mixer = SplitMix64(seed: seed)
    var random = SplitMix64(seed: mixer.next() ^ SplitMix64.mixed(UInt64(index)))
    let variants = DigitStrokes.variants[Int(label(index))]
    let strokes = DigitPen.write(variants[random.next(below: variants.count)], &random)
    return DigitPen.draw(strokes, side: side, &random)
  }
}

extension SplitMix64 {
  static func mixed(_ value: UInt64) -> UInt64 {
    var generator = SplitMix64(seed: value)
    return generator.next()
  }

  /// A uniform real in `range`.
  mutating func next(in range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * nextUnit()
  }

  /// A bell-shaped real: mean 0, standard deviation 1, within -3.5 ... 3.5 (the sum of four uniform ones).
  mutating func nextBell() -> Float {
    (nextUnit() + nextUnit() + nextUnit() + nextUnit() - 2) * 1.7320508
  }
}
