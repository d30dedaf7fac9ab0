import SwiftletBytes
import SwiftletModel

/// Why bytes are not a model this version reads: the reason, the field of Format.md, and where it starts.
public struct ModelFormatError: Error, Sendable {
  public enum Reason: Hashable, Sendable {
    /// The bytes do not begin with the format's magic number.
    case notAModel
    /// The file is empty.
    case empty
    /// A later version of the format; this one reads up to `ModelFormat.version`.
    case newerVersion(Int)
    /// Flags that a reader must know and this one does not.
    case unknownFlags(UInt8)
    /// A tag, option or enumeration value that the format does not define.
    case unknownValue(UInt64)
    /// A value outside what the field allows.
    case badValue
    /// Bytes that cannot be read, inflated, or whose checksum is wrong.
    case bytes(ByteError.Reason)
    /// The graph read is not a valid model.
    case graph(GraphError)
    /// The model to be written is not valid or passes the format's limits.
    case notWritable(GraphError)
    /// The arithmetic coder takes fewer parameters, names and labels than the model has.
    case notCodable
  }

  public let reason: Reason
  public let field: StaticString
  /// The byte at which the field starts: in the file, or, with `isInContent`, in the inflated content.
  public let offset: Int
  public let isInContent: Bool

  public init(_ reason: Reason, _ field: StaticString, at offset: Int, isInContent: Bool = true) {
    self.reason = reason
    self.field = field
    self.offset = offset
    self.isInContent = isInContent
  }

  init(_ error: ByteError, isInContent: Bool = true) {
    self.init(.bytes(error.reason), error.field, at: error.offset, isInContent: isInContent)
  }
}
