import Foundation
import SwiftletBytes
import SwiftletData
import SwiftletImages

/// An empty folder of a test's own, removed with it.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// `Dataset.open`, the folder staying until it has read everything.
  func open(onNote: (String) -> Void = { _ in }) throws -> (train: Dataset, test: Dataset) {
    try withExtendedLifetime(self) { try Dataset.open(path, onNote: onNote) }
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    let file = "\(path)/\(name)"
    let folder = (file as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileBytes.write(bytes, to: file, replacing: true)
  }

  func writePNG(_ width: Int, _ height: Int, channels: Int = 1, value: UInt8 = 9, alpha: UInt8? = nil, to name: String)
    throws
  {
    var pixels = [UInt8](repeating: value, count: width * height * channels)
    if let alpha { for index in 1...width * height { pixels[index * channels - 1] = alpha } }
    let image = Image(width: width, height: height, channels: channels, pixels: pixels)
    try write(try PNGEncoder.encode(image), to: name)
  }
}
