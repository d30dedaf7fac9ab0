import ArgumentParser
import Foundation
import SwiftletBytes
import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletModel
import SwiftletReport
import SwiftletSearch
import SwiftletTraining

struct Shrink: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shrink",
    abstract: "Makes the smallest integer model: narrows, prunes and trains it as what will run.",
    discussion: """
      Channels are cut to --widths and the rest is trained in floating point; then the weights are trained as the \
      integers that will run, while the least important are pruned until the file has --target-bytes; then the zeros \
      stay and the rest is trained on. The best epoch on the validation images held out by training is kept; every better \
      one is saved at once, so that a stopped run leaves the best so far. --recipe replays what --print-recipe printed or \
      'swiftlet compress --save-recipe' wrote.
      """)

  @Argument(help: "The float model that 'swiftlet train' wrote.") var model: String
  @OptionGroup var data: DataOptions
  @Option(name: .shortAndLong, help: "The file to write.") var output: String?
  @Flag(help: "Replace the output file if it exists.") var force = false
  @Option(help: "A recipe to follow; the options below but --teachers and --threads are then not taken.")
  var recipe: String?
  @Flag(help: "Print the recipe as JSON and do nothing.") var printRecipe = false
  @Option(help: "Channels each weighted layer but the last keeps, separated by commas, such as 15,32,59.")
  var widths: String?
  @Option(.from(1), help: "Bytes of the file to aim at.") var targetBytes: Int?
  @Option(help: "Weights become integers from -N to N: one number, or one for each layer, separated by commas.")
  var levels = "7"
  @Option(.from(1, to: 100_000), help: "Epochs of training in integers.") var epochs = 60
  @Option(
    .from(0, to: 100_000), help: "Epochs over which the file shrinks to the target; a third of --epochs by default.")
  var pruningEpochs: Int?
  @Option(.from(0, to: 100_000), help: "Epochs of training in floating point after the channels are cut.")
  var floatEpochs = 12
  @Option(.from(1, to: 4096), help: "Images per step.") var batch = 64
  @Option(.above(0), help: "The learning rate at its height; it falls to 0 along a cosine.")
  var learningRate: Float = 2e-3
  @Option(
    .from(0, to: 1), help: "The share of the loss that learns from the float model instead of the labels, 0 to 1.")
  var distill: Float = 0
  @Option(.above(0), help: "The temperature of that part.") var temperature: Float = 1
  @Option(help: "Float models to learn from instead, and instead of those a recipe trains, separated by commas.")
  var teachers: String?
  @Option(help: "Distortion of the training images: none, light or digits.") var augment = AugmentChoice.light
  @Option(.from(0, to: 100_000), help: "So many of the --epochs, the last, show the images undistorted.")
  var undistortedEpochs = 0
  @Option(.seeds, help: "Seed of training.") var seed: UInt64 = 0
  @OptionGroup var threads: ThreadOptions

  enum AugmentChoice: String, ExpressibleByArgument, CaseIterable { case none, light, digits }

  func validate() throws {
    guard printRecipe || output != nil else { throw ValidationError("Give a file to write with --output.") }
    // A recipe tells on its own whether it distils.
    guard teachers == nil || recipe != nil || distill > 0 else {
      throw ValidationError("--teachers needs --distill above 0.")
    }
    guard teacherFiles.allSatisfy({ !$0.isEmpty }) else {
      throw ValidationError("--teachers must be names of files, separated by commas; got '\(teachers ?? "")'.")
    }
    if recipe == nil { do { try made().check() } catch { throw ValidationError("\(error)") } }
  }

  private func made() throws -> ShrinkRecipe {
    var made = ShrinkRecipe(
      widths: try widths.map { try numbers($0, "--widths") }, targetBytes: targetBytes, epochs: epochs,
      floatEpochs: floatEpochs, seed: seed)
    made.quantization.levels = try numbers(levels, "--levels")
    if let pruningEpochs { made.pruningEpochs = pruningEpochs }
    let augmentation: Augmentation? =
      switch augment {
      case .none: nil
      case .light: .light
      case .digits: .digits
      }
    made.training.batch = batch
    made.training.learningRate = learningRate
    made.training.augmentation = augmentation
    if undistortedEpochs != 0 { made.training.undistortedEpochs = undistortedEpochs }
    made.floatTraining.batch = batch
    made.floatTraining.learningRate = learningRate
    made.floatTraining.augmentation = augmentation
    if distill > 0 {
      made.floatDistillation = .init(weight: distill, temperature: temperature)
      made.distillation = made.floatDistillation
    }
    return made
  }

  private var teacherFiles: [String] {
    teachers.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) } ?? []
  }

  private func numbers(_ text: String, _ option: String) throws -> [Int] {
    let values = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard !values.isEmpty, values.allSatisfy({ $0 >= 1 }) else {
      throw ValidationError("\(option) must be whole numbers from 1, separated by commas; got '\(text)'.")
    }
    return values
  }

  private func chosenRecipe() throws -> ShrinkRecipe {
    guard let recipe else { return try made() }
    let bytes = try readBytes(recipe, limit: 1 << 20)
    do { return try ShrinkRecipe(json: Data(bytes)) } catch let error as CompressionError {
      throw Failure("\(inputName(recipe)): \(error)")
    } catch {
      throw Failure("\(inputName(recipe)): is no recipe: give what --print-recipe prints (\(describe(error)))")
    }
  }

  private func describe(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "not JSON" }
    switch error {
    case .keyNotFound(let key, _): return "'\(key.stringValue)' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? "not a JSON object" : "'\(path)' has another type"
    @unknown default: return "not a recipe"
    }
  }

  func run() throws {
    try checkFiles()
    let recipe = try chosenRecipe()
    if printRecipe { return try Console.print(json: recipe.json()) }
    guard let output else { return }
    let source = try ModelFile.float(model, for: "shrink")
    let others = try teacherFiles.map { try ModelFile.float($0, for: "shrink") }
    if teachers != nil, !recipe.distils {
      throw Failure.usage("--teachers are given, but \(self.recipe.map(inputName) ?? "the recipe") does not distil")
    }
    try source.checkSplit()
    let images = try data.load().fitted(to: [source] + others).train
    let parts = try source.heldOut(of: images)
    let training = recipe.usesAllImages == true ? images : parts.training
    var run = try ShrinkRun(recipe, threads: threads.count)
    run.isCancelled = Interruption.watch()
    run.teachers = others.map(\.model)
    let result = try shrunk(source, run, training: training, validation: parts.validation, output)
    try report(result, recipe, output)
  }

  private func checkFiles() throws {
    let planned = PlannedOutput(
      path: output ?? "", option: "--output", isBinary: true, fileUse: "writes every better model at once")
    try CommandFiles(
      inputs: [recipe].compactMap { $0 } + (printRecipe ? [] : [model] + teacherFiles),
      outputs: printRecipe ? [] : [planned], force: force
    ).check()
  }

  /// Shrinks, writing every better model at once, and writes the result.
  private func shrunk(
    _ source: ModelFile, _ run: ShrinkRun, training: Dataset, validation: Dataset, _ output: String
  ) throws -> ShrinkResult {
    let progress = ShrinkProgress()
    var saved: ShrinkResult?
    let result: ShrinkResult
    do {
      defer { progress.clear() }
      result = try Failure.naming(source.name) {
        try run.run(source.model, training: training, validation: validation) { event in
          progress.show(event)
          guard case .best(let better) = event else { return }
          do {
            try OutputFile.write(better.file.bytes, to: output, force: force || saved != nil)
            saved = better
          } catch { Console.note("warning: \(Failure.describe(error))") }
        }
      }
    } catch CompressionError.cancelled {
      guard let saved else { throw Failure("stopped; nothing was written", code: 130) }
      throw Failure(
        "stopped; \(outputName(output)) has the best so far (\(saved.file.bytes.count.grouped) bytes)", code: 130)
    }
    try OutputFile.write(rescuing: result.file.bytes, to: output, force: force || saved != nil)
    return result
  }

  private func report(_ result: ShrinkResult, _ recipe: ShrinkRecipe, _ output: String) throws {
    for layer in result.model.layerSparsities() {
      try Console.print(
        "\(printable(layer.name.utf8)): \((layer.weightCount - layer.zeroCount).grouped) of \(layer.weightCount.grouped) weights kept"
      )
    }
    try Console.print(
      "\(outputName(output)): \(result.file.bytes.count.grouped) bytes, "
        + (recipe.usesAllImages == true ? "trained on all images, those for validation included; " : "")
        + (result.model.reconstructsInput ? "explained variance " : "validation accuracy ")
        + result.quality.fixed(2) + "%")
    if let target = recipe.targetBytes, result.file.bytes.count > target {
      Console.note(
        "warning: the file is \(result.file.bytes.count - target) bytes over the target; give a lower --target-bytes")
    }
  }
}

/// Shows a shrinking run on standard error.
private final class ShrinkProgress {
  private var training = TrainingReport()

  func clear() { training.clear() }

  func show(_ event: ShrinkEvent) {
    switch event {
    case .teacher(let number, let count): Console.note("training a float model to learn from, \(number) of \(count)")
    case .narrowed(let parameters): Console.note("cut to \(parameters.grouped) parameters; training in floating point")
    case .floatTraining(let event), .training(let event): training.show(event)
    case .quantized: Console.note("training in integers")
    case .pruned(let epoch, let kept, let bytes):
      Console.note("epoch \(epoch + 1): \(kept.grouped) weights left, \(bytes.grouped) bytes")
    case .best(let result): Console.note("saved: \(result.file.bytes.count.grouped) bytes")
    }
  }
}
