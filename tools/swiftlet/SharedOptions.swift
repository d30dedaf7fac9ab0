import ArgumentParser
import Foundation
import SwiftletData
import SwiftletModel

let swiftletVersion = "0.1.0"

/// Where images come from.
struct DataOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      A folder with MNIST's idx or idx.gz files; of class folders of PNG images or WAV recordings; of recordings named \
      LABEL_anything_INDEX.wav; of PNG images without labels; or 'synthetic'.
      """,
      valueName: "path"))
  var data: String

  @Option(
    .from(100, to: 1_000_000), help: "How many digits 'synthetic' generates for training; a sixth as many for testing.")
  var syntheticCount = 12_000

  @OptionGroup var limitOptions: LimitOptions

  func validate() throws { try Self.check(data) }

  /// Refuses names that no data set has.
  static func check(_ data: String) throws {
    guard !data.isEmpty else { throw ValidationError("The name after --data is empty; give a folder, or 'synthetic'.") }
    guard data != standardStream else {
      throw ValidationError("--data - cannot read a data set from standard input; give a folder, or 'synthetic'.")
    }
  }

  /// The training images (validation not yet held out) and the test images.
  func load() throws -> (train: Dataset, test: Dataset) {
    if data == "synthetic" {
      return (
        SyntheticDigits.dataset(count: syntheticCount, seed: 1),
        SyntheticDigits.dataset(count: syntheticCount / 6, seed: 2)
      )
    }
    return try Dataset.open(data)
  }
}

/// Where the result goes.
struct OutputOptions: ParsableArguments {
  @Option(name: .shortAndLong, help: "The file to write; - is standard output.")
  var output: String

  @Flag(help: "Replace the output file if it exists.")
  var force = false

  /// The output as a plan; `use` is what the command does with it that only a file allows.
  func planned(isBinary: Bool = true, fileUse: String? = nil) -> PlannedOutput {
    PlannedOutput(path: output, option: "--output", isBinary: isBinary, fileUse: fileUse)
  }

  /// Refuses an output that cannot be written before any work is done.
  func check(reading inputs: [String]) throws {
    try CommandFiles(inputs: inputs, outputs: [planned()], force: force).check()
  }
}

struct ThreadOptions: ParsableArguments {
  @Option(
    .between(1, and: 256), help: "Threads to use; by default SWIFTLET_THREADS, or 2 where the machine has them.")
  var threads: Int?

  /// The count asked for, else what `SWIFTLET_THREADS` says.
  var count: Int {
    threads ?? Environment.threads ?? min(2, ProcessInfo.processInfo.activeProcessorCount)
  }
}
