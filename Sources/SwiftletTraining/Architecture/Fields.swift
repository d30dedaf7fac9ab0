import Foundation
import SwiftletModel

/// The settings of one JSON object, with errors that say where and what is allowed.
struct Fields {
  let place: String
  private let values: [String: Any]

  init(_ object: Any, where place: String, keys: [String]) throws {
    self.place = place
    guard let values = object as? [String: Any] else { throw ArchitectureError("\(place) must be a JSON object") }
    self.values = values
    let unknown = values.keys.filter { !keys.contains($0) }.sorted()
    guard unknown.isEmpty else {
      throw ArchitectureError(
        "\(place) has unknown key '\(unknown[0])'; known are \(keys.sorted().joined(separator: ", "))")
    }
  }

  func take(_ key: String) -> Any? { values[key] }

  func integer(_ key: String, default fallback: Int? = nil, atLeast minimum: Int = 1) throws -> Int {
    guard let value = values[key] else {
      guard let fallback else { throw ArchitectureError("\(place) needs '\(key)'") }
      return fallback
    }
    guard let number = Self.integer(value), number >= minimum, number <= Limits.extent else {
      throw ArchitectureError("\(place): '\(key)' must be a whole number from \(minimum) to \(Limits.extent)")
    }
    return number
  }

  func integers(_ key: String, count: ClosedRange<Int>) throws -> [Int] {
    guard let list = values[key] as? [Any], count.contains(list.count) else {
      throw ArchitectureError("\(place) needs '\(key)', a list of \(count.upperBound) whole numbers")
    }
    return try list.map {
      guard let number = Self.integer($0), (0...Limits.extent).contains(number) else {
        throw ArchitectureError("\(place): '\(key)' must hold whole numbers from 0 to \(Limits.extent)")
      }
      return number
    }
  }

  func number(_ key: String, default fallback: Double? = nil) throws -> Double {
    guard let value = values[key] else {
      guard let fallback else { throw ArchitectureError("\(place) needs '\(key)'") }
      return fallback
    }
    guard let number = Self.number(value) else { throw ArchitectureError("\(place): '\(key)' must be a number") }
    return number
  }

  func numbers(_ key: String, count: Int) throws -> [Double] {
    let list = (values[key] as? [Any])?.compactMap(Self.number) ?? []
    guard list.count == count else { throw ArchitectureError("\(place) needs '\(key)', a list of \(count) numbers") }
    return list
  }

  func flag(_ key: String) throws -> Bool {
    guard let value = values[key] else { return false }
    guard let flag = value as? Bool else { throw ArchitectureError("\(place): '\(key)' must be true or false") }
    return flag
  }

  /// A number for both axes, or `[height, width]`.
  func size(_ key: String, default fallback: Size2D? = nil) throws -> Size2D {
    guard values[key] is [Any] else {
      if values[key] == nil, let fallback { return fallback }
      return Size2D(try integer(key))
    }
    let pair = try integers(key, count: 2...2)
    return Size2D(height: pair[0], width: pair[1])
  }

  func padding() throws -> Padding {
    switch values["padding"] {
    case nil: return .valid
    case let name as String:
      switch name {
      case "valid": return .valid
      case "same", "same_upper": return .sameUpper
      case "same_lower": return .sameLower
      default: break
      }
    case is [Any]:
      let sides = try integers("padding", count: 4...4)
      return .explicit(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3])
    case let value?:
      if Self.integer(value) != nil { return .uniform(try integer("padding", atLeast: 0)) }
    }
    throw ArchitectureError(
      "\(place): 'padding' must be \"valid\", \"same\", \"same_lower\", a number, or [top, left, bottom, right]")
  }

  func activation() throws -> Activation {
    switch values["activation"] {
    case nil: return .none
    case let name as String:
      switch name {
      case "none", "linear": return .none
      case "relu": return .relu
      case "relu6": return try bounded(6)
      default: break
      }
    case let object as [String: Any]:
      if object.count == 1, let bound = object["bounded_relu"].flatMap(Self.number) { return try bounded(bound) }
    default: break
    }
    throw ArchitectureError("\(place): 'activation' must be \"none\", \"relu\", \"relu6\" or {\"bounded_relu\": bound}")
  }

  func bounded(_ bound: Double) throws -> Activation {
    guard let scale = Scale(bound) else { throw ArchitectureError("\(place): the bound of a ReLU must be above 0") }
    return .boundedReLU(scale)
  }

  private static func number(_ value: Any) -> Double? {
    // JSONSerialization makes true a number too.
    guard !isBoolean(value), let number = value as? NSNumber else { return nil }
    return number.doubleValue.isFinite ? number.doubleValue : nil
  }

  private static func isBoolean(_ value: Any) -> Bool {
    (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? false
  }

  private static func integer(_ value: Any) -> Int? { number(value).flatMap { Int(exactly: $0) } }
}
