import SwiftletModel

/// The settings of one JSON object: every value is asked for by its type, and a wrong one is told with its place, what
/// it is and what is allowed.
struct Fields {
  /// "layer 2 (conv2d)".
  let place: String
  private let members: [(key: String, value: JSON)]

  init(_ value: JSON, where place: String, keys: [String]) throws(ArchitectureError) {
    guard case .object(let members) = value else {
      throw ArchitectureError("\(place) must be a JSON object, not \(value.shown)")
    }
    self.place = place
    self.members = members
    if let unknown = members.map(\.key).filter({ !keys.contains($0) }).min() {
      let names = known(keys.sorted(), insteadOf: unknown)
      throw ArchitectureError("\(place) has unknown key \(quoted(unknown)); \(names)")
    }
  }

  private func find(_ key: String) -> JSON? { members.first { $0.key == key }?.value }

  func has(_ key: String) -> Bool { find(key) != nil }

  /// The value of `key` as `read` makes it; `fallback` where there is none.
  ///
  /// - Parameter allowed: What `read` takes, as it follows "must be".
  private func take<Value>(
    _ key: String, default fallback: Value?, _ allowed: String, _ read: (JSON) -> Value?
  ) throws(ArchitectureError) -> Value {
    guard let value = find(key) else {
      guard let fallback else { throw ArchitectureError("\(place) needs '\(key)', \(allowed)") }
      return fallback
    }
    guard let result = read(value) else {
      throw ArchitectureError("\(place): '\(key)' must be \(allowed), not \(Self.shown(value))")
    }
    return result
  }

  /// A list of a few values is shown whole, as one of them is the wrong one.
  private static func shown(_ value: JSON) -> String {
    guard case .list(let elements) = value, (1...8).contains(elements.count) else { return value.shown }
    return "[" + elements.map(\.shown).joined(separator: ", ") + "]"
  }

  // MARK: Types

  func text(_ key: String, _ allowed: String, default fallback: String? = nil) throws(ArchitectureError) -> String {
    try take(key, default: fallback, allowed, Self.text)
  }

  func flag(_ key: String) throws(ArchitectureError) -> Bool {
    try take(key, default: false, "true or false") { if case .boolean(let flag) = $0 { flag } else { nil } }
  }

  /// A number of 32 bits; `isAllowed` judges it both as it is written and as those bits hold it.
  func number(
    _ key: String, default fallback: Float? = nil, _ allowed: String, _ isAllowed: (Double) -> Bool
  ) throws(ArchitectureError) -> Float {
    try take(key, default: fallback, allowed) {
      guard let number = Self.number($0), isAllowed(number), isAllowed(Double(Float(number))) else { return nil }
      return Float(number)
    }
  }

  func numbers(_ key: String, count: Int, of what: String) throws(ArchitectureError) -> [Double] {
    try take(key, default: nil, "a list of \(count) number\(count == 1 ? "" : "s"), \(what)") {
      Self.list($0, count: count...count, Self.number)
    }
  }

  func integer(
    _ key: String, default fallback: Int? = nil, atMost most: Int = Limits.extent
  ) throws(ArchitectureError) -> Int {
    try take(key, default: fallback, "a whole number from 1 to \(most)") { Self.integer($0, 1...most) }
  }

  /// The three extents of a shape.
  func shape(_ key: String) throws(ArchitectureError) -> Shape {
    let extents = try take(
      key, default: nil, "[height, width, channels], three whole numbers from 1 to \(Limits.extent)"
    ) { Self.list($0, count: 3...3, Self.extent) }
    return Shape(height: extents[0], width: extents[1], channels: extents[2])
  }

  /// A number for both axes, or `[height, width]`.
  func size(_ key: String, default fallback: Size2D? = nil) throws(ArchitectureError) -> Size2D {
    try take(key, default: fallback, "a whole number from 1 to \(Limits.extent), or [height, width]") {
      if let side = Self.extent($0) { return Size2D(side) }
      guard let pair = Self.list($0, count: 2...2, Self.extent) else { return nil }
      return Size2D(height: pair[0], width: pair[1])
    }
  }

  func padding() throws(ArchitectureError) -> Padding {
    try take(
      "padding", default: .valid,
      "\"valid\", \"same\", \"same_lower\", a whole number of cells from 0, or [top, left, bottom, right]"
    ) { value in
      switch Self.text(value) {
      case "valid": return .valid
      case "same", "same_upper": return .sameUpper
      case "same_lower": return .sameLower
      default: break
      }
      if let cells = Self.integer(value, 0...Limits.extent) { return .uniform(cells) }
      let sides = Self.list(value, count: 4...4) { Self.integer($0, 0...Limits.extent) }
      return sides.map { .explicit(top: $0[0], left: $0[1], bottom: $0[2], right: $0[3]) }
    }
  }

  func activation() throws(ArchitectureError) -> Activation {
    let allowed = "\"none\", \"relu\", \"relu6\" or {\"bounded_relu\": bound}, the bound above 0"
    return try take("activation", default: Activation.none, allowed) { value -> Activation? in
      switch Self.text(value) {
      case "none", "linear": return Activation.none
      case "relu": return .relu
      case "relu6": return Scale(6).map { .boundedReLU($0) }
      default: break
      }
      guard case .object(let members) = value, members.count == 1, members[0].key == "bounded_relu" else { return nil }
      return Self.number(members[0].value).flatMap { Scale($0) }.map { .boundedReLU($0) }
    }
  }

  /// The bound of a `bounded_relu` layer.
  func bound() throws(ArchitectureError) -> Scale {
    try take("bound", default: Scale(6), "a number above 0, from 2^-63 to 2^63") {
      Self.number($0).flatMap { Scale($0) }
    }
  }

  /// One name, or a list of names.
  func names(_ key: String) throws(ArchitectureError) -> [String]? {
    guard has(key) else { return nil }
    return try take(key, default: nil, "the name of an earlier layer, or a list of such names") { value in
      Self.text(value).map { [$0] } ?? Self.list(value, count: 1...Limits.nodes, Self.text)
    }
  }

  func list(_ key: String, _ allowed: String) throws(ArchitectureError) -> [JSON] {
    try take(key, default: nil, allowed) {
      if case .list(let elements) = $0, !elements.isEmpty { elements } else { nil }
    }
  }

  /// An object with settings of its own, nil where there is none.
  func object(_ key: String, keys: [String]) throws(ArchitectureError) -> Fields? {
    guard let value = find(key) else { return nil }
    return try Fields(value, where: "'\(key)'", keys: keys)
  }

  // MARK: One value

  private static func text(_ value: JSON) -> String? { if case .string(let text) = value { text } else { nil } }

  private static func number(_ value: JSON) -> Double? {
    if case .number(let number, _) = value { number } else { nil }
  }

  /// 3, 3.0 and 0.3e1 are the same whole number in JSON.
  private static func integer(_ value: JSON, _ range: ClosedRange<Int>) -> Int? {
    guard let number = number(value), let integer = Int(exactly: number), range.contains(integer) else { return nil }
    return integer
  }

  private static func extent(_ value: JSON) -> Int? { integer(value, 1...Limits.extent) }

  private static func list<Element>(
    _ value: JSON, count: ClosedRange<Int>, _ read: (JSON) -> Element?
  ) -> [Element]? {
    guard case .list(let elements) = value, count.contains(elements.count) else { return nil }
    let read = elements.compactMap(read)
    return read.count == elements.count ? read : nil
  }
}
