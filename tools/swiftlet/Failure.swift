import ArgumentParser
import Foundation
import SwiftletBytes
import SwiftletData
import SwiftletFormat
import SwiftletImages
import SwiftletModel
import SwiftletRuntime
import SwiftletSearch
import SwiftletTraining

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

  /// What to do where nothing can be resumed from a file: one that is there is in the way of a new start.
  static func advice(onResuming error: any Error) -> String {
    (error as? FileError)?.reason == .missing
      ? "leave out --resume to start anew" : "give --force instead of --resume to start anew"
  }

  /// Does something with a file; where a library fails the sentence begins with the file.
  ///
  /// What is cancelled passes as it is: nothing is wrong with the file.
  static func naming<Result>(_ file: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let failure as Failure { throw failure } catch CompressionError.cancelled {
      throw CompressionError.cancelled
    } catch { throw Failure("\(file): \(describe(error))") }
  }

  /// One line about a library's error; the caller adds the file.
  static func describe(_ error: any Error) -> String {
    var text = ByteWriter()
    switch error {
    case let error as Failure: return error.message
    case let error as FileError: error.write(to: &text)
    case let error as ModelFormatError: error.write(to: &text)
    case let error as GraphError: error.write(to: &text)
    case let error as PrepareError: error.write(to: &text)
    case let error as ImageError: error.write(to: &text)
    case let error as ByteError: error.write(to: &text)
    default: return "\(error)"
    }
    return String(decoding: text.bytes, as: UTF8.self)
  }
}
