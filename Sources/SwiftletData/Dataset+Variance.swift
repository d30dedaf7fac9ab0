extension Dataset {
  /// The share of images' variance that is not error, in percent: 100 * (1 - error / variance); where there is no
  /// variance, 100 without error, else 0.
  public static func explainedVariance(meanSquaredError: Double, variance: Double) -> Double {
    guard variance > 0 else { return meanSquaredError == 0 ? 100 : 0 }
    return 100 * (1 - meanSquaredError / variance)
  }

  /// The mean over the pixels of their variance from image to image, pixels in 0...1: the mean squared error of always
  /// giving the mean image.
  public var pixelVariance: Double {
    var sums = [Int](repeating: 0, count: imageByteCount)
    var squares = sums
    for first in stride(from: 0, to: images.count, by: imageByteCount) {
      for pixel in 0..<imageByteCount {
        let value = Int(images[first + pixel])
        sums[pixel] += value
        squares[pixel] += value * value
      }
    }
    let n = Double(max(count, 1))
    let total = zip(sums, squares).reduce(0) { $0 + Double($1.1) / n - Double($1.0) / n * (Double($1.0) / n) }
    return max(0, total) / (255 * 255 * Double(imageByteCount))
  }
}
