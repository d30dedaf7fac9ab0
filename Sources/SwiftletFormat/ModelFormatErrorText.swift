public import SwiftletBytes
import SwiftletModel

extension ModelFormatError {
  /// Writes one line for people, without the file's name and without a final period: what, where, the remedy.
  public func write(to text: inout ByteWriter) {
    switch reason {
    case .notAModel: text.write(text: "not a .swl model; give a file that swiftlet wrote")
    case .empty: text.write(text: "the file is empty; give a .swl model")
    case .newerVersion(let version):
      text.write(text: "the file has format version ", version, ", this program reads up to ")
      text.writeDecimal(ModelFormat.version)
      text.write(text: "; update swiftlet")
    case .unknownFlags(let flags):
      text.write(text: "the file needs features that this program does not know (flags ", Int(flags), ")")
      text.write(text: "; update swiftlet")
    case .unknownValue(let value):
      writePlace(to: &text)
      text.write(text: "the value ", value, " is not defined; the file is damaged or not by swiftlet")
    case .badValue:
      writePlace(to: &text)
      text.write(text: "a value outside what the format allows; the file is damaged or not by swiftlet")
    case .bytes(let reason):
      ByteError(reason, field, at: offset).write(to: &text)
      if isInContent { text.write(text: " (in the inflated content)") }
      text.write(text: "; get the file again")
    case .memoryLimit(let limit):
      writePlace(to: &text)
      text.write(text: "the model takes more than the ", limit >> 20, " MiB of memory that a file of this size may")
      text.write(text: "; if you trust the file, --no-limits reads it all the same")
    case .stepLimit:
      writePlace(to: &text)
      text.write(text: "reading the model takes longer than a file of this size may")
      text.write(text: "; if you trust the file, --no-limits reads it all the same")
    case .graph(let error):
      writePlace(to: &text)
      text.write(text: "not a valid graph: ")
      error.write(to: &text)
    case .notWritable(let error):
      text.write(text: "the model cannot be written: ")
      error.write(to: &text)
    case .notCodable:
      text.write(
        text: "the arithmetic coder takes at most 16777216 parameters and 1 MiB of names and labels; write plainly")
    }
  }

  private func writePlace(to text: inout ByteWriter) {
    text.write(text: field)
    text.write(text: " at byte ", offset, isInContent ? " of the inflated content: " : ": ")
  }
}

extension ModelFormatError: CustomStringConvertible {
  public var description: String { textWritten { write(to: &$0) } }
}
