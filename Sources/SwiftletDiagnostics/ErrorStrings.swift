import SwiftletBytes
public import SwiftletModel
public import SwiftletRuntime

// The same texts as strings, for modules whose errors quote others.

extension GraphError.Reason {
  /// What is wrong and how to mend it, without the place.
  public var text: String { string { write(to: &$0) } }
}

extension PrepareError.Reason {
  /// What is wrong and how to mend it, without the place.
  public var text: String { string { PrepareError(self).write(to: &$0) } }
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
