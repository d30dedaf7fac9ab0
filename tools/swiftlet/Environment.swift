import Foundation
import SwiftletRuntime

/// The environment variables that decide how a command computes.
enum Environment {
  /// How many threads `SWIFTLET_THREADS` asks for; nil where it is not set.
  static var threads: Int? { value("SWIFTLET_THREADS").flatMap { Int($0) } }

  /// Refuses a value that would have to be ignored.
  ///
  /// - Throws: `Failure` naming the variable, its value and what is allowed.
  static func check() throws {
    if let text = value("SWIFTLET_THREADS"), !(1...256).contains(threads ?? 0) {
      throw Failure("SWIFTLET_THREADS is '\(text)'; it must be a whole number from 1 to 256, or not be set")
    }
    if let text = value("SWIFTLET_KERNELS"), KernelTable.named(Array(text.utf8).span) == nil {
      throw Failure("SWIFTLET_KERNELS is '\(text)'; this CPU and build have \(kernelNames), or do not set it")
    }
  }

  static var kernelNames: String { KernelTable.supported.map { "\($0.name)" }.joined(separator: ", ") }

  /// An empty variable counts as none.
  private static func value(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }
}
