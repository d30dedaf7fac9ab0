public import SwiftletBytes
public import SwiftletFormat
public import SwiftletImages
public import SwiftletModel
public import SwiftletRuntime

// The errors of the lean modules as strings: one that is quoted in a text, or printed by mistake, reads as a sentence.

extension ByteError: CustomStringConvertible {
  public var description: String { string { write(to: &$0) } }
}

extension FileError: CustomStringConvertible {
  public var description: String { string { write(to: &$0) } }
}

extension ImageError: CustomStringConvertible {
  public var description: String { string { write(to: &$0) } }
}

extension ModelFormatError: CustomStringConvertible {
  public var description: String { string { write(to: &$0) } }
}

extension ShapeError: CustomStringConvertible {
  public var description: String { string { write(to: &$0) } }
}

extension GraphError: CustomStringConvertible {
  public var description: String { string { write(to: &$0) } }
}

extension GraphError.Reason: CustomStringConvertible {
  public var description: String { string { write(to: &$0) } }
}

extension PrepareError: CustomStringConvertible {
  public var description: String { string { write(to: &$0) } }
}

extension PrepareError.Reason: CustomStringConvertible {
  public var description: String { string { PrepareError(self).write(to: &$0) } }
}

extension Shape {
  /// "28 x 28 x 1": height, width, channels.
  public var text: String { string { $0.write(self) } }
}

private func string(_ write: (inout ByteWriter) -> Void) -> String {
  var writer = ByteWriter()
  write(&writer)
  return String(decoding: writer.bytes, as: UTF8.self)
}
