import SwiftletBytes
import SwiftletModel

/// Which of a data set's classes is which of a model's outputs, told by their names.
///
/// Names are the same where their bytes are, or where they are the same text in other Unicode forms ("é" as one
/// character or as two: archives made on macOS have the latter). A model without stored labels has the decimal indexes
/// for names.
public struct ClassMapping: Sendable {
  /// The data's names in the order of the model's outputs.
  public let names: [String]
  /// The data's class for each output of the model.
  public let classes: [Int]
  /// Whether the data has the model's order.
  public var isIdentity: Bool { classes == Array(0..<classes.count) }

  /// - Parameter classNames: The data's, none of them twice; none at all where it has no labels.
  /// - Throws: `ClassMismatch` where the classes differ.
  public init(_ model: Model, classNames: [String]) throws(ClassMismatch) {
    // A model that gives back its input tells no classes apart; data without labels is somebody else's to refuse.
    guard !model.reconstructsInput, !classNames.isEmpty, model.outputs.count == 1 else {
      self.init(inOrder: classNames)
      return
    }
    let count = model.values[model.outputs[0]].shape.count
    let stored = model.metadata.labels
    let labels = stored.isEmpty ? (0..<count).map(String.init) : stored.map { FileName.text($0) }
    if labels.elementsEqual(classNames, by: { $0.utf8.elementsEqual($1.utf8) }) {
      self.init(inOrder: classNames)
      return
    }
    do throws(ClassMismatch) { try self.init(labels, classNames) } catch {
      throw stored.isEmpty ? error.ofUnnamedClasses : error
    }
  }

  /// Puts classes into another order of theirs.
  init(arranging classNames: [String], as order: [String]) {
    let places = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
    names = order
    classes = order.map { places[$0]! }
  }

  private init(inOrder names: [String]) {
    self.names = names
    classes = Array(names.indices)
  }

  /// Finds each of the model's names among the data's: by bytes, else as text.
  private init(_ labels: [String], _ classNames: [String]) throws(ClassMismatch) {
    var free = Set(classNames.indices)
    var found = [Int?](repeating: nil, count: labels.count)
    let rules: [(String, String) -> Bool] = [{ $0.utf8.elementsEqual($1.utf8) }, { $0 == $1 }]
    for isSame in rules {
      for (output, label) in labels.enumerated() where found[output] == nil {
        guard let index = free.sorted().first(where: { isSame(classNames[$0], label) }) else { continue }
        free.remove(index)
        found[output] = index
      }
    }
    let missing = labels.indices.filter { found[$0] == nil }.map { labels[$0] }
    guard missing.isEmpty, free.isEmpty else {
      throw ClassMismatch(onlyModel: missing, onlyData: free.sorted().map { classNames[$0] }, of: labels)
    }
    classes = found.compactMap { $0 }
    names = classes.map { classNames[$0] }
  }
}

extension Dataset {
  /// The same images, their classes in the order of the model's outputs.
  ///
  /// - Throws: `ClassMismatch` where the model has other classes.
  public func inClassOrder(of model: Model) throws(ClassMismatch) -> Dataset {
    inClassOrder(try ClassMapping(model, classNames: classNames))
  }

  func inClassOrder(_ mapping: ClassMapping) -> Dataset {
    guard !mapping.isIdentity else { return self }
    var result = self
    result.classNames = mapping.names
    var outputs = mapping.classes
    for (output, index) in mapping.classes.enumerated() { outputs[index] = output }
    result.labels = labels.map { UInt8(outputs[Int($0)]) }
    return result
  }
}

/// That a data set has other classes than a model, in a line.
public struct ClassMismatch: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }

  /// Of a model that stores no names.
  var ofUnnamedClasses: ClassMismatch {
    ClassMismatch(
      description + "; the model stores no names, which are its outputs' numbers then: if its names were left out "
        + "(--drop labels) and it learnt these classes in this order, add --classes-in-order")
  }

  init(onlyModel: [String], onlyData: [String], of labels: [String]) {
    if let twice = onlyModel.first(where: { name in labels.count { $0 == name } > 1 }) {
      self.init(
        "the model has more than one class named \(Self.list([twice])), so that its outputs cannot be told apart by "
          + "name; train it again with names that differ")
      return
    }
    var sides: [String] = []
    if !onlyModel.isEmpty { sides.append("only the model has \(Self.list(onlyModel))") }
    if !onlyData.isEmpty { sides.append("only the data has \(Self.list(onlyData))") }
    self.init(
      "the model has other classes than the data: \(sides.joined(separator: ", ")); give data whose classes are named as "
        + "the model's (\(Self.list(labels))), or rename its class folders")
  }

  /// Some names, cleaned and in quotes, and how many more there are.
  static func list(_ names: [String], limit: Int = 6) -> String {
    let shown = names.prefix(names.count > limit + 1 ? limit : names.count).map { "'\(printable($0.utf8))'" }
    let rest = names.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}
