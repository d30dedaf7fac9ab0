import CSwiftletPlatform
import SwiftletBytes

/// Standard output, buffered; a failed write ends the run with a message.
struct Output {
  var text = ByteWriter()

  /// Writes the buffer out once it is large, so that memory stays bounded and system calls few.
  mutating func endLine() throws(Failure) {
    text.write(text: "\n")
    if text.count >= 1 << 14 { try flush() }
  }

  mutating func flush() throws(Failure) {
    let count = text.count
    guard count > 0 else { return }
    let code = text.bytes.withUnsafeBufferPointer { swl_write(1, $0.baseAddress, count) }
    text.bytes.removeAll(keepingCapacity: true)
    guard code == 0 else {
      throw Failure(nil) { text in
        text.write(text: "standard output cannot be written (system error ", Int(code), ")")
        text.write(text: "; is the disk full or the reader gone?")
      }
    }
  }
}

/// Writes `swiftlet-run: error: TEXT` to standard error.
func reportError(_ text: ByteWriter, _ after: StaticString = "") {
  var line = ByteWriter()
  line.write(text: "swiftlet-run: error: ")
  line.write(bytes: text.bytes)
  line.write(text: after)
  line.write(text: "\n")
  // Where standard error cannot be written either, the exit code alone has to tell.
  _ = line.bytes.withUnsafeBufferPointer { swl_write(2, $0.baseAddress, $0.count) }
}
