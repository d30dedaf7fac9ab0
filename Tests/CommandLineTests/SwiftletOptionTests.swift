import Foundation
import SwiftletRuntime
import Testing

/// Values of options and environment variables that make no sense: refused with what is allowed.
@Suite struct SwiftletOptionTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  /// Every option with a number, where it belongs and what is said of values it cannot have.
  private static let numbers: [(command: [String], option: String, bounds: String)] = [
    (["train"], "--epochs", "from 1 to 100000"), (["train"], "--batch", "from 1 to 4096"),
    (["train"], "--learning-rate", "above 0"), (["train"], "--momentum", "from 0 to below 1"),
    (["train"], "--weight-decay", "at least 0"), (["train"], "--warm-up", "at least 0"),
    (["train"], "--seed", "from 0 to 18446744073709551615"), (["train"], "--validation", "from 0 to 1000000000"),
    (["train"], "--split-seed", "from 0 to"), (["train"], "--threads", "between 1 and 256"),
    (["train"], "--synthetic-count", "from 100 to 1000000"), (["compress", "m"], "--max-drop", "from 0 to 100 points"),
    (["compress", "m"], "--target-bytes", "at least 1"), (["compress", "m"], "--minutes", "above 0 and at most 10080"),
    (["compress", "m"], "--epochs", "from 1 to 1000000"), (["compress", "m"], "--batch", "from 1 to 4096"),
    (["compress", "m"], "--seed", "from 0 to"), (["compress", "m"], "--calibration-count", "at least 1"),
    (["shrink", "m"], "--target-bytes", "at least 1"), (["shrink", "m"], "--epochs", "from 1 to 100000"),
    (["shrink", "m"], "--pruning-epochs", "from 0 to 100000"), (["shrink", "m"], "--float-epochs", "from 0 to 100000"),
    (["shrink", "m"], "--batch", "from 1 to 4096"), (["shrink", "m"], "--learning-rate", "above 0"),
    (["shrink", "m"], "--distill", "from 0 to 1"), (["shrink", "m"], "--temperature", "above 0"),
    (["shrink", "m"], "--undistorted-epochs", "from 0 to"), (["shrink", "m"], "--seed", "from 0 to"),
    (["prune", "m"], "--sparsity", "from 0 to below 1"), (["prune", "m"], "--epochs", "from 0 to 100000"),
    (["prune", "m"], "--learning-rate", "above 0"), (["prune", "m"], "--seed", "from 0 to"),
    (["quantize", "m"], "--levels", "from 1 to 127"), (["quantize", "m"], "--codebook", "from 2 to 255"),
    (["quantize", "m"], "--calibration-count", "at least 1"), (["digits"], "--index", "at least 0"),
    (["diff", "m", "m"], "--count", "between 1 and 100000"), (["bench", "--shapes"], "--margin", "between 0 and 1"),
  ]

  @Test(arguments: numbers.indices)
  func numbersOutOfBoundsAreNamedWithWhatIsAllowed(_ index: Int) throws {
    let (command, option, bounds) = Self.numbers[index]
    // Each option gets some of the values, each value some of the options.
    let values = ["-0.5", "-inf", "nan", "1e999", "0x10", "", "99999999999999999999999"]
    for value in ["-1", values[index % values.count], values[(index + 3) % values.count]] {
      // A large number of a kind that has no upper bound is one.
      if value.hasPrefix("9"), bounds.hasPrefix("at least 0") || bounds == "above 0" { continue }
      let result = try tool.run(command + [option, value])
      #expect(result.code == 2 && result.output.isEmpty, "\(option) \(value): \(result)")
      #expect(result.error.hasPrefix("swiftlet: error: \(option) must be "), "\(result)")
      #expect(result.error.contains("\(bounds)") && result.error.contains("; got '\(value)'. See"), "\(result)")
    }
  }

  @Test func negativeValuesBelongToTheirOption() throws {
    for (options, text) in [
      (["--max-drop", "-1"], "--max-drop must be from 0 to 100 points; got '-1'."), (["--max-drop=-1"], "got '-1'."),
      (
        ["--target-latency", "-5us"],
        "--target-latency must be a time above 0 with its unit, such as 5us or 0.2ms; got '-5us'."
      ),
      (["--drop", "-3"], "--drop knows labels"), (["--quick", "-1"], "Unknown option '-1'"),
    ] { try tool.fail(["compress", "m", "-o", "x"] + options + Tool.data, code: 2, text) }
    try tool.fail(["bench", "m", "--batch", "-1,2"], code: 2, "--batch must be numbers from 1 to 4096", "got '-1,2'")
    try tool.fail(["bench", "m", "--threads", "-1"], code: 2, "--threads must be numbers from 1 to 256")
    try tool.fail(["quantize", "m", "-o", "x", "--ranges", "-5"] + Tool.data, code: 2, "--ranges must be", "got '-5'")
    try tool.fail(
      ["shrink", "m", "-o", "x", "--widths", "-5,3"] + Tool.data, code: 2, "--widths must be", "got '-5,3'")
    try tool.fail(["inspect", "--", "-1"], "-1: no such file")
    // A file may be called like a number.
    try tool.succeed(["pack", try tool.floatModel(), "-o", "-5.swl"].map { $0 == "-5.swl" ? tool.path("-5.swl") : $0 })
  }

  @Test func nonsenseInTheEnvironmentIsNamedWhereverItCounts() throws {
    let (float, int8) = (try tool.floatModel(), try tool.integerModel())
    let output = ["-o", tool.path("out.swl")]
    let commands =
      [
        ["train", "--arch", tool.path("tiny.json")] + output, ["compress", float] + output, ["shrink", float] + output,
        ["prune", float, "--sparsity", "0.5"] + output, ["quantize", float] + output, ["eval", int8],
      ].map { $0 + Tool.data.dropLast(2) } + [
        ["inspect", int8], ["diff", float, int8], ["bench", int8], ["verify", int8],
      ]
    func expect(_ command: [String], _ name: String, _ value: String, _ text: String) throws {
      let result = try LeanBinary.run(command, environment: [name: value], executable: Tool.executable)
      #expect(result.code == 1 && result.output.isEmpty, "\(command): \(result)")
      #expect(
        result.error.hasPrefix("swiftlet: error: \(name) is '\(value)'; ") && result.error.contains(text), "\(result)")
      #expect(result.error.split(separator: "\n").count == 1)
      // Help helps whatever the environment.
      let help = try LeanBinary.run(["help", command[0]], environment: [name: value], executable: Tool.executable)
      #expect(help.code == 0 && help.error.isEmpty)
    }
    for command in commands { try expect(command, "SWIFTLET_THREADS", "many", "a whole number from 1 to 256") }
    for value in ["0", "-2", "1.5"] { try expect(["inspect", int8], "SWIFTLET_THREADS", value, "from 1 to 256") }
    let kernels = KernelTable.supported.map { "\($0.name)" }.joined(separator: ", ")
    for command in commands { try expect(command, "SWIFTLET_KERNELS", "abacus", kernels) }
    let golden = GoldenModel.path("example")
    let lean = try LeanBinary.run([golden, "--verify"], environment: ["SWIFTLET_KERNELS": "abacus"])
    #expect(
      lean.code == 1 && lean.error.contains("SWIFTLET_KERNELS is abacus: this CPU and build have only "), "\(lean)")
    for name in ["SWIFTLET_THREADS", "SWIFTLET_KERNELS"] {
      let unset = try LeanBinary.run(["inspect", int8], environment: [name: ""], executable: Tool.executable)
      #expect(unset.code == 0, "an empty variable is none")
    }
  }
}
