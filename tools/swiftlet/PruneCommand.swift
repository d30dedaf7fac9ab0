import ArgumentParser
import SwiftletBytes
import SwiftletCompression
import SwiftletEvaluation
import SwiftletModel
import SwiftletReport
import SwiftletSearch
import SwiftletTraining

struct Prune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Sets a share of a float model's weights to zero and fine-tunes the rest.",
    discussion: """
      The weights of least magnitude go, by a cubic schedule over the first half of the epochs; zeros then stay zero. \
      With --epochs 0 they go at once and nothing is trained.
      """)

  enum PatternOption: String, ExpressibleByArgument, CaseIterable {
    case unstructured, block
    case twoOfFour = "2:4"

    var pattern: PruningOptions.Pattern {
      switch self {
      case .unstructured: .unstructured
      case .block: .block
      case .twoOfFour: .fineGrained(kept: 2, of: 4)
      }
    }
  }
  enum ScopeOption: String, ExpressibleByArgument, CaseIterable { case global, perLayer = "per-layer" }

  @Argument(help: "The float model.") var model: String
  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @Option(
    .from(0, below: 1), help: "The share of weights to be zero, from 0 to below 1; 0.5 with --pattern 2:4.")
  var sparsity: Double?
  @Option(help: "Compare weights over the whole model (global) or within each layer (per-layer).")
  var scope = ScopeOption.global
  @Option(
    help: """
      Prune single weights (unstructured: the smallest file), blocks of 4 inputs by 16 output channels (block: the \
      fastest model) or two of every four weights side by side (2:4: for accelerators that compute with it).
      """)
  var pattern = PatternOption.unstructured
  @Option(help: "Names of layers to leave whole, separated by commas.") var exclude: String?
  @Option(.from(0, to: 100_000), help: "Epochs of fine-tuning.") var epochs = 4
  @Option(.above(0), help: "The learning rate at its height; it falls to 0 along a cosine.")
  var learningRate: Float = 1e-3
  @Flag(help: "Distort the images of fine-tuning, as 'train --augment' does.") var augment = false
  @Option(.seeds, help: "Seed of fine-tuning.") var seed: UInt64 = 0
  @OptionGroup var threads: ThreadOptions

  private var share: Double { sparsity ?? 0.5 }

  func validate() throws {
    guard sparsity != nil || pattern == .twoOfFour else { throw ValidationError("Missing --sparsity.") }
    guard pattern != .twoOfFour || share <= 0.5 else {
      throw ValidationError("--pattern 2:4 leaves two of four weights: --sparsity can be 0.5 at most.")
    }
  }

  func run() throws {
    try output.check(reading: [model])
    let source = try ModelFile.float(model, for: "prune")
    try source.checkSplit()
    let parts = try source.heldOut(of: data.load(for: source).train)
    var configuration = PruningRun.fineTuning(epochs: epochs, seed: seed)
    configuration.learningRate = learningRate
    configuration.augmentation = augment ? .digits : nil
    let options = PruningOptions(
      scope: scope == .global ? .global : .perLayer, pattern: pattern.pattern,
      excludedLayers: exclude?.split(separator: ",").map(String.init) ?? [])
    var progress = TrainingReport()
    defer { progress.clear() }
    let run = PruningRun(sparsity: share, options: options, training: configuration, threads: threads.count)
    let result = try Failure.naming(source.name) {
      try run.run(
        source.model, training: parts.training, validation: parts.validation, isCancelled: Interruption.watch(),
        onEvent: { progress.show($0) })
    }
    progress.clear()
    if result.isInterrupted { throw Failure("stopped; nothing was written", code: 130) }
    var pruned = result.model
    let score = try Failure.naming(source.name) {
      try Evaluation.of(pruned, on: parts.validation, threads: threads.count)
    }
    let before = source.model.metadata.provenance.map { String(decoding: $0.note, as: UTF8.self) } ?? ""
    pruned.metadata.provenance?.note = Array(
      ("\(before); prune --sparsity \(share) --pattern \(pattern.rawValue) --scope \(scope.rawValue) --epochs \(epochs)"
        + " --learning-rate \(learningRate) --seed \(seed)" + (augment ? " --augment" : "")
        + (exclude.map { " --exclude \($0)" } ?? "")).utf8)
    pruned.metadata.provenance?.accuracies = score.provenance(.validation)
    let written = try OutputFile.write(
      pruned, to: output.output, force: output.force, rescues: epochs > 0)
    for layer in pruned.layerSparsities() {
      try Console.print(
        "\(printable(layer.name.utf8)): \((100 * layer.sparsity).fixed(1))% of \(layer.weightCount.grouped) weights are zero"
      )
    }
    try Console.print(
      "\(outputName(output.output)): \(written.bytes.count.grouped) bytes, validation \(score.qualityText)")
  }
}
