import Foundation
import SwiftletBytes
import SwiftletReport

/// Text to people: results on standard output, progress and errors on standard error.
///
/// Names are cleaned where they are put into a sentence (`printable`, `textTable`); whatever was overlooked is cleaned
/// here, so that no control character but the ends of lines and the progress line's own ever reaches a terminal.
enum Console {
  static let isTerminal = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// Whether standard output is an output file's (`-o -`): what is printed then goes to standard error.
  nonisolated(unsafe) static var standardOutputIsTaken = false

  /// - Throws: `Failure` where standard output is full or closed.
  static func print(_ text: String) throws {
    if standardOutputIsTaken { return note(text) }
    try write(Array((cleaned(text) + "\n").utf8))
  }

  /// Writes to standard output as it is. Where the reader of a pipe is gone this ends the program as other tools end.
  ///
  /// - Throws: `Failure` where standard output is full or closed.
  static func write(_ bytes: [UInt8]) throws {
    let error = write(bytes, to: STDOUT_FILENO)
    if error == EPIPE { endByBrokenPipe() }
    guard error == 0 else {
      throw Failure(
        "standard output could not be written: \(String(cString: strerror(error))); free space or fix the pipe")
    }
  }

  /// Writes a line to standard error.
  static func note(_ text: String) { report(cleaned(text) + "\n") }

  /// One line, whatever bytes a file's name has.
  static func error(_ text: String) { note("swiftlet: error: \(printable(text.utf8))") }

  /// Puts `line` in the place of the line that the terminal's cursor is in.
  static func redraw(_ line: String) { report("\r\(line)\u{1B}[K") }

  /// The columns of the terminal that standard error is, as it is now; 80 where nobody knows.
  static var columns: Int {
    var size = winsize()
    if ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
  }

  /// Where standard error is full or closed nobody is left to tell, and work goes on.
  private static func report(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }

  private static func cleaned(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { printable($0.utf8) }.joined(separator: "\n")
  }

  /// Writes all bytes; returns 0 or errno.
  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return errno }
    }
    return 0
  }

  private static func endByBrokenPipe() -> Never {
    signal(SIGPIPE, SIG_DFL)
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    sigprocmask(SIG_UNBLOCK, &signals, nil)
    raise(SIGPIPE)
    _exit(128 + SIGPIPE)
  }
}

extension Console {
  /// Prints `value` as JSON with sorted keys.
  static func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    try print(json: Data(FileName.unicode(String(decoding: encoder.encode(value), as: UTF8.self)).utf8))
  }

  /// Prints JSON that is encoded already.
  ///
  /// It may hold every character a name has but C0 ones; those that a terminal obeys are escaped, which changes no value.
  static func print(json: Data) throws {
    var text = String.UnicodeScalarView()
    for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
      let isPlain =
        scalar.isASCII ? scalar.value >= 0x20 && scalar.value != 0x7F : printable("\(scalar)".utf8) == "\(scalar)"
      if scalar == "\n" || isPlain {
        text.append(scalar)
      } else {
        // Beyond 16 bits there are only stand-ins for bytes of file names that are not UTF-8.
        let value = scalar.value > 0xFFFF ? 0xFFFD : scalar.value
        text.append(contentsOf: String(format: "\\u%04x", value).unicodeScalars)
      }
    }
    try print(String(text))
  }
}

extension Double {
  func fixed(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}

/// Seconds as people say them: 42 s, 3 min 05 s.
func duration(_ seconds: Double) -> String {
  let whole = seconds.isFinite ? Int(min(max(seconds, 0), 1e9).rounded()) : 0
  return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(String(format: "%02d", whole % 60)) s"
}
