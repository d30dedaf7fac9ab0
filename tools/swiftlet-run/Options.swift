import CSwiftletPlatform
import SwiftletBytes

/// What the command line asks for.
struct Options {
  var model: UnsafePointer<CChar>?
  /// Files to predict, `-` being standard input.
  var inputs: [UnsafePointer<CChar>] = []
  var isJSON = false
  var isVerifying = false
  /// Small files may ask for much memory and time.
  var areLimitsLifted = false
  var showsHelp = false
  var showsVersion = false
  var top = 1
  var threads = 1
  var kernels: UnsafePointer<CChar>?
}

/// A command line that cannot be obeyed; the text says why.
struct UsageError: Error {
  var text = ByteWriter()

  init(_ before: StaticString, _ argument: UnsafePointer<CChar>? = nil, _ after: StaticString = "") {
    text.write(text: before)
    if let argument { text.write(printable: argument) }
    text.write(text: after)
  }
}

extension Options {
  /// Reads the program's arguments.
  init(argumentCount count: Int) throws(UsageError) {
    var index = 1
    var areOptionsOver = false
    while index < count, let argument = swl_argument(Int32(index)) {
      index += 1
      let isOption = argument[0] == UInt8(ascii: "-").asCChar && argument[1] != 0
      if areOptionsOver || !isOption {
        if model == nil { model = argument } else { inputs.append(argument) }
      } else if matches(argument, "--") {
        areOptionsOver = true
      } else {
        try readOption(argument, next: &index)
      }
    }
    if showsHelp || showsVersion { return }
    guard model != nil else { throw UsageError("no model given") }
    guard !inputs.isEmpty || isVerifying else { throw UsageError("no input given") }
    var standardInputs = 0
    for path in inputs where isStandardInput(path) { standardInputs += 1 }
    if let model, isStandardInput(model) { standardInputs += 1 }
    guard standardInputs <= 1 else { throw UsageError("standard input (-) can be read only once") }
  }

  private mutating func readOption(_ argument: UnsafePointer<CChar>, next: inout Int) throws(UsageError) {
    if matches(argument, "--json") {
      isJSON = true
    } else if matches(argument, "--verify") {
      isVerifying = true
    } else if matches(argument, "--no-limits") {
      areLimitsLifted = true
    } else if matches(argument, "--help") || matches(argument, "-h") {
      showsHelp = true
    } else if matches(argument, "--version") {
      showsVersion = true
    } else if let value = try value(of: "--top", argument, &next) {
      top = try integer(value, "--top takes a whole number from 1 to 1000, not ", 1...1000)
    } else if let value = try value(of: "--threads", argument, &next) {
      threads = try integer(value, "--threads takes a whole number from 1 to 256, not ", 1...256)
    } else if let value = try value(of: "--kernels", argument, &next) {
      kernels = value
    } else {
      throw UsageError("unknown option ", argument)
    }
  }

  /// The value of `--name value` or `--name=value`, or nil where `argument` is another option.
  private func value(
    of name: StaticString, _ argument: UnsafePointer<CChar>, _ next: inout Int
  ) throws(UsageError) -> UnsafePointer<CChar>? {
    if matches(argument, name) {
      guard let value = swl_argument(Int32(next)) else { throw UsageError("no value after ", argument) }
      next += 1
      return value
    }
    let length = name.utf8CodeUnitCount
    guard starts(argument, with: name), argument[length] == UInt8(ascii: "=").asCChar else { return nil }
    return argument + length + 1
  }

  private func integer(
    _ text: UnsafePointer<CChar>, _ message: StaticString, _ range: ClosedRange<Int>
  ) throws(UsageError) -> Int {
    var value = 0
    let digits = cStringBytes(text)
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { throw UsageError(message, text) }
      value = min(value * 10 + Int(digit - UInt8(ascii: "0")), range.upperBound + 1)
    }
    guard !digits.isEmpty, range.contains(value) else { throw UsageError(message, text) }
    return value
  }
}

extension UInt8 {
  var asCChar: CChar { CChar(bitPattern: self) }
}

private func starts(_ argument: UnsafePointer<CChar>, with name: StaticString) -> Bool {
  // A shorter argument differs at its terminator.
  for index in 0..<name.utf8CodeUnitCount where argument[index] != name.utf8Start[index].asCChar { return false }
  return true
}

private func matches(_ argument: UnsafePointer<CChar>, _ name: StaticString) -> Bool {
  starts(argument, with: name) && argument[name.utf8CodeUnitCount] == 0
}

/// Whether the argument is `-`, standard input.
func isStandardInput(_ argument: UnsafePointer<CChar>) -> Bool { matches(argument, "-") }
