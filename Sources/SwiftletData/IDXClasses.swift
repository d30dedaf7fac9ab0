import SwiftletBytes

/// The classes of an idx data set: which labels there are, and their names.
///
/// MNIST's own file names stand for ten classes, 0 to 9, and so do QMNIST's. EMNIST's letters have the labels 1 to 26;
/// the names of its classes are in its mapping file, or known: the digits, then the capitals, then the small letters, of
/// which `balanced` and `bymerge` have only those that look unlike their capitals. With any other prefix the classes are
/// the labels that occur in training, whatever their first and their gaps, in rising order, and named by their numbers.
struct IDXClasses {
  /// One for each class, in rising order.
  let labels: [Int]
  let names: [String]
  /// Whether the labels are a fixed set, so that one may be without images.
  let isFixed: Bool
  /// What to do where there are other labels.
  private let advice: String?

  init(_ family: IDXFamily, trainingLabels: [Int]) throws(DataError) {
    advice =
      family.prefix.isEmpty ? "files of other classes need a prefix, as mine-train-images-idx3-ubyte" : nil
    if let mapping = family.mapping {
      (labels, names) = try Self.read(mapping)
      isFixed = true
    } else if let names = Self.known(family.prefix) {
      let first = family.prefix.hasSuffix("letters") ? 1 : 0
      (labels, self.names, isFixed) = (Array(first..<first + names.count), names, true)
    } else {
      if let index = trainingLabels.firstIndex(where: { !(0...255).contains($0) }) {
        throw DataError(
          .labelIsNoByte(label: trainingLabels[index], index: index), path: try family.path(.train, .labels))
      }
      labels = Set(trainingLabels).sorted()
      names = labels.map(String.init)
      isFixed = false
    }
    try ClassNames.check(names, family.folder)
  }

  private static func known(_ prefix: String) -> [String]? {
    let (digits, letters) = (Array("0123456789"), Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    let characters: [Character]
    switch prefix {
    case "", "qmnist", "emnist-digits", "emnist-mnist": characters = digits
    case "emnist-letters": characters = letters
    case "emnist-byclass": characters = digits + letters + Array("abcdefghijklmnopqrstuvwxyz")
    case "emnist-balanced", "emnist-bymerge": characters = digits + letters + Array("abdefghnqrt")
    default: return nil
    }
    return characters.map { String($0) }
  }

  /// The lines `LABEL CODE` or `LABEL CODE CODE`, the codes of a class's characters, of which the first is its name.
  private static func read(_ path: String) throws(DataError) -> ([Int], [String]) {
    let text = String(decoding: try Dataset.readFile(path, limit: 1 << 16), as: UTF8.self)
    var names: [Int: String] = [:]
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let fields = line.split(whereSeparator: \.isWhitespace)
      if fields.isEmpty { continue }
      guard fields.count >= 2, let label = Int(fields[0]), (0...255).contains(label), names[label] == nil,
        let scalar = UInt32(fields[1]).flatMap(Unicode.Scalar.init), scalar.value > 32,
        !names.values.contains(String(Character(scalar)))
      else { throw DataError(.mapping(line: index + 1), path: path) }
      names[label] = String(Character(scalar))
    }
    let labels = names.keys.sorted()
    return (labels, labels.map { names[$0] ?? "" })
  }

  /// The classes of labels.
  func indexes(_ values: [Int], path: String) throws(DataError) -> [UInt8] {
    var index = [UInt8?](repeating: nil, count: 256)
    for (number, label) in labels.enumerated() where index.indices.contains(label) { index[label] = UInt8(number) }
    var result: [UInt8] = []
    result.reserveCapacity(values.count)
    for (number, value) in values.enumerated() {
      guard index.indices.contains(value), let known = index[value] else {
        throw DataError(reason(value, number), path: path)
      }
      result.append(known)
    }
    return result
  }

  private func reason(_ label: Int, _ index: Int) -> DataError.Reason {
    if labels == Array(0..<labels.count) {
      return .labelOutOfRange(label: label, index: index, classCount: labels.count, advice: advice)
    }
    return .unknownLabel(label: label, index: index, known: (labels.first ?? 0)...(labels.last ?? 0))
  }
}
