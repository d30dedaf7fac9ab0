import SwiftletBytes
import SwiftletModel

/// Why bytes are not a model this version reads: the reason, the field of Format.md, and where it starts.
public struct ModelFormatError: Error, Sendable {
  public indirect enum Reason: Hashable, Sendable {
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
    /// The model would take more than this many bytes of memory, `ReadLimits.memoryBytes`.
    case memoryLimit(Int)
    /// Decoding would take longer than `ReadLimits.steps` allows.
    case stepLimit
    /// The graph read is not a valid model.
    case graph(GraphError)
    /// The model to be written is not valid or passes the format's limits.
    case notWritable(GraphError)
    /// The arithmetic coder takes fewer parameters, names and labels than the model has.
    case notCodable
  }

  /// Boxed: an error of one word takes little code where it only passes through.
  private indirect enum Facts: Sendable { case facts(Reason, field: StaticString, offset: Int, isInContent: Bool) }
  private let facts: Facts

  public var reason: Reason {
    switch facts {
    case .facts(let reason, _, _, _): reason
    }
  }
  public var field: StaticString {
    switch facts {
    case .facts(_, let field, _, _): field
    }
  }
  /// The byte at which the field starts: in the file, or, with `isInContent`, in the inflated content.
  public var offset: Int {
    switch facts {
    case .facts(_, _, let offset, _): offset
    }
  }
  public var isInContent: Bool {
    switch facts {
    case .facts(_, _, _, let isInContent): isInContent
    }
  }

  @inline(never) public init(_ reason: Reason, _ field: StaticString, at offset: Int, isInContent: Bool = true) {
    facts = .facts(reason, field: field, offset: offset, isInContent: isInContent)
  }

  @inline(never) init(_ error: ByteError, isInContent: Bool = true) {
    self.init(.bytes(error.reason), error.field, at: error.offset, isInContent: isInContent)
  }
}
