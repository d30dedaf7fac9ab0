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

  @Option(.from(100, to: 1_000_000), help: Self.countHelp) var syntheticCount = 12_000

  static let orderHelp: ArgumentHelp =
    "Take the data's classes in their order for a model that stores no class names, whatever theirs are."

  @Flag(help: Self.orderHelp) var classesInOrder = false

  @OptionGroup var limitOptions: LimitOptions

  func validate() throws { try Self.check(data) }

  /// Refuses names that no data set has.
  static func check(_ data: String) throws {
    guard !data.isEmpty else { throw ValidationError("The name after --data is empty; give a folder, or 'synthetic'.") }
    guard data != standardStream else {
      throw ValidationError("--data - cannot read a data set from standard input; give a folder, or 'synthetic'.")
    }
  }

  /// Whether digits are generated rather than read.
  var isSynthetic: Bool { LoadedData.isSynthetic(data) }

  /// The data's name in a model's provenance: no folders of this machine.
  var name: String { isSynthetic ? "synthetic" : dataName(data) }

  /// Reads the data, telling on standard error what is passed over.
  func load() throws -> LoadedData {
    try LoadedData(data, syntheticCount: syntheticCount, classesInOrder: classesInOrder)
  }

  /// Reads the data for a model, its classes in the model's order.
  func load(for file: ModelFile) throws -> LoadedData.Sets { try load().fitted(to: file) }
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
