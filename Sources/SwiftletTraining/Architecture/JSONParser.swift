import SwiftletBytes

/// Reads JSON text (RFC 8259), strictly, with errors that name the line and what to do.
///
/// Recursion ends at `deepest`.
struct JSONParser {
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0
  private static let deepest = 32

  /// - Throws: `ArchitectureError`.
  static func parse(_ bytes: [UInt8]) throws(ArchitectureError) -> JSON {
    if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) || bytes.prefix(4).contains(0) {
      throw ArchitectureError("the architecture is UTF-16 or UTF-32 text; save it as UTF-8")
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    var parser = JSONParser(bytes: bytes.starts(with: mark) ? Array(bytes.dropFirst(3)) : bytes)
    parser.skipSpace()
    guard parser.next != nil else { throw ArchitectureError("the architecture is not valid JSON: it is empty") }
    let value = try parser.value()
    parser.skipSpace()
    guard parser.next == nil else { throw parser.fault("there is more after the end of the first value; remove it") }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func fault(_ text: String, at place: Int? = nil) -> ArchitectureError {
    let line = bytes.prefix(place ?? position).reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
    return ArchitectureError("the architecture is not valid JSON: line \(line): \(text)")
  }

  private mutating func skipSpace() {
    while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  private mutating func value() throws(ArchitectureError) -> JSON {
    switch next {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try list()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "/"), UInt8(ascii: "#"): throw fault("JSON has no comments; remove this one")
    case UInt8(ascii: "'"): throw fault("text goes between double quotes, not single ones")
    case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"), UInt8(ascii: "}"):
      throw fault("a value is missing before '\(Character(Unicode.Scalar(bytes[position])))'")
    case nil: throw fault("the text ends where a value is missing")
    default: return try word()
    }
  }

  /// A number, true, false or null.
  private mutating func word() throws(ArchitectureError) -> JSON {
    let start = position
    while let byte = next, byte > 0x20, !Array(",:[]{}\"'/#".utf8).contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    switch text {
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    case "null": return .null
    default: break
    }
    guard isNumber(bytes[start..<position]), let number = Double(text) else {
      throw fault("\(quoted(text)) is no value; numbers are like 3, 0.5 or 1e-3, text goes between double quotes")
    }
    guard number.isFinite else { throw fault("the number \(quoted(text)) is too large") }
    return .number(number, text)
  }

  /// -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
  private func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    func digits() -> Int { rest.prefix { (0x30...0x39).contains($0) }.count }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let whole = digits()
    guard whole == 1 || whole > 1 && rest.first != UInt8(ascii: "0") else { return false }
    rest = rest.dropFirst(whole)
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard digits() > 0 else { return false }
      rest = rest.dropFirst(digits())
    }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard digits() > 0 else { return false }
      rest = rest.dropFirst(digits())
    }
    return rest.isEmpty
  }

  private mutating func list() throws(ArchitectureError) -> JSON {
    var elements: [JSON] = []
    try forEachElement(until: UInt8(ascii: "]")) { (parser) throws(ArchitectureError) in
      elements.append(try parser.value())
    }
    return .list(elements)
  }

  private mutating func object() throws(ArchitectureError) -> JSON {
    var members: [(key: String, value: JSON)] = []
    var keys: Set<String> = []
    try forEachElement(until: UInt8(ascii: "}")) { (parser) throws(ArchitectureError) in
      guard parser.next == UInt8(ascii: "\"") else {
        if parser.next == UInt8(ascii: "/") || parser.next == UInt8(ascii: "#") { _ = try parser.value() }
        throw parser.fault("a key between double quotes is missing")
      }
      let start = parser.position
      let key = try parser.string()
      guard keys.insert(key).inserted else {
        throw parser.fault("the key \(quoted(key)) is given twice in one object; remove one", at: start)
      }
      parser.skipSpace()
      guard parser.next == UInt8(ascii: ":") else { throw parser.fault("a ':' is missing after \(quoted(key))") }
      parser.position += 1
      parser.skipSpace()
      members.append((key, try parser.value()))
    }
    return .object(members)
  }

  /// The elements of a list or the members of an object, with their commas.
  private mutating func forEachElement(
    until end: UInt8, _ element: (inout JSONParser) throws(ArchitectureError) -> Void
  ) throws(ArchitectureError) {
    let close = Character(Unicode.Scalar(end))
    depth += 1
    guard depth <= Self.deepest else { throw fault("lists and objects are more than \(Self.deepest) deep") }
    position += 1
    skipSpace()
    var comma: Int?
    while next != end {
      guard next != nil else { throw fault("the text ends before the closing '\(close)'") }
      try element(&self)
      comma = nil
      skipSpace()
      guard next != end else { break }
      guard next == UInt8(ascii: ",") else {
        if next == UInt8(ascii: "/") || next == UInt8(ascii: "#") { _ = try value() }
        throw fault(next == nil ? "the text ends before the closing '\(close)'" : "a ',' or '\(close)' is missing")
      }
      comma = position
      position += 1
      skipSpace()
    }
    if let comma { throw fault("nothing follows this ','; remove it", at: comma) }
    position += 1
    depth -= 1
  }

  private mutating func string() throws(ArchitectureError) -> String {
    let start = position
    position += 1
    var text: [UInt8] = []
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw fault("a line break or control character in a text; is its '\"' missing?") }
      position += 1
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      text += try escape()
    }
    guard next != nil else { throw fault("the text has no closing '\"'", at: start) }
    position += 1
    guard let result = String(validating: text, as: UTF8.self) else {
      throw fault("a text that is not UTF-8; save the file as UTF-8", at: start)
    }
    return result
  }

  /// What stands for the characters after a backslash.
  private mutating func escape() throws(ArchitectureError) -> [UInt8] {
    let plain: [UInt8: UInt8] = [0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9]
    guard let byte = next else { throw fault("the text ends after a '\\'") }
    position += 1
    if let character = plain[byte] { return [character] }
    guard byte == UInt8(ascii: "u") else {
      throw fault("unknown escape \(quoted("\\" + String(Character(Unicode.Scalar(byte))))) in a text")
    }
    var unit = try hexadecimal()
    if (0xD800..<0xDC00).contains(unit), bytes[position...].starts(with: Array("\\u".utf8)) {
      position += 2
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else { throw fault("half a surrogate pair in a text") }
      unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(unit) else { throw fault("half a surrogate pair in a text") }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func hexadecimal() throws(ArchitectureError) -> UInt32 {
    let digits = bytes[position...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw fault("'\\u' needs four hexadecimal digits") }
    position += 4
    return value
  }
}
