import SwiftletBytes
import SwiftletFormat
import SwiftletImages
import SwiftletModel
import SwiftletRuntime

/// A run that cannot go on: one line for standard error.
struct Failure: Error {
  var text = ByteWriter()

  /// `subject` is the file at fault; `-` is called standard input.
  @inline(never) init(_ subject: UnsafePointer<CChar>?, _ write: (inout ByteWriter) -> Void) {
    if let subject {
      if isStandardInput(subject) { text.write(text: "standard input") } else { text.write(printable: subject) }
      text.write(text: ": ")
    }
    write(&text)
  }

  init(_ subject: UnsafePointer<CChar>?, _ message: StaticString) {
    self.init(subject) { text in text.write(text: message) }
  }

  init(_ subject: UnsafePointer<CChar>, _ error: FileError) {
    self.init(subject) { text in error.write(to: &text) }
  }

  init(_ subject: UnsafePointer<CChar>, _ error: ModelFormatError) {
    self.init(subject) { text in error.write(to: &text) }
  }

  init(_ subject: UnsafePointer<CChar>, _ error: ImageError) {
    self.init(subject) { text in error.write(to: &text) }
  }

  init(_ subject: UnsafePointer<CChar>, _ error: PrepareError, model: Model) {
    self.init(subject) { text in
      error.write(to: &text, model: model)
      if case .memory(_, let limit) = error.reason, limit < PreparedModel.liftedMemoryLimit {
        text.write(text: "; if you trust the file, --no-limits runs it all the same")
      }
    }
  }
}
