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

  @Option(help: "How many digits 'synthetic' generates for training; a sixth as many for testing.")
  var syntheticCount = 12_000

  @OptionGroup var limitOptions: LimitOptions

  func validate() throws {
    guard (100...1_000_000).contains(syntheticCount) else {
      throw ValidationError("--synthetic-count must be between 100 and 1000000.")
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
  @Option(name: .shortAndLong, help: "The file to write.")
  var output: String

  @Flag(help: "Replace the output file if it exists.")
  var force = false

  /// Refuses an output that exists or whose folder is missing before any work is done.
  func check() throws { try OutputFile.check(output, force: force) }
}

struct ThreadOptions: ParsableArguments {
  @Option(help: "Threads to use; by default SWIFTLET_THREADS, or 2 where the machine has them.")
  var threads: Int?

  func validate() throws { try Self.check(threads) }

  var count: Int { Self.count(threads, fallback: min(2, ProcessInfo.processInfo.activeProcessorCount)) }

  static func check(_ threads: Int?) throws {
    if let threads, !(1...256).contains(threads) { throw ValidationError("--threads must be between 1 and 256.") }
  }

  /// The count asked for, else what `SWIFTLET_THREADS` says, else `fallback`.
  static func count(_ threads: Int?, fallback: Int) -> Int {
    if let threads { return threads }
    let text = ProcessInfo.processInfo.environment["SWIFTLET_THREADS"]
    if let text, let count = Int(text), (1...256).contains(count) { return count }
    return fallback
  }
}
