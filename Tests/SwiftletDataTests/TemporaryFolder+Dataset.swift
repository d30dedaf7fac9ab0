import SwiftletData
import SwiftletImages
import TestSupport

extension TemporaryFolder {
  /// `Dataset.open`, the folder staying until it has read everything.
  func open(onNote: (String) -> Void = { _ in }) throws -> (train: Dataset, test: Dataset) {
    try withExtendedLifetime(self) { try Dataset.open(path, onNote: onNote) }
  }

  func writePNG(_ width: Int, _ height: Int, channels: Int = 1, value: UInt8 = 9, alpha: UInt8? = nil, to name: String)
    throws
  {
    var pixels = [UInt8](repeating: value, count: width * height * channels)
    if let alpha { for index in 1...width * height { pixels[index * channels - 1] = alpha } }
    let image = Image(width: width, height: height, channels: channels, pixels: pixels)
    try write(try PNGEncoder.encode(image), name)
  }
}
