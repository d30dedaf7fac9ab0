import ArgumentParser
import Foundation

/// Joins an option and its value, `--seed -1` into `--seed=-1`, where the value looks like an option but is a negative
/// number: the parser then sees the value and says what is wrong with it.
///
/// - Parameter options: The names of the options that take a value.
func joiningNegativeValues(_ arguments: [String], options: Set<String>) -> [String] {
  var result: [String] = []
  var index = 0
  while index < arguments.count {
    let argument = arguments[index]
    index += 1
    if argument == "--" { return result + arguments[(index - 1)...] }
    if index < arguments.count, options.contains(argument), isNegativeNumber(arguments[index]) {
      result.append("\(argument)=\(arguments[index])")
      index += 1
    } else {
      result.append(argument)
    }
  }
  return result
}

/// Whether the text is meant for a negative number: -1, -.5, -1e3, -inf, -nan, -5us.
func isNegativeNumber(_ text: String) -> Bool {
  guard text.hasPrefix("-") else { return false }
  let rest = text.dropFirst().lowercased()
  return rest.first?.isASCII == true && rest.first?.isNumber == true || rest.hasPrefix(".")
    || ["inf", "infinity", "nan"].contains(rest)
}

extension Swiftlet {
  /// The names of all options that take a value, of every command.
  static func optionsWithValues() -> Set<String> {
    guard let help = try? JSONSerialization.jsonObject(with: Data(_dumpHelp().utf8)) as? [String: Any],
      let command = help["command"] as? [String: Any]
    else { return [] }
    return optionsWithValues(of: command)
  }

  private static func optionsWithValues(of command: [String: Any]) -> Set<String> {
    var result: Set<String> = []
    for argument in command["arguments"] as? [[String: Any]] ?? [] where argument["kind"] as? String == "option" {
      for name in argument["names"] as? [[String: String]] ?? [] {
        guard let text = name["name"] else { continue }
        result.insert(name["kind"] == "long" ? "--\(text)" : "-\(text)")
      }
    }
    for subcommand in command["subcommands"] as? [[String: Any]] ?? [] {
      result.formUnion(optionsWithValues(of: subcommand))
    }
    return result
  }
}

/// What ArgumentParser says of a command line, as one sentence: "--epochs must be from 1 to 100000; got 0."
func usageText(_ message: String) -> String {
  if let parts = message.wholeMatch(of: /(?s)The value '(.*)' is invalid for '(--[a-z0-9-]+)[^']*': (must be .*)/) {
    return "\(parts.2) \(parts.3); got '\(parts.1)'."
  }
  return message + (message.hasSuffix(".") || message.hasSuffix("?") ? "" : ".")
}
