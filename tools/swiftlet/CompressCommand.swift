import ArgumentParser
import Foundation
import SwiftletCompression
import SwiftletModel
import SwiftletPipeline
import SwiftletTraining

struct Compress: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compress", abstract: "Prunes, fine-tunes, quantizes and packs a model under an accuracy budget.",
    discussion: """
      Accuracy is measured on the validation images that training held out; test images are not looked at. The smallest \
      file within the budget is written; on Ctrl-C nothing is.
      """)

  @Argument(help: "The float model that 'swiftlet train' wrote.") var model: String
  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var packing: PackingOptions
  @Option(help: "The most validation accuracy to lose, in percentage points.") var maxDrop = 0.1
  @Flag(help: "Try fewer sparsities with less fine-tuning.") var quick = false
  @Option(help: "Sparsities to try, rising, separated by commas, such as 0.8,0.9.") var sparsity: String?
  @Option(help: "Epochs of fine-tuning for each sparsity.") var epochs: Int?
  @Option(help: "Integer levels on each side of 0 to try for weights, falling, such as 127,31,7.") var levels: String?
  @Flag(help: "Distort the images of fine-tuning, as 'train --augment' does.") var augment = false
  @Option(help: "Seed of fine-tuning.") var seed: UInt64 = 0
  @Option(help: "Training images observed for activation ranges.") var calibrationCount = 1024
  @Option(
    help: "Write the full report, with every candidate and tensor, to this file: a page if it ends in .html, else JSON."
  )
  var report: String?
  @Flag(help: "Print the report as JSON.") var json = false
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard maxDrop >= 0, maxDrop <= 100 else { throw ValidationError("--max-drop must be from 0 to 100 points.") }
    guard epochs ?? 1 >= 1 else { throw ValidationError("--epochs must be at least 1.") }
    guard calibrationCount >= 1 else { throw ValidationError("--calibration-count must be at least 1.") }
    _ = try options()
  }

  private func options() throws -> CompressionOptions {
    var options = quick ? CompressionOptions.quick(maxDrop: maxDrop) : CompressionOptions(maxDrop: maxDrop)
    if let sparsity {
      let values = sparsity.split(separator: ",").map { Double($0) ?? -1 }
      guard !values.isEmpty, values.allSatisfy({ (0..<1).contains($0) }) else {
        throw ValidationError("--sparsity must be numbers from 0 to below 1, separated by commas.")
      }
      options.sparsities = values.filter { $0 > 0 }
      options.refinements = 0
    }
    if let levels {
      let values = levels.split(separator: ",").map { Int($0) ?? 0 }
      guard !values.isEmpty, values.allSatisfy({ (1...127).contains($0) }) else {
        throw ValidationError("--levels must be numbers from 1 to 127, separated by commas.")
      }
      options.weightLevels = values
    }
    if let epochs { options.training.epochs = epochs }
    options.training.augmentation = augment ? .digits : nil
    options.training.seed = seed
    options.calibrationCount = calibrationCount
    options.threads = threads.count
    options.packing = packing.packing
    options.tool = Array("swiftlet \(swiftletVersion)".utf8)
    return options
  }

  func run() throws {
    try output.check()
    if let report { try OutputFile.check(report, force: output.force) }
    let source = try ModelFile.float(model, for: "compress")
    let images = try data.load().train
    var options = try options()
    let parts = [source.model.metadata.provenance.map { String(decoding: $0.note, as: UTF8.self) } ?? "", note]
    options.note = Array(parts.filter { !$0.isEmpty }.joined(separator: "; ").utf8)
    let compressor: Compressor
    do { compressor = try Compressor(source.model, data: images, options: options) } catch {
      throw Failure("\(model): \(error)")
    }
    let isCancelled = Interruption.watch()
    let shown = CompressionProgress()
    let result: CompressionResult
    do { result = try compressor.run(isCancelled: isCancelled) { shown.show($0) } } catch CompressionError.cancelled {
      throw Failure("stopped; nothing was written", code: 130)
    } catch let error as CompressionError {
      throw Failure("\(model): \(error)")
    }
    try OutputFile.write(result.file.bytes, to: output.output, force: output.force)
    if let report {
      let bytes =
        report.hasSuffix(".html")
        ? Array(result.report.html(title: dataName(output.output)).utf8) : Array(try result.report.json())
      try OutputFile.write(bytes, to: report, force: output.force)
    }
    for warning in result.report.warnings { Console.note("warning: \(warning)") }
    if json {
      try Console.print(String(decoding: result.report.json(), as: UTF8.self))
    } else {
      try Console.print(result.report.text(file: output.output))
    }
  }

  private var note: String {
    "compress --max-drop \(maxDrop)" + (quick ? " --quick" : "") + (sparsity.map { " --sparsity \($0)" } ?? "")
      + (levels.map { " --levels \($0)" } ?? "") + (epochs.map { " --epochs \($0)" } ?? "")
      + (augment ? " --augment" : "") + " --seed \(seed)"
  }
}

/// Shows a search on standard error.
final class CompressionProgress {
  private var line = ProgressLine()
  private var sparsity = 0.0

  func show(_ event: CompressionEvent) {
    switch event {
    case .floatScored(let correct, let total):
      line.finish("float: \(percent(correct, total)) of \(total.grouped) validation images")
    case .pruning(let sparsity):
      self.sparsity = sparsity
    case .training(.progress(let progress)):
      line.draw(
        fraction: progress.fraction,
        "pruning to \((100 * sparsity).fixed(1))%  epoch \(progress.epoch)/\(progress.epochs)  "
          + "loss \(progress.loss.fixed(4))  \(duration(progress.secondsLeft)) left")
    case .training(.epoch): break
    case .candidate(let candidate):
      line.finish(
        "sparsity \((100 * candidate.sparsity).fixed(1))%, \(candidate.weightLevels) levels: "
          + "drop \(candidate.drop.fixed(2)) points"
          + (candidate.fileBytes.map { ", \($0.grouped) bytes" } ?? "")
          + (candidate.meetsBudget ? "" : ": over the budget"))
    }
  }
}

extension CompressionReport {
  func text(file: String) -> String {
    var lines = [
      Console.table([
        ["stage", "bytes", "validation"],
        ["float", ledger.floatBytes.grouped, percent(floatCorrectCount, validationCount)],
        ["pruned (\((100 * sparsity).fixed(1))%)", ledger.prunedBytes.grouped, ""],
        ["int8", ledger.integerBytes.grouped, ""],
        ["packed", ledger.fileBytes.grouped, percent(compressedCorrectCount, validationCount)],
      ]),
      "drop \(drop.fixed(2)) points (95% interval \(intervalLow.fixed(2)) to \(intervalHigh.fixed(2)); "
        + "\(comparison.rightToWrong) became wrong, \(comparison.wrongToRight) right)",
    ]
    lines.append(
      Console.table(
        [["tensor", "elements", "nonzero", "encoding", "bytes in the file"]]
          + ledger.tensors.map {
            [
              "\($0.layer) \($0.parameter)", $0.elementCount.grouped, $0.nonzeroCount.grouped, $0.encoding,
              $0.deflatedBytes.grouped,
            ]
          }))
    lines.append("\(file): \(ledger.fileBytes.grouped) bytes, \(ledger.ratio.fixed(1)) times smaller than float")
    return lines.joined(separator: "\n")
  }
}

func percent(_ part: Int, _ whole: Int) -> String { (100 * Double(part) / Double(max(whole, 1))).fixed(2) + "%" }
