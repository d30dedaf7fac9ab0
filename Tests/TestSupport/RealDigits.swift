import Foundation

/// MNIST, which only some machines have.
public enum RealDigits {
  /// The package's folder.
  public static let root = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }

  /// The folder that SWIFTLET_MNIST names, or the one beside the package if it is there.
  public static var folder: String? {
    if let path = ProcessInfo.processInfo.environment["SWIFTLET_MNIST"] { return path }
    let path = root.deletingLastPathComponent().appendingPathComponent("shared/data/mnist").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }
}
