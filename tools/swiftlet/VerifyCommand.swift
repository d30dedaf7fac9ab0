import ArgumentParser
import SwiftletModel
import SwiftletRuntime

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Proves that this machine computes what the model's author saw, on every kernel path.",
    discussion: """
      Runs the model on inputs generated from the seed in the file and compares the hash of all outputs with the one \
      stored. Exit code 1 if any path differs.
      """)

  @Argument(help: "The quantized model file.") var model: String
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var limitOptions: LimitOptions

  private struct Report: Encodable {
    var samples: Int
    var expected: String
    var paths: [String: Bool]
    var verified: Bool
  }

  func run() throws {
    let file = try ModelFile.quantized(model, for: "verify")
    guard let test = file.model.metadata.selfTest else {
      throw Failure(
        "\(file.name): carries no self-test; make it again from its float model with 'swiftlet quantize' or 'compress'")
    }
    var report = Report(
      samples: test.sampleCount, expected: String(test.outputHash, radix: 16), paths: [:], verified: true)
    for table in KernelTable.supported {
      let prepared: PreparedModel
      do { prepared = try PreparedModel(file.model, kernels: table, memoryLimit: LimitOptions.running) } catch {
        throw Failure("\(file.name): \(Failure.describe(error))")
      }
      let isSame = test.verify(prepared)
      report.paths["\(table.name)"] = isSame
      report.verified = report.verified && isSame
      if !json { try Console.print("\(table.name): \(isSame ? "same outputs" : "DIFFERENT outputs")") }
    }
    if json { try Console.printJSON(report) }
    guard report.verified else {
      throw Failure(
        "\(file.name): outputs differ from the stored hash; the file or this build is wrong, do not use them together")
    }
    if !json {
      try Console.print(
        "verified: \(test.sampleCount) generated samples, hash \(report.expected), \(report.paths.count) kernel paths")
    }
  }
}
