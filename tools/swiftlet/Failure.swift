import ArgumentParser
import Foundation

/// What ends a command: one line for people and an exit code.
struct Failure: Error {
  let message: String
  let code: Int32

  init(_ message: String, code: Int32 = 1) {
    self.message = message
    self.code = code
  }

  /// A mistake in how the command was called.
  static func usage(_ message: String) -> Failure { Failure(message, code: 2) }

  /// Whether ArgumentParser raised `error` over the command line.
  static func isUsage(_ error: any Error) -> Bool {
    error is ValidationError || Swiftlet.exitCode(for: error) == .validationFailure
  }
}
