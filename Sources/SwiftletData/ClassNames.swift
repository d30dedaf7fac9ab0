import SwiftletBytes

/// The names of a data set's classes, as folders or files give them.
enum ClassNames {
  /// The most bytes of a label that a model file can hold.
  private static let byteLimit = 255

  /// A class's name, which must be UTF-8: bytes of a folder's name that are not are read as Latin-1, as the systems that
  /// wrote such names mostly meant them.
  static func name(of file: String) -> String {
    guard !FileName.isUnicode(file) else { return file }
    var name = String.UnicodeScalarView()
    // U+10FF80...U+10FFFF stand for the bytes 0x80...0xFF.
    for scalar in file.unicodeScalars {
      name.append(scalar.value < 0x10_FF80 ? scalar : Unicode.Scalar(UInt8(scalar.value & 0xFF)))
    }
    return String(name)
  }

  /// Sorts names by their UTF-8 bytes, which is the order of the classes.
  ///
  /// - Throws: `DataError` for two folders of one class, too long a name, or too few or many classes.
  static func sorted(_ files: [String], in path: String) throws(DataError) -> [(file: String, name: String)] {
    let classes = files.map { (file: $0, name: name(of: $0)) }
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    // The same text in two Unicode forms is one class.
    var known: Set<String> = []
    for item in classes {
      guard known.insert(item.name).inserted else { throw DataError(.sameClassTwice(item.name), path: path) }
      guard item.name.utf8.count <= byteLimit else { throw DataError(.longClassName(limit: byteLimit), path: path) }
    }
    return classes
  }

  static func check(_ names: [String], _ path: String) throws(DataError) {
    guard (2...256).contains(names.count) else { throw DataError(.classCount(names), path: path) }
  }

  /// A line about names that are not UTF-8.
  static func note(_ files: [String]) -> String? {
    let odd = files.filter { !FileName.isUnicode($0) }
    guard !odd.isEmpty else { return nil }
    return "class names that are not UTF-8 are read as Latin-1: \(ClassMismatch.list(odd.map(name)))"
  }
}
