import Foundation

/// A script of the folder tools.
package struct ToolScript {
  private let path: String

  package init(_ name: String) { path = RealDigits.root.appendingPathComponent("tools/\(name)").path }

  /// Runs the script to its end: its exit code, and all that it printed.
  package func run(_ arguments: [String], environment: [String: String] = [:]) throws -> (code: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["bash", path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let pipe = Pipe()
    process.standardError = pipe
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
