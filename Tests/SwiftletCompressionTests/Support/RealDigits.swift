import Foundation
import SwiftletFormat
import SwiftletModel

/// What only some machines have: MNIST, and the float model trained on it.
enum RealDigits {
  private static let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent()
  }

  /// MNIST's folder, if this machine has one.
  static var folder: String? {
    if let path = ProcessInfo.processInfo.environment["SWIFTLET_MNIST"] { return path }
    let path = root.deletingLastPathComponent().appendingPathComponent("shared/data/mnist").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  /// The shipped float network.
  static func model() throws -> Model {
    try ModelReader.read(Array(Data(contentsOf: root.appendingPathComponent("models/mnist-cnn-float.swl"))))
  }
}
