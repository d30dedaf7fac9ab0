import ArgumentParser
import Foundation
import SwiftletData
import SwiftletModel

let swiftletVersion = "0.1.0"

/// Where images come from.
struct DataOptions: ParsableArguments {
  static let help = ArgumentHelp(
    """
    A folder with idx or idx.gz files (MNIST, EMNIST and alike); of the folders 'train' and 'test', 'val' or both; of \
    class folders of PNG images or WAV recordings; of recordings named LABEL_anything_INDEX.wav; of PNG images without \
    labels; or 'synthetic' for generated digits ('\(LoadedData.generator)' where a folder is named 'synthetic').
    """,
    valueName: "path")

  @Option(name: .long, help: Self.help) var data: String

  static let countHelp: ArgumentHelp =
    "How many digits 'synthetic' generates for training; a sixth as many for testing."

  @Option(help: Self.countHelp) var syntheticCount = 12_000

  func validate() throws { try Self.check(syntheticCount) }

  static func check(_ syntheticCount: Int) throws {
    guard (100...1_000_000).contains(syntheticCount) else {
      throw ValidationError("--synthetic-count must be between 100 and 1000000.")
    }
  }

  /// Whether digits are generated rather than read.
  var isSynthetic: Bool { LoadedData.isSynthetic(data) }

  /// The data's name in a model's provenance: no folders of this machine.
  var name: String { isSynthetic ? "synthetic" : dataName(data) }

  /// Reads the data, telling on standard error what is passed over.
  func load() throws -> LoadedData { try LoadedData(data, syntheticCount: syntheticCount) }

  /// Reads the data for a model, its classes in the model's order.
  func load(for file: ModelFile) throws -> LoadedData.Sets { try load().fitted(to: file) }
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
