import ArgumentParser
import SwiftletFormat
import SwiftletModel
import SwiftletReport

/// How a model is stored, on the command line.
struct PackingOptions: ParsableArguments {
  @Flag(help: "Deflate the content with zlib alone, without the arithmetic coder.") var plain = false

  var packing: Packing { plain ? .plain : .smallest }
}

struct Pack: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack", abstract: "Writes a model file anew, as small as it gets.",
    discussion: "The model computes the same. What --drop names is left out of the new file.")

  enum Part: String, CaseIterable { case labels, names, provenance, selfTest = "self-test" }

  @Argument(help: "The model, float or int8.") var model: String
  @OptionGroup var output: OutputOptions
  @OptionGroup var packing: PackingOptions
  @OptionGroup var limitOptions: LimitOptions
  @Flag(help: "Use the arithmetic coder however long the file takes to load.") var coded = false
  @Option(help: "Facts to leave out, separated by commas: labels, names, provenance, self-test.") var drop: String?

  func validate() throws {
    guard !packing.plain || !coded else { throw ValidationError("--plain and --coded exclude each other.") }
    _ = try parts()
  }

  private func parts() throws -> [Part] { try Self.parts(drop ?? "", option: "--drop") }

  /// The parts of a list like `names,self-test`.
  static func parts(_ text: String, option: String) throws -> [Part] {
    try text.split(separator: ",").map {
      guard let part = Part(rawValue: String($0)) else {
        throw ValidationError("\(option) knows labels, names, provenance and self-test, not '\($0)'.")
      }
      return part
    }
  }

  func run() throws {
    try output.check(reading: [model])
    let source = try ModelFile(model)
    guard !coded || source.model.isQuantized else {
      throw Failure(
        "\(source.name): is a float model; the coder needs an int8 one: run 'swiftlet quantize' or 'compress'")
    }
    var packed = source.model
    for part in try parts() {
      switch part {
      case .labels: packed.metadata.labels = []
      case .names: for index in packed.nodes.indices { packed.nodes[index].name = [] }
      case .provenance: packed.metadata.provenance = nil
      case .selfTest: packed.metadata.selfTest = nil
      }
    }
    let written = try OutputFile.write(
      packed, to: output.output, packing: coded ? .coded : packing.packing, force: output.force)
    try Console.print(
      "\(outputName(output.output)): \(written.bytes.count.grouped) bytes (\(source.name): \(source.byteCount.grouped) bytes)"
    )
  }
}
