import SwiftletBytes

/// A JSON value as a file has it (RFC 8259).
///
/// Not `JSONSerialization`'s: there a boolean is a number too, and of a key given twice one value is silently lost.
indirect enum JSON {
  case null
  case boolean(Bool)
  /// With the text it was written as.
  case number(Double, String)
  case string(String)
  case list([JSON])
  /// In the order of the file; every key once.
  case object([(key: String, value: JSON)])
}

extension JSON {
  /// The value as a message shows it: "true", "the text 'x'", "a list of 2", "3.5".
  var shown: String {
    switch self {
    case .null: "null"
    case .boolean(let value): value ? "true" : "false"
    case .number(_, let text): text.count > 24 ? "\(text.prefix(24))..." : text
    case .string(let text): "the text \(quoted(text))"
    case .list(let elements): elements.isEmpty ? "an empty list" : "a list of \(elements.count)"
    case .object: "an object"
    }
  }
}

/// A name from the file between quotes, made safe for a terminal; a long one is cut.
func quoted(_ name: String) -> String {
  let text = printable(Array(name.utf8))
  return text.count > 60 ? "'\(text.prefix(60))...'" : "'\(text)'"
}

/// "known are a, b, c (did you mean 'b'?)": the names that may stand in the place of `name`, and the likely one.
func known(_ names: [String], insteadOf name: String) -> String {
  let most = 30
  let rest = names.count > most ? " and \(names.count - most) more" : ""
  let list = names.prefix(most).map { printable(Array($0.utf8)) }.joined(separator: ", ") + rest
  let nearest = names.map { (name: $0, distance: editDistance($0, name)) }.min { $0.distance < $1.distance }
  // A third of the letters may differ: "bath_norm", "conv2D", "stem1".
  guard let nearest, nearest.distance <= max(1, nearest.name.utf8.count / 3) else { return "known are \(list)" }
  return "known are \(list) (did you mean \(quoted(nearest.name))?)"
}

/// The letters to insert, delete or change to get from one name to the other (Levenshtein), upper and lower case alike.
private func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a.lowercased().utf8.prefix(64)), Array(b.lowercased().utf8.prefix(64)))
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let above = row[j + 1]
      row[j + 1] = x == y ? diagonal : min(diagonal, above, row[j]) + 1
      diagonal = above
    }
  }
  return row[b.count]
}
