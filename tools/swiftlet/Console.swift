import Foundation
import SwiftletBytes

/// Text to people: results on standard output, progress and errors on standard error.
enum Console {
  static let isTerminal = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// - Throws: `Failure` where standard output is full or closed.
  static func print(_ text: String) throws {
    var rest = Array((cleaned(text) + "\n").utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        let reason = String(cString: strerror(errno))
        throw Failure("standard output could not be written: \(reason); free space or fix the pipe")
      }
    }
  }

  static func note(_ text: String) { report(cleaned(text) + "\n") }

  private static func cleaned(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { printable($0.utf8) }.joined(separator: "\n")
  }

  /// One line, whatever bytes a file's name has.
  static func error(_ text: String) { note("swiftlet: error: \(printable(text.utf8))") }

  /// Writes to standard error; where that is full or closed nobody is left to tell, and work goes on.
  static func report(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
    }
  }

  /// Prints `value` as JSON with sorted keys.
  static func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    try print(FileName.unicode(String(decoding: encoder.encode(value), as: UTF8.self)))
  }

  /// Rows of columns, the first left-aligned and the rest right-aligned.
  static func table(_ rows: [[String]]) -> String {
    guard let columns = rows.map(\.count).max() else { return "" }
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let fill = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + fill : fill + cell
      }.joined(separator: "  ").replacing(/\s+$/, with: "")
    }.joined(separator: "\n")
  }
}

/// A line that redraws itself on a terminal and stays silent elsewhere, where finished lines are printed plainly.
struct ProgressLine {
  private var lastDraw = ContinuousClock.now - .seconds(1)
  private var isDrawn = false

  /// Redraws at most ten times a second.
  mutating func draw(fraction: Double, _ text: String) {
    guard Console.isTerminal, ContinuousClock.now - lastDraw > .milliseconds(100) else { return }
    lastDraw = .now
    let width = 24
    let filled = Int(Double(width) * min(max(fraction, 0), 1))
    let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled)
    Console.report("\r[\(bar)] \(text)\u{1B}[K")
    isDrawn = true
  }

  /// Clears the line and prints `text` for good.
  mutating func finish(_ text: String) {
    clear()
    Console.note(text)
  }

  mutating func clear() {
    if isDrawn { Console.report("\r\u{1B}[K") }
    isDrawn = false
  }
}

extension Double {
  func fixed(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}

/// Seconds as people say them: 42 s, 3 min 05 s.
func duration(_ seconds: Double) -> String {
  let whole = Int(seconds.rounded())
  return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(String(format: "%02d", whole % 60)) s"
}
