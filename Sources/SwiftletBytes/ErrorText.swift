import CSwiftletZlib

// One line for people, without a file's name (the caller knows it) and without a final period.

extension ByteError: CustomStringConvertible {
  public var description: String { textWritten { write(to: &$0) } }
}

extension FileError: CustomStringConvertible {
  public var description: String { textWritten { write(to: &$0) } }
}

extension ByteError {
  /// Writes what is wrong and where: "layer count at byte 12: 5000 is above the limit of 4096".
  public func write(to text: inout ByteWriter) {
    text.write(text: field)
    text.write(text: " at byte ", offset, ": ")
    reason.write(to: &text)
  }
}

extension ByteError.Reason {
  func write(to text: inout ByteWriter) {
    switch self {
    case .truncated(let needed, let available):
      text.write(text: "the data ends too early (", needed, " bytes needed, ")
      text.write(text: "", available, " left)")
    case .overLimit(let value, let limit):
      text.write(text: "", value, " is above the limit of ")
      text.writeDecimal(limit)
    case .varintOverflow:
      text.write(text: "a number does not fit in 64 bits")
    case .varintNotCanonical:
      text.write(text: "a number is not in its shortest form")
    case .trailingBytes(let count):
      text.write(text: "", count, count == 1 ? " byte is left over" : " bytes are left over")
    case .corruptDeflate(let code):
      text.write(text: code == Z_NEED_DICT ? "compressed data needs a dictionary" : "compressed data is corrupt")
    case .inflatedCount(let expected, let actual):
      text.write(
        text: actual > expected ? "compressed data holds more than the " : "compressed data holds less than the ")
      text.write(text: "", expected, " bytes declared")
    case .checksum:
      text.write(text: "the checksum does not match: the data is damaged")
    case .outOfMemory:
      text.write(text: "out of memory")
    }
  }
}

extension FileError {
  /// Writes the reason and, where there is one, the remedy: "the file exists; --force replaces it".
  public func write(to text: inout ByteWriter) {
    switch reason {
    case .missing: text.write(text: "no such file")
    case .isDirectory: text.write(text: "is a directory, not a file")
    case .permission: text.write(text: "permission denied")
    case .tooLarge: text.write(text: "the file is larger than the limit for its kind")
    case .exists: text.write(text: "the file exists; --force replaces it")
    case .noSpace: text.write(text: "no space left to write it; nothing was written")
    case .folderMissing: text.write(text: "the folder to write into does not exist; create it first")
    case .badName: text.write(text: "not a usable file name")
    case .other: text.write(text: "the system reports error ", Int(errorNumber), "")
    }
  }
}
