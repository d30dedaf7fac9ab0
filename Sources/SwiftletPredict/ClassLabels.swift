import SwiftletBytes

/// The names of a model's classes; a class without a name goes by its number.
public struct ClassLabels: Hashable, Sendable {
  /// UTF-8, perhaps fewer than `count`.
  private let names: [[UInt8]]
  public let count: Int

  public init(names: [[UInt8]], count: Int) {
    self.names = names
    self.count = count
  }

  public subscript(index: Int) -> [UInt8] {
    if index < names.count { return names[index] }
    var number = ByteWriter()
    number.writeDecimal(index)
    return number.bytes
  }
}
