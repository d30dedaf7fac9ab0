import Foundation
import Testing

/// A pseudo-terminal of a set size with swiftlet's standard error on it.
final class Terminal {
  private var master: Int32
  private let process = Process()
  private(set) var text = ""

  init(columns: Int, _ arguments: [String], environment: [String: String] = [:]) throws {
    // What posix_openpt, unlockpt and ptsname do, which Glibc's module leaves out.
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var (locked, number) = (Int32(0), Int32(0))
    try #require(master >= 0 && ioctl(master, 0x4004_5431, &locked) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
    let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(slave >= 0)
    resize(columns: columns)
    process.executableURL = Tool.executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm"]) { $1 }
      .merging(environment) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle(fileDescriptor: slave)
    try process.run()
    close(slave)
  }

  deinit { hangUp() }

  /// Closes the terminal's other end: what the program writes from now on fails.
  func hangUp() {
    if master >= 0 { close(master) }
    master = -1
  }

  func resize(columns: Int) {
    var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  /// Reads until `isEnough`, or the program's end.
  func read(until isEnough: (String) -> Bool = { _ in false }) {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !isEnough(text) {
      let count = Foundation.read(master, &buffer, buffer.count)
      if count <= 0 { return }
      text += String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  func stop(by signal: Int32) -> Int32 {
    kill(process.processIdentifier, signal)
    read()
    return end()
  }

  func end() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// What was drawn over and over in one line, in order.
  var redrawn: [String] { Self.redrawn(text) }

  static func redrawn(_ text: String) -> [String] {
    text.components(separatedBy: "\u{1B}[K").compactMap { part in
      part.range(of: "\r", options: .backwards).map { String(part[$0.upperBound...]) }
    }.filter { !$0.isEmpty && !$0.contains("\n") }
  }
}
