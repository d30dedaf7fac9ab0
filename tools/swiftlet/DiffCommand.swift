import ArgumentParser
import SwiftletData
import SwiftletEvaluation
import SwiftletModel
import SwiftletReport

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Compares two models: bytes, speed, accuracy, and layer by layer.",
    discussion: """
      With --data both are scored on the validation images that training held out, flips are counted, and each layer's \
      outputs are compared: signal-to-noise in dB, the first model being the signal (20 dB is 10% noise, 40 dB is 1%). \
      Where the first is float and the second quantized, 'alone' is the noise of the network's output when only that \
      layer's weights are quantized (its sensitivity: low is sensitive), and 'activations' the share of a layer's noise \
      that comes from rounding activations rather than weights.
      """)

  @Argument(help: "The first model file, the reference.") var first: String
  @Argument(help: "The second model file.") var second: String
  @Option(help: DataOptions.help) var data: String?
  @Option(.from(100, to: 1_000_000), help: DataOptions.countHelp) var syntheticCount = 12_000
  @Flag(help: DataOptions.orderHelp) var classesInOrder = false
  @Option(help: "Score the validation images that training held out, or the test images.")
  var subset = Eval.Subset.validation
  @Option(.between(1, and: 100_000), help: "Images whose every layer is compared.") var count = 256
  @Option(help: ArgumentHelp("Write a page with plots and the images that differ most.", valueName: "file"))
  var html: String?
  @Flag(help: "Replace the page if it exists.") var force = false
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var limitOptions: LimitOptions

  func validate() throws {
    if let data { try DataOptions.check(data) }
  }

  private struct Report: Encodable {
    var files: [String]
    var file_bytes: [Int]
    var diff: ModelDiff
  }

  func run() throws {
    try CommandFiles(
      inputs: [first, second], outputs: html.map { [PlannedOutput(path: $0, option: "--html")] } ?? [], force: force,
      printsJSON: json
    ).check()
    let files = try [first, second].map { try ModelFile($0) }
    let images = try images(files)
    let diff: ModelDiff
    do {
      diff = try ModelDiff(files[0].model, files[1].model, images: images, count: count, threads: threads.count)
    } catch { throw Failure("\(files[0].name), \(files[1].name): \(Failure.describe(error))") }
    if let html {
      let page = diff.html(files: files.map { ($0.name, $0.byteCount) }, images: images)
      try OutputFile.write(Array(page.utf8), to: html, force: force)
    }
    if json {
      try Console.printJSON(Report(files: [first, second], file_bytes: files.map(\.byteCount), diff: diff))
    } else {
      try Console.print(Self.text(diff, files))
    }
  }

  /// The images either model's training held out, or the test images.
  private func images(_ files: [ModelFile]) throws -> Dataset? {
    guard let data else { return nil }
    let loaded = try LoadedData(data, syntheticCount: syntheticCount, classesInOrder: classesInOrder)
    let sets = try loaded.fitted(to: files)
    if subset == .test { return try loaded.testImages(sets, other: "validation") }
    let splits = files.filter { $0.model.metadata.provenance?.split != nil }
    return try (splits.first ?? files[0]).heldOut(of: sets.train).validation
  }

  private static func text(_ diff: ModelDiff, _ files: [ModelFile]) -> String {
    func row(_ name: String, _ cell: (Int) -> String) -> [String] { [name, cell(0), cell(1)] }
    let sides = diff.sides
    var facts = [
      row("") { files[$0].name },
      row("type") { sides[$0].isQuantized ? "int8" : "float" },
      row("file bytes") { files[$0].byteCount.grouped },
      row("parameters") { sides[$0].parameterCount.grouped },
      row("nonzero") { sides[$0].nonzeroCount.grouped },
      row("multiply-accumulates") { sides[$0].multiplyAccumulates.grouped },
      row("us per image") { sides[$0].microseconds?.fixed(1) ?? "-" },
    ]
    if let comparison = diff.comparison {
      facts.append(
        comparison.errorIncrease == nil
          ? row("accuracy") { percent(sides[$0].correctCount ?? 0, comparison.imageCount) }
          : row("explained variance") { (sides[$0].explainedVariance ?? 0).fixed(2) + "%" })
    }
    var parts = [textTable(facts)]
    if let comparison = diff.comparison { parts.append(comparison.text) }
    guard !diff.layers.isEmpty else {
      return (parts + ["the graphs differ, so layers are not compared"]).joined(separator: "\n\n")
    }
    let header = ["layer", "output", "nonzero", "", "weights dB", "output dB", "alone dB", "activations"]
    parts.append(
      textTable(
        [header]
          + diff.layers.map { layer in
            [
              layer.name, layer.output, layer.nonzeroCounts?[0].grouped ?? "", layer.nonzeroCounts?[1].grouped ?? "",
              ModelDiff.text(decibels: layer.weightSQNR), ModelDiff.text(decibels: layer.outputSQNR),
              ModelDiff.text(decibels: layer.aloneSQNR),
              layer.activationBlame.map { (100 * $0).fixed(0) + "%" } ?? "",
            ]
          }))
    if !diff.worstImages.isEmpty {
      let rows = diff.worstImages.map {
        ["\($0.index)", $0.label, $0.predictions[0], $0.predictions[1], (100 * $0.relativeError).fixed(1) + "%"]
      }
      parts.append(
        "images with the largest error of the output, of \(diff.imageCount.grouped):\n"
          + textTable([["image", "label", "first", "second", "error"]] + rows))
    }
    return parts.joined(separator: "\n\n")
  }
}
