/// Names of files as Strings.
///
/// A name is bytes to the system, and a String holds Unicode alone. Each byte that is not UTF-8 becomes one private
/// scalar (U+10FF00 + byte), so that a String can hold any name; `FileBytes` turns it back. Shown, it is a "?"
/// (`printable`).
public enum FileName {
  /// The name as a String, without loss.
  public static func text(_ name: some Collection<UInt8>) -> String {
    var utf8: [UInt8] = []
    forEachCharacter(Array(name)) { bytes, isCharacter in
      // A name that has such scalars of its own would be turned back into other bytes.
      if isCharacter, !isEscape(bytes) {
        utf8 += bytes
      } else {
        for byte in bytes { append(escaping: byte, to: &utf8) }
      }
    }
    return String(decoding: utf8, as: UTF8.self)
  }

  /// The bytes that `text` was made from.
  public static func bytes(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    forEachCharacter(Array(text.utf8)) { character, _ in
      if isEscape(character) {
        let start = character.startIndex
        bytes.append(0x80 | (character[start + 2] & 1) << 6 | (character[start + 3] & 0x3F))
      } else {
        bytes += character
      }
    }
    return bytes
  }

  /// Whether every byte of the name is UTF-8.
  public static func isUnicode(_ text: String) -> Bool { text.unicodeScalars.allSatisfy { $0.value < 0x10_FF80 } }

  /// The text with U+FFFD for each byte that is not UTF-8, as JSON has it (RFC 8259).
  public static func unicode(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(scalar.value < 0x10_FF80 ? scalar : "\u{FFFD}") }
    return String(result)
  }

  /// Calls `body` with the name as C knows it.
  public static func withCString<Result, Failure: Error>(
    _ text: String, _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let name = bytes(text).map { CChar(bitPattern: $0) } + [0]
    return try body(name)
  }

  /// U+10FF80...U+10FFFF, of which bytes from 0x80 become one.
  static func isEscape(_ character: ArraySlice<UInt8>) -> Bool {
    guard character.count == 4 else { return false }
    let start = character.startIndex
    return character[start] == 0xF4 && character[start + 1] == 0x8F && character[start + 2] >= 0xBE
  }

  private static func append(escaping byte: UInt8, to utf8: inout [UInt8]) {
    utf8 += [0xF4, 0x8F, 0xBE | (byte >> 6 & 1), 0x80 | (byte & 0x3F)]
  }
}
