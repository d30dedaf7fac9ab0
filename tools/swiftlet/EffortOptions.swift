import ArgumentParser
import SwiftletSearch

/// How long a search lasts, on the command line.
struct EffortOptions: ParsableArguments {
  @Flag(help: "Search for four and a half minutes.") var quick = false
  @Flag(help: "Search for an hour.") var thorough = false
  @Option(.above(0, to: 10_080), help: "Search for so many minutes; 15 by default.") var minutes: Double?
  @Option(
    .from(1, to: 1_000_000),
    help: "Search for so many epochs of training in all (4 at least) instead, whatever time they take.")
  var epochs: Int?

  func validate() throws {
    guard [quick, thorough, minutes != nil, epochs != nil].count(where: { $0 }) <= 1 else {
      throw ValidationError("--quick, --thorough, --minutes and --epochs exclude each other.")
    }
  }

  var value: CompressionOptions.Effort {
    if let epochs { return .epochs(epochs) }
    return quick ? .quick : thorough ? .thorough : minutes.map { .minutes($0) } ?? .standard
  }

  /// As it was given.
  var text: String {
    if let epochs { return "--epochs \(epochs)" }
    return quick ? "--quick" : thorough ? "--thorough" : minutes.map { "--minutes \($0)" } ?? ""
  }
}
