import SwiftletBytes

/// A bounds-checked cursor whose every error is a `ModelFormatError`.
package struct FieldReader {
  private var cursor: ByteCursor
  private let isInContent: Bool
  private(set) var budget: ReadBudget

  package init(
    _ bytes: [UInt8], range: Range<Int>? = nil, isInContent: Bool = true, limits: ReadLimits = ReadLimits()
  ) {
    cursor = ByteCursor(bytes, range: range)
    self.isInContent = isInContent
    budget = ReadBudget(limits)
  }

  /// Checks that `count * each` bytes may be allocated, before they are.
  @inline(never) mutating func reserve(
    _ count: Int, each: Int = 1, _ field: StaticString
  ) throws(ModelFormatError) {
    guard budget.takeMemory(count, each: each) else {
      throw error(.memoryLimit(budget.limits.memoryBytes), field, at: offset)
    }
  }

  /// Checks that `count * each` steps may be taken, before they are.
  @inline(never) mutating func spend(
    _ count: Int, each: Int = 1, _ field: StaticString
  ) throws(ModelFormatError) {
    guard budget.takeSteps(count, each: each) else { throw error(.stepLimit, field, at: offset) }
  }

  var offset: Int { cursor.offset }
  package var remaining: Int { cursor.remaining }

  /// All bytes, those already read included.
  var content: [UInt8] { cursor.bytes }

  @inline(never) func error(
    _ reason: ModelFormatError.Reason, _ field: StaticString, at offset: Int
  ) -> ModelFormatError {
    ModelFormatError(reason, field, at: offset, isInContent: isInContent)
  }

  @inline(never) mutating func byte(_ field: StaticString) throws(ModelFormatError) -> UInt8 {
    do { return try cursor.readByte(field) } catch { throw ModelFormatError(error, isInContent: isInContent) }
  }

  @inline(never) mutating func varint(_ field: StaticString) throws(ModelFormatError) -> UInt64 {
    do { return try cursor.readVarint(field) } catch { throw ModelFormatError(error, isInContent: isInContent) }
  }

  mutating func signedVarint(_ field: StaticString) throws(ModelFormatError) -> Int64 {
    do { return try cursor.readSignedVarint(field) } catch { throw ModelFormatError(error, isInContent: isInContent) }
  }

  @inline(never) mutating func count(
    _ field: StaticString, atLeast minimum: Int = 0, limit: Int
  ) throws(ModelFormatError) -> Int {
    let start = offset
    let value: Int
    do { value = try cursor.readCount(field, limit: limit) } catch {
      throw ModelFormatError(error, isInContent: isInContent)
    }
    guard value >= minimum else { throw self.error(.badValue, field, at: start) }
    return value
  }

  /// Skips `count` bytes and returns where in `content` they lie.
  @inline(never) mutating func range(_ field: StaticString, count: Int) throws(ModelFormatError) -> Range<Int> {
    do { return try cursor.readRange(field, count: count) } catch {
      throw ModelFormatError(error, isInContent: isInContent)
    }
  }

  @inline(never) mutating func bytes(_ field: StaticString, count: Int) throws(ModelFormatError) -> ArraySlice<UInt8> {
    do { return try cursor.readBytes(field, count: count) } catch {
      throw ModelFormatError(error, isInContent: isInContent)
    }
  }

  /// A little-endian integer.
  mutating func integer<T: FixedWidthInteger & UnsignedInteger>(
    _ field: StaticString, as type: T.Type
  ) throws(ModelFormatError) -> T {
    do { return try cursor.read(field, as: type) } catch { throw ModelFormatError(error, isInContent: isInContent) }
  }

  func expectEnd(_ field: StaticString) throws(ModelFormatError) {
    do { try cursor.expectEnd(field) } catch { throw ModelFormatError(error, isInContent: isInContent) }
  }
}
