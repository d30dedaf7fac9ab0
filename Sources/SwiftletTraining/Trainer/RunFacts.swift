import Foundation

/// Everything that decides what a run comes to, by name, so that a run to be resumed can say in what another one differs.
public struct RunFacts: Hashable, Sendable, Codable {
  /// One JSON object: the settings under their names, and what else counts in words.
  public let json: String

  /// - Parameters:
  ///   - settings: What the run was told.
  ///   - facts: What else decides the result, such as the data, under names in camel case.
  public init(_ settings: some Encodable, facts: [String: String]) {
    let encoder = JSONEncoder()
    // Settings that are no numbers are refused elsewhere.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
    let encoded = (try? encoder.encode(settings)) ?? Data()
    var object = (try? JSONSerialization.jsonObject(with: encoded)) as? [String: Any] ?? [:]
    for (name, text) in facts { object[name] = text }
    let data = try? JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
    json = String(decoding: data ?? Data(), as: UTF8.self)
  }

  /// What a file says of its run.
  public init(json: String) { self.json = json }

  /// In what this run differs from an earlier one, by name.
  public func differences(from earlier: RunFacts) -> [RunDifference] {
    Self.differences(earlier.object, object, "")
  }

  private var object: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(json.utf8))) as? [String: Any] ?? [:]
  }

  private static func differences(_ before: [String: Any], _ now: [String: Any], _ prefix: String) -> [RunDifference] {
    Set(before.keys).union(now.keys).sorted().flatMap { key in
      let name = prefix + words(key)
      if let before = before[key] as? [String: Any], let now = now[key] as? [String: Any],
        Set(before.keys) == Set(now.keys), before.count > 1
      {
        return differences(before, now, name + " ")
      }
      let (old, new) = (text(before[key]), text(now[key]))
      return old == new ? [] : [RunDifference(name: name, before: old, now: new)]
    }
  }

  /// "learning rate" for learningRate.
  private static func words(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? " \($1.lowercased())" : String($1) }
  }

  private static func text(_ value: Any?) -> String {
    switch value {
    case nil: "none"
    // Numbers that JSON spells true and false.
    case let number as NSNumber where String(cString: number.objCType) == "c": number.boolValue ? "yes" : "no"
    case let list as [Any]: list.map { text($0) }.joined(separator: "-")
    // A case of an enumeration with its values, or a group of settings.
    case let object as [String: Any]:
      object.sorted { $0.key < $1.key }.map { key, value in
        let inner = text(value)
        return inner.isEmpty ? words(key) : "\(words(key)) \(inner)"
      }.joined(separator: " ")
    case let value?: "\(value)"
    }
  }
}

/// One thing in which two runs differ.
public struct RunDifference: Hashable, Sendable, CustomStringConvertible {
  public var name, before, now: String

  public init(name: String, before: String, now: String) {
    self.name = name
    self.before = before
    self.now = now
  }

  /// "learning rate: 0.001 before, 0.1 now".
  public var description: String { "\(name): \(before) before, \(now) now" }
}

extension [RunDifference] {
  /// The first few in one line.
  public var text: String {
    let shown = prefix(4).map(\.description).joined(separator: "; ")
    return count > 4 ? "\(shown); and \(count - 4) more differ" : shown
  }

  /// Without what follows from the others: images held out in another way, or of other classes, have other hashes.
  public var causes: [RunDifference] {
    let choices: Set<String> = ["validation count", "split seed", "class names"]
    guard contains(where: { choices.contains($0.name) }) else { return self }
    return filter { !["training images", "validation images"].contains($0.name) }
  }
}
