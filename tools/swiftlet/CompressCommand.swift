import ArgumentParser
import Foundation
import SwiftletCompression
import SwiftletReport
import SwiftletSearch
import SwiftletTraining

struct Compress: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compress", abstract: "Searches for the smallest or best integer model within a budget.",
    discussion: """
      With --max-drop alone the smallest file within it is looked for; with --target-bytes or --target-latency the best \
      accuracy that fits, and with several limits all must hold. Channels are cut, the rest is trained as the integers \
      that will run and pruned to a size, again and again until the time is up; how wide, how small and with how many \
      levels follows from what is measured. A long search trains two more float models first, to learn from. Accuracy \
      is that on the validation images that training held out; test images are not looked at.

      Each better model within the budget is written to the output at once. OUTPUT.search keeps the state: Ctrl-C, a \
      crash or a full disk loses at most one training, and the same command with --resume goes on. It is removed at \
      the end. When nothing meets the budget, no model is written and the exit code is 1; the state stays, so that \
      --resume with more --minutes goes on, and --resume --near-miss takes the nearest.
      """)

  @Argument(help: "The float model that 'swiftlet train' wrote.") var model: String
  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @Option(
    .from(0, to: 100, "points"),
    help: "The most validation accuracy to lose, in percentage points; 0.1 where no limit is given.")
  var maxDrop: Double?
  @Option(.from(1), help: "The most bytes the file may have.") var targetBytes: Int?
  @Option(
    help: ArgumentHelp(
      "The most time a call with one image may take on one thread of this machine, such as 5us or 0.2ms.",
      valueName: "time"))
  var targetLatency: String?
  @OptionGroup var effort: EffortOptions
  @Flag(help: "Go on with a search that was stopped.") var resume = false
  @Flag(help: "Where nothing meets the budget, write the nearest candidate.") var nearMiss = false
  @Option(help: "Facts to leave out of the file, separated by commas: labels, names, provenance, self-test; or none.")
  var drop = "names"
  @Option(help: "Distortion of the training images: none, light, digits, or auto (light if training had --augment).")
  var augment = AugmentOption.auto
  @Option(.from(1, to: 4096), help: "Images per step; by default 64, fewer where the images are few.") var batch: Int?
  @Option(.seeds, help: "Seed of training.") var seed: UInt64 = 0
  @Option(.from(1), help: "Training images observed for activation ranges.") var calibrationCount = 1024
  @Option(
    help: ArgumentHelp("Write the recipe of the chosen model, for 'swiftlet shrink --recipe'.", valueName: "file"))
  var saveRecipe: String?
  @Option(
    help: "Write the full report, with every candidate and tensor, to this file: a page if it ends in .html, else JSON."
  )
  var report: String?
  @Flag(help: "Print the report as JSON.") var json = false
  @OptionGroup var threads: ThreadOptions

  enum AugmentOption: String, ExpressibleByArgument, CaseIterable { case auto, none, light, digits }

  func validate() throws {
    _ = try microseconds()
    _ = try stored(note: "")
  }

  private func microseconds() throws -> Double? {
    guard let targetLatency else { return nil }
    for (unit, factor) in [("us", 1.0), ("ms", 1e3)] where targetLatency.hasSuffix(unit) {
      if let value = Double(decimal: String(targetLatency.dropLast(unit.count))), value > 0 { return value * factor }
    }
    throw ValidationError(
      "--target-latency must be a time above 0 with its unit, such as 5us or 0.2ms; got '\(targetLatency)'.")
  }

  private func stored(note: String) throws -> StoredMetadata {
    var stored = StoredMetadata(names: true, tool: "swiftlet \(swiftletVersion)", note: note)
    for part in try Pack.parts(drop == "none" ? "" : drop, option: "--drop") {
      switch part {
      case .labels: stored.labels = false
      case .names: stored.names = false
      case .provenance: stored.provenance = false
      case .selfTest: stored.selfTest = false
      }
    }
    return stored
  }

  private func options(for source: ModelFile) throws -> CompressionOptions {
    let budget = CompressionBudget(
      maxDrop: maxDrop, targetBytes: targetBytes, targetMicroseconds: try microseconds())
    var options = CompressionOptions(budget, effort: effort.value)
    let training = source.model.metadata.provenance.map { String(decoding: $0.note, as: UTF8.self) } ?? ""
    switch augment {
    case .auto: options.augmentation = training.contains("--augment") ? .light : nil
    case .none: options.augmentation = nil
    case .light: options.augmentation = .light
    case .digits: options.augmentation = .digits
    }
    options.batch = batch
    options.seed = seed
    options.calibrationCount = calibrationCount
    options.threads = threads.count
    options.acceptsNearMiss = nearMiss
    options.stored = try stored(note: note)
    return options
  }

  /// The command in short, without the options that do not change the result.
  private var note: String {
    var parts = ["compress"]
    if let maxDrop { parts.append("--max-drop \(maxDrop)") }
    if let targetBytes { parts.append("--target-bytes \(targetBytes)") }
    if let targetLatency { parts.append("--target-latency \(targetLatency)") }
    parts.append(effort.text)
    if seed != 0 { parts.append("--seed \(seed)") }
    return parts.filter { !$0.isEmpty }.joined(separator: " ")
  }

  func run() throws {
    try SearchFiles.checkLeft(output.output, force: output.force, resumes: resume)
    try checkFiles()
    var files = try SearchFiles(output: output.output, force: output.force, resumes: resume)
    let source = try ModelFile.float(model, for: "compress")
    let images = try data.load(for: source).train
    let compressor = try Failure.naming(source.name) {
      try Compressor(source.model, data: images, options: options(for: source))
    }
    let result = try search(compressor, &files, source)
    var hasWritten = false
    do {
      try files.finish(result)
      try write(result, &hasWritten)
    } catch let failure as Failure {
      throw Failure("\(failure.message); \(files.unfinished(hasWritten: hasWritten))")
    }
    files.removeState()
    try printReport(of: result)
  }

  /// Searches; every failure says what is left.
  private func search(
    _ compressor: Compressor, _ before: inout SearchFiles, _ source: ModelFile
  ) throws -> CompressionResult {
    // What saves outlives the call as far as the compiler knows.
    var files = before
    defer { before = files }
    let isCancelled = Interruption.watch()
    let shown = CompressionProgress()
    defer { shown.clear() }
    do {
      return try Failure.naming(source.name) {
        do {
          return try compressor.run(resuming: files.state, isCancelled: isCancelled, save: { try files.save($0) }) {
            shown.show($0)
          }
        } catch CompressionError.otherSearch(let differences) {
          let named = differences.named(compressor.options.augmentation)
          throw Failure("\(files.stateName): \(CompressionError.otherSearch(named))")
        } catch let error as CompressionError {
          switch error {
          case .damagedSearch: throw Failure("\(files.stateName): \(error)")
          case .budgetNotMet: throw Failure("\(source.name): \(error); \(files.unmet)")
          // No more effort helps.
          case .targetBelowGraph, .targetBelowLatency: files.giveUp()
          default: break
          }
          throw error
        }
      }
    } catch CompressionError.cancelled { throw Failure(files.stopped, code: 130) }
  }

  /// All files of the command, before anything is done.
  private func checkFiles() throws {
    var result = output.planned(fileUse: "keeps its search beside its output")
    // What a stopped search wrote there.
    result.isOwn = resume
    var outputs = [
      result,
      PlannedOutput(
        path: SearchFiles.statePath(for: output.output), option: "--output", isBinary: true,
        fileUse: "writes it again after every candidate", isOwn: true),
    ]
    if let report { outputs.append(PlannedOutput(path: report, option: "--report")) }
    if let saveRecipe { outputs.append(PlannedOutput(path: saveRecipe, option: "--save-recipe")) }
    try CommandFiles(inputs: [model], outputs: outputs, force: output.force, printsJSON: json).check()
  }

  /// - Parameter hasWritten: Whether a file was written by now.
  private func write(_ result: CompressionResult, _ hasWritten: inout Bool) throws {
    if let report {
      let bytes =
        report.lowercased().hasSuffix(".html")
        ? Array(result.report.html(title: dataName(output.output)).utf8) : Array(try result.report.json())
      try OutputFile.write(bytes, to: report, force: output.force)
      hasWritten = true
    }
    let chosen = result.report.chosenCandidate
    if let saveRecipe {
      if let recipe = chosen.recipe {
        if chosen.isAbandoned {
          Console.note(
            "warning: the time was over before the recipe was: \(outputName(saveRecipe)) trains on and gives other bytes"
          )
        }
        try OutputFile.write(Array(try recipe.json()), to: saveRecipe, force: output.force)
      } else {
        Console.note(
          "warning: \(outputName(saveRecipe)) is not written: the chosen model (\(chosen.methodText)) has no recipe for 'shrink'"
        )
      }
    }
  }

  private func printReport(of result: CompressionResult) throws {
    if !result.report.meetsBudget { Console.note("warning: the budget is not met; this is the nearest candidate") }
    for warning in result.report.warnings { Console.note("warning: \(warning)") }
    if json {
      try Console.print(json: result.report.json())
    } else {
      try Console.print(result.report.text(file: outputName(output.output)))
    }
  }
}
