// Text for people and machines, built without String interpolation.

extension ByteWriter {
  /// A decimal fraction of `digits` places: 9987 with 4 places is "0.9987".
  public mutating func writeFixed(_ value: Int, digits: Int) {
    var unit = 1
    for _ in 0..<digits { unit *= 10 }
    if value < 0 { write(text: "-") }
    let magnitude = value.magnitude
    writeDecimal(magnitude / UInt(unit))
    guard digits > 0 else { return }
    write(text: ".")
    var rest = magnitude % UInt(unit)
    for _ in 0..<digits {
      unit /= 10
      write(byte: UInt8(ascii: "0") + UInt8(rest / UInt(unit)))
      rest %= UInt(unit)
    }
  }

  /// All 16 hexadecimal digits of a word.
  public mutating func writeHex(_ value: UInt64) {
    for shift in stride(from: UInt64(60), through: 0, by: -4) { write(byte: hexDigit(UInt8(value >> shift & 15))) }
  }

  /// Text from a file or an argument, made safe for a terminal: control characters and bytes that are not UTF-8
  /// become "?".
  public mutating func write(printable text: some Collection<UInt8>) {
    forEachCharacter(Array(text)) { character, isCharacter in
      if isCharacter, !isControl(character) { write(bytes: character) } else { write(text: "?") }
    }
  }

  /// A C string, as `write(printable:)`.
  public mutating func write(printable text: UnsafePointer<CChar>) {
    write(printable: cStringBytes(text))
  }

  /// A JSON string, its quotes included; bytes that are not UTF-8 become U+FFFD (RFC 8259).
  public mutating func write(json text: some Collection<UInt8>) {
    write(text: "\"")
    forEachCharacter(Array(text)) { character, isCharacter in
      guard isCharacter, !FileName.isEscape(character) else { return write(text: "\\ufffd") }
      switch character[character.startIndex] {
      case UInt8(ascii: "\""): write(text: "\\\"")
      case UInt8(ascii: "\\"): write(text: "\\\\")
      case 10: write(text: "\\n")
      case let byte where byte < 0x20 || byte == 0x7F:
        write(text: "\\u00")
        write(byte: hexDigit(byte >> 4))
        write(byte: hexDigit(byte & 15))
      default: write(bytes: character)
      }
    }
    write(text: "\"")
  }

  /// A C string, as `write(json:)`.
  public mutating func write(json text: UnsafePointer<CChar>) {
    write(json: cStringBytes(text))
  }
}

/// What `write` writes, as a string: the errors of the lean modules describe themselves so.
package func textWritten(by write: (inout ByteWriter) -> Void) -> String {
  var writer = ByteWriter()
  write(&writer)
  return String(decoding: writer.bytes, as: UTF8.self)
}

/// A name from a file, a folder or an argument as it may be shown: see `ByteWriter.write(printable:)`.
public func printable(_ name: some Collection<UInt8>) -> String { textWritten { $0.write(printable: name) } }

/// The bytes of a C string, without its terminator.
public func cStringBytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
  var bytes: [UInt8] = []
  var index = 0
  while text[index] != 0 {
    bytes.append(UInt8(bitPattern: text[index]))
    index += 1
  }
  return bytes
}

private func hexDigit(_ value: UInt8) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

/// C0, DEL, the C1 controls U+0080...U+009F, which some terminals obey, and what breaks lines or turns the direction of
/// writing: U+2028...U+202E and U+2066...U+2069; and what stands for a byte that is not UTF-8 (`FileName`).
private func isControl(_ character: ArraySlice<UInt8>) -> Bool {
  let first = character[character.startIndex]
  if FileName.isEscape(character) { return true }
  if first < 0x20 || first == 0x7F { return true }
  if first == 0xC2 { return character[character.startIndex + 1] < 0xA0 }
  guard first == 0xE2 else { return false }
  let (second, third) = (character[character.startIndex + 1], character[character.startIndex + 2])
  return (second == 0x80 && (0xA8...0xAE).contains(third)) || (second == 0x81 && (0xA6...0xA9).contains(third))
}

/// Calls `body` with each UTF-8 character, or with a byte that starts none (Unicode, table 3-7) and false.
func forEachCharacter(_ text: [UInt8], _ body: (_ bytes: ArraySlice<UInt8>, _ isCharacter: Bool) -> Void) {
  var index = 0
  while index < text.count {
    let length = characterLength(text, at: index)
    body(text[index..<index + max(length, 1)], length > 0)
    index += max(length, 1)
  }
}

/// The length of the well-formed character at `index`, or 0.
private func characterLength(_ text: [UInt8], at index: Int) -> Int {
  let first = text[index]
  let length: Int
  var second: ClosedRange<UInt8> = 0x80...0xBF
  switch first {
  case 0...0x7F: return 1
  case 0xC2...0xDF: length = 2
  case 0xE0...0xEF:
    length = 3
    if first == 0xE0 { second = 0xA0...0xBF }
    if first == 0xED { second = 0x80...0x9F }
  case 0xF0...0xF4:
    length = 4
    if first == 0xF0 { second = 0x90...0xBF }
    if first == 0xF4 { second = 0x80...0x8F }
  default: return 0
  }
  guard index + length <= text.count, second.contains(text[index + 1]) else { return 0 }
  for offset in 2..<max(length, 2) where text[index + offset] & 0xC0 != 0x80 { return 0 }
  return length
}
