import SwiftletBytes

/// The idx files of one data set in a folder: MNIST's four, or others named alike.
///
/// Names are `PREFIX-train-images-idx3-ubyte`, `PREFIX-test-labels-idx1-ubyte` and so on, gzipped (.gz) or not; without a
/// prefix for MNIST and what takes its place (Fashion-MNIST, Kuzushiji-MNIST), where `t10k` stands for `test`. A dot may
/// stand for the last but one hyphen (`images.idx3-ubyte`), and labels may be 32-bit (`idx2-int`, as QMNIST's). Where an
/// archive made a folder of a file's name, the file is looked for in it.
struct IDXFamily {
  let folder: String
  /// Empty for MNIST's own names.
  let prefix: String
  /// The file of class names, `PREFIX-mapping.txt`.
  let mapping: String?
  private let files: [Name: String]
  /// The names of all its files, as they are.
  let found: [String]
  let passedOver: PassedOver
  /// See `FolderContents`.
  let decodeLimit: DecodeLimit?

  /// What a file's name says it holds.
  struct Name: Hashable {
    enum Part { case train, test }
    enum Kind: String { case images, labels }
    var prefix: String
    var part: Part
    var kind: Kind
  }

  /// The only family in a folder, or nil where there are no idx files.
  ///
  /// - Throws: `DataError` where there are several.
  static func only(in contents: FolderContents) throws(DataError) -> IDXFamily? {
    let candidates = try candidates(contents)
    let prefixes = Set(candidates.map(\.name.prefix)).sorted()
    guard let prefix = prefixes.first else { return nil }
    guard prefixes.count == 1 else {
      throw DataError(
        .severalFamilies(prefixes.map { $0.isEmpty ? "MNIST's names" : "\($0)-..." }), path: contents.path)
    }
    return IDXFamily(contents, prefix: prefix, candidates)
  }

  private init(_ contents: FolderContents, prefix: String, _ candidates: [(name: Name, file: String)]) {
    folder = contents.path
    decodeLimit = contents.decodeLimit
    self.prefix = prefix
    // Of several spellings of one file the first is taken: see `rank`.
    let taken = Dictionary(candidates.map { ($0.name, $0.file) }, uniquingKeysWith: { first, _ in first })
    files = taken.mapValues { contents.path(of: $0) }
    found = candidates.map(\.file).sorted()
    let mapping = prefix.isEmpty ? nil : contents.files.first { $0.lowercased() == "\(prefix)-mapping.txt" }
    self.mapping = mapping.map { contents.path(of: $0) }
    passedOver = contents.passedOver(reading: Set(taken.values + [mapping].compactMap { $0 }))
  }

  /// - Throws: `DataError` where the family lacks it.
  func path(_ part: Name.Part, _ kind: Name.Kind) throws(DataError) -> String {
    if let path = files[Name(prefix: prefix, part: part, kind: kind)] { return path }
    let start = prefix.isEmpty ? (part == .train ? "train" : "t10k") : "\(prefix)-\(part)"
    let names = ["-", "."].flatMap { separator in
      ["", ".gz"].map { "\(start)-\(kind.rawValue)\(separator)idx\(kind == .images ? 3 : 1)-ubyte\($0)" }
    }
    throw DataError(.missingFile(names: names, found: found), path: folder)
  }

  /// Whether the file's name says that its elements have 32 bits.
  static func saysWords(_ path: String) -> Bool { path.lowercased().contains(/-int(\.gz)?$/) }

  /// Regular files alone, the preferred spelling of each first.
  private static func candidates(_ contents: FolderContents) throws(DataError) -> [(name: Name, file: String)] {
    var files = contents.files.compactMap { file in Name(file).map { (name: $0, file: file) } }
    for folder in contents.folders {
      guard let name = Name(folder) else { continue }
      files += try contents.folder(folder).files.filter { Name($0) == name }
        .map { (name, "\(folder)/\($0)") }
    }
    return files.sorted { (rank($0.file), $0.file) < (rank($1.file), $1.file) }
  }

  /// Beside before in a folder, a hyphen before a dot, plain before gzipped.
  private static func rank(_ file: String) -> Int {
    (file.contains("/") ? 4 : 0) + (file.contains(".idx") ? 2 : 0) + (file.lowercased().hasSuffix(".gz") ? 1 : 0)
  }
}

extension IDXFamily.Name {
  init?(_ file: String) {
    // Most files are none, and there may be many.
    guard file.utf8.count < 256, file.lowercased().contains("idx") else { return nil }
    let pattern = /(?:(.+)-)?(train|test|t10k)-(images|labels)[-.]idx[0-9]-(?:ubyte|int)(?:\.gz)?/
    guard let match = file.lowercased().wholeMatch(of: pattern), let kind = Kind(rawValue: String(match.3)) else {
      return nil
    }
    self.init(prefix: match.1.map(String.init) ?? "", part: match.2 == "train" ? .train : .test, kind: kind)
  }
}
