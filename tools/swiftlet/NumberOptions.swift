import ArgumentParser
import Foundation

/// What a number on the command line may be; every option says it in the same words.
struct Bounds<Number: DecimalNumber>: Sendable {
  let text: String
  let contains: @Sendable (Number) -> Bool

  /// At least `least`.
  static func from(_ least: Number) -> Bounds { Bounds(text: "at least \(least.plain)") { $0 >= least } }

  /// Both ends included.
  ///
  /// - Parameter unit: What is counted.
  static func from(_ least: Number, to most: Number, _ unit: String = "") -> Bounds {
    let text = "from \(least.plain) to \(most.plain)"
    return Bounds(text: unit.isEmpty ? text : "\(text) \(unit)") { $0 >= least && $0 <= most }
  }

  /// Both ends included.
  static func between(_ least: Number, and most: Number) -> Bounds {
    Bounds(text: "between \(least.plain) and \(most.plain)") { $0 >= least && $0 <= most }
  }

  static func from(_ least: Number, below end: Number) -> Bounds {
    Bounds(text: "from \(least.plain) to below \(end.plain)") { $0 >= least && $0 < end }
  }

  static func above(_ start: Number) -> Bounds { Bounds(text: "above \(start.plain)") { $0 > start } }

  static func above(_ start: Number, to most: Number) -> Bounds {
    Bounds(text: "above \(start.plain) and at most \(most.plain)") { $0 > start && $0 <= most }
  }

  /// Both ends excluded.
  static func inside(_ start: Number, _ end: Number) -> Bounds {
    Bounds(text: "between \(start.plain) and \(end.plain), neither included") { $0 > start && $0 < end }
  }
}

extension Bounds where Number == UInt64 {
  /// Any seed.
  static var seeds: Bounds { .from(0, to: .max) }
}

/// A number as people write it in decimal digits; no hexadecimal one, infinity or NaN.
protocol DecimalNumber: Comparable, Sendable {
  /// What is asked for, where the bounds alone do not tell.
  static var kind: String { get }
  init?(decimal text: String)
}

extension DecimalNumber {
  /// Without ".0".
  fileprivate var plain: String { "\(self)".replacing(/\.0$/, with: "") }
}

extension DecimalNumber where Self: FixedWidthInteger {
  static var kind: String { "a whole number " }
  init?(decimal text: String) { self.init(text, radix: 10) }
}

extension DecimalNumber where Self: BinaryFloatingPoint & LosslessStringConvertible {
  static var kind: String { "" }
  init?(decimal text: String) {
    guard text.utf8.allSatisfy({ "0123456789.+-eE".utf8.contains($0) }), let value = Self(text), value.isFinite else {
      return nil
    }
    self = value
  }
}

extension Int: DecimalNumber {}
extension UInt64: DecimalNumber {}
extension Float: DecimalNumber {}
extension Double: DecimalNumber {}

/// Says what a value must be; `usageText` makes a sentence of it and the option's name.
struct BoundsError: Error, CustomStringConvertible {
  let description: String
}

private func number<Number: DecimalNumber>(_ text: String, _ bounds: Bounds<Number>) throws -> Number {
  guard let value = Number(decimal: text) else {
    throw BoundsError(description: "must be \(Number.kind)\(bounds.text)")
  }
  guard bounds.contains(value) else { throw BoundsError(description: "must be \(bounds.text)") }
  return value
}

extension Option {
  /// A number within bounds, with a default.
  init(wrappedValue: Value, _ bounds: Bounds<Value>, help: ArgumentHelp? = nil) where Value: DecimalNumber {
    self.init(wrappedValue: wrappedValue, help: help, transform: { try number($0, bounds) })
  }

  /// A number within bounds, or none.
  init<Number: DecimalNumber>(_ bounds: Bounds<Number>, help: ArgumentHelp? = nil) where Value == Number? {
    self.init(help: help, transform: { try number($0, bounds) })
  }
}
