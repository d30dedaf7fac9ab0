import ArgumentParser
import Foundation
import SwiftletBytes
import SwiftletCompression
import SwiftletData
import SwiftletFloat
import SwiftletFormat
import SwiftletModel
import SwiftletReport
import SwiftletTraining

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a network and writes it as a float model.",
    discussion: """
      The best epoch on the validation images is written. A network whose output has its input's shape (autoencoder) \
      learns to give back its input, by mean squared error; others tell the classes apart, by cross-entropy. After \
      every epoch a checkpoint OUTPUT.ckpt is saved; Ctrl-C keeps it, and the same command with --resume goes on to the \
      same result as an unbroken run. --epochs may be another number then, from those that are done. The checkpoint is \
      removed once the model is written. Test images are not looked at: use 'swiftlet eval'.
      """)

  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @Option(
    help: """
      A built-in architecture (\(Architecture.names.joined(separator: ", "))) or a .json file; - is standard input.
      """)
  var arch = "mnist-cnn"
  @Option(.from(1, to: 100_000), help: "Times through the training images.") var epochs = 10
  @Option(.from(1, to: 4096), help: "Images per step.") var batch = 64
  @Option(help: "The optimizer: adam or sgd.") var optimizer = OptimizerChoice.adam
  @Option(.above(0), help: "The learning rate at its height.") var learningRate: Float = 1e-3
  @Option(.from(0, below: 1), help: "Momentum of sgd.") var momentum: Float = 0.9
  @Option(.from(0), help: "Decoupled weight decay.") var weightDecay: Float = 0
  @Option(help: "constant, cosine, or step:EPOCHS:FACTOR.", transform: ScheduleOption.init)
  var schedule = ScheduleOption(value: .constant)
  @Option(.from(0), help: "Epochs over which the rate rises from 0.") var warmUp: Float = 0
  @Option(help: "How weights start: glorot or he.") var initialization = Initialization.glorot
  @Flag(help: "Distort training images: shift, rotation, scale, shear, elastic; recordings are only shifted.")
  var augment = false
  @Option(.seeds, help: "Seed of initial weights, data order, augmentation and dropout.") var seed: UInt64 = 0
  @Option(.from(0, to: 1_000_000_000), help: "Images held out for validation; a sixth of smaller sets.")
  var validation = 5000
  @Option(.seeds, help: "Seed that chooses the validation images.") var splitSeed: UInt64 = 0
  @Flag(help: "Train the network even if it can never be quantized.") var floatOnly = false
  @Flag(help: "Go on from the checkpoint of a run that was stopped.") var resume = false
  @Option(help: ArgumentHelp("Where the checkpoint is, instead of OUTPUT.ckpt.", valueName: "file"))
  var checkpoint: String?
  @OptionGroup var threads: ThreadOptions

  private var checkpointPath: String { checkpoint ?? output.output + ".ckpt" }
  private var readsArchitecture: Bool { arch.hasSuffix(".json") || arch == standardStream }

  func run() throws {
    try checkLeft()
    try checkFiles()
    let checkpoint = try resume ? resumed() : nil
    let network = try network()
    let initial = network.initialized(initialization, seed: seed)
    try check(initial)
    let images = try data.load().inTheirOwnOrder.train
    let held = images.validationCount(asked: validation)
    if images.ownValidation != nil {
      Console.note(
        "the \(held.grouped) images of the data's validation folder are held out; --validation and --split-seed do not apply"
      )
    }
    let parts = images.split(validationCount: held, seed: splitSeed)
    let trainer = try trainer(initial, training: parts.training, validation: parts.validation)
    Console.note(
      "training \(inputName(arch)) (\(network.parameterCount.grouped) parameters) on \(parts.training.count.grouped) images, "
        + "\(held.grouped) held out, \(threads.count) threads")
    let result = try run(trainer, resuming: checkpoint)
    let written = try write(described(result, images, split: parts.split, validationCount: held))
    try? FileBytes.remove(checkpointPath)
    try Console.print(summary(result, written, validationCount: held))
  }

  private func checkFiles() throws {
    try CommandFiles(
      inputs: readsArchitecture ? [arch] : [],
      outputs: [
        output.planned(fileUse: "keeps a checkpoint beside its output"),
        PlannedOutput(
          path: checkpointPath, option: "--checkpoint", isBinary: true, fileUse: "writes it again after every epoch",
          isOwn: true),
      ], force: output.force
    ).check()
  }

  private func trainer(_ initial: Model, training: Dataset, validation: Dataset) throws -> Trainer {
    let configuration = configuration(validationCount: validation.count)
    do {
      var trainer = try Trainer(
        initial, configuration: configuration, training: training, validation: validation, threads: threads.count)
      trainer.checkpointPath = checkpointPath
      trainer.isCancelled = Interruption.watch()
      return trainer
    } catch { throw Failure("\(inputName(arch)): \(Failure.describe(error))") }
  }

  /// The trained model with its labels and where it comes from.
  private func described(
    _ result: TrainingResult, _ images: Dataset, split: DataSplit, validationCount: Int
  ) -> Model {
    var model = result.model
    let isClassifier = !model.reconstructsInput
    model.metadata.labels = isClassifier ? classLabels(images) : []
    var accuracies: [Provenance.Accuracy] = []
    if validationCount > 0, isClassifier {
      accuracies = [.init(.validation, correct: result.bestCorrect, total: validationCount)]
    }
    model.metadata.provenance = Provenance(
      tool: Array("swiftlet \(swiftletVersion)".utf8), data: Array(data.name.utf8),
      note: Array(note.utf8), split: split, accuracies: accuracies)
    return model
  }

  private func summary(_ result: TrainingResult, _ written: WrittenModel, validationCount: Int) -> String {
    let line = "\(outputName(output.output)): \(written.bytes.count.grouped) bytes"
    guard validationCount > 0 else { return line }
    let score =
      result.model.reconstructsInput
      ? "mean squared error \(result.bestLoss.fixed(5))" : "accuracy \(percent(result.bestCorrect, validationCount))"
    return line + ", validation \(score) (epoch \(result.bestEpoch))"
  }

  /// Trains; every failure says what is left and how to go on.
  private func run(_ trainer: Trainer, resuming checkpoint: Checkpoint?) throws -> TrainingResult {
    let file = shown(checkpointPath)
    let result: TrainingResult
    do {
      if let checkpoint {
        let warning = try trainer.check(checkpoint)
        Console.note("resuming after epoch \(checkpoint.epoch) of \(epochs)")
        if let warning { Console.note("warning: \(warning)") }
      }
      var report = TrainingReport()
      defer { report.clear() }
      result = try trainer.run(resuming: checkpoint) { report.show($0) }
    } catch let error as TrainingError {
      if case .otherRun(let differences) = error {
        throw Failure("\(file): \(TrainingError.otherRun(differences.named(augments: augment)))")
      }
      guard case .diverged(let epoch, _, _) = error else { throw Failure("\(file): \(error)") }
      guard epoch > 1 else {
        // Nothing but the weights it began with.
        try? FileBytes.remove(checkpointPath)
        throw Failure("\(error), or add a warm-up with --warm-up")
      }
      throw Failure(
        "\(error), or add a warm-up with --warm-up, with --force to start anew; or the same command with --resume --epochs \(epoch - 1) writes the best "
          + "of the epochs before, from \(file)")
    } catch let error as FileError {
      throw Failure("\(file): \(Failure.describe(error))")
    }
    guard result.isInterrupted else { return result }
    throw Failure(
      "stopped; finished epochs are in \(file): the same command with --resume goes on from there", code: 130)
  }

  /// Writes the model; where that fails the checkpoint is still there.
  private func write(_ model: Model) throws -> WrittenModel {
    do { return try OutputFile.write(model, to: output.output, force: output.force) } catch let failure as Failure {
      let file = shown(checkpointPath)
      throw Failure(
        "\(failure.message); all epochs are in \(file): once there is room the same command with --resume writes the "
          + "model at once, or elsewhere with --checkpoint \(file) and another --output")
    }
  }

  /// The network to train, its parameters zero.
  private func network() throws -> Model {
    guard readsArchitecture else {
      do { return try Architecture.named(arch) } catch { throw Failure.usage("\(error)") }
    }
    let json = try readBytes(arch, limit: 1 << 20)
    guard !json.isEmpty else { throw Failure("\(inputName(arch)): the file is empty; give a JSON architecture") }
    do { return try Architecture.parse(Data(json)) } catch { throw Failure("\(inputName(arch)): \(error)") }
  }

  /// Refuses, before any data is read, what no training or no later command could do.
  private func check(_ network: Model) throws {
    do { try Trainer.check(network) } catch { throw Failure("\(inputName(arch)): \(Failure.describe(error))") }
    guard !floatOnly else { return }
    do { try network.checkQuantizable(threads: threads.count) } catch {
      throw Failure(
        "\(inputName(arch)): this network can be trained but never quantized: \(error); or give --float-only to train it all the "
          + "same")
    }
  }

  private func configuration(validationCount: Int) -> TrainingConfiguration {
    var configuration = TrainingConfiguration()
    configuration.epochs = epochs
    configuration.batch = batch
    configuration.optimizer = optimizer
    configuration.learningRate = learningRate
    configuration.momentum = momentum
    configuration.weightDecay = weightDecay
    configuration.schedule = schedule.value
    configuration.warmUpEpochs = warmUp
    configuration.initialization = initialization
    configuration.augmentation = augment ? .digits : nil
    configuration.seed = seed
    configuration.validationCount = validationCount
    configuration.splitSeed = splitSeed
    return configuration
  }

  /// The command that makes this model again, but for the data's place.
  private var note: String {
    var parts = [
      "train --arch \(dataName(arch)) --epochs \(epochs) --batch \(batch)",
      "--optimizer \(optimizer.rawValue) --learning-rate \(learningRate) --schedule \(schedule)",
    ]
    if optimizer == .sgd { parts.append("--momentum \(momentum)") }
    if weightDecay > 0 { parts.append("--weight-decay \(weightDecay)") }
    if warmUp > 0 { parts.append("--warm-up \(warmUp)") }
    if initialization != .glorot { parts.append("--initialization \(initialization.rawValue)") }
    if augment { parts.append("--augment") }
    if floatOnly { parts.append("--float-only") }
    if data.isSynthetic { parts.append("--synthetic-count \(data.syntheticCount)") }
    parts.append("--seed \(seed) --validation \(validation) --split-seed \(splitSeed)")
    return parts.joined(separator: " ") + " (\(FloatKernels.best.name))"
  }

  /// Looks for what a stopped run left, and for a file of the checkpoint's name that is somebody else's.
  private func checkLeft() throws {
    guard Folder.kind(checkpointPath) == .file else { return }
    let file = shown(checkpointPath)
    guard Checkpoint.isBegun(by: firstBytes(4, of: checkpointPath) ?? [0]) else {
      throw Failure("\(file): is no checkpoint; give another name with --checkpoint, or move that file")
    }
    guard output.force || resume else {
      throw Failure("\(file): a stopped run left this checkpoint; add --resume to go on, or --force to start anew")
    }
  }

  private func resumed() throws -> Checkpoint {
    do { return try Checkpoint.load(checkpointPath) } catch {
      throw Failure(
        "\(shown(checkpointPath)): \(Failure.describe(error)); \(Failure.advice(onResuming: error))")
    }
  }
}

extension OptimizerChoice: ExpressibleByArgument {}
extension Initialization: ExpressibleByArgument {}

/// The labels a model stores: none where they are the decimal indexes.
func classLabels(_ data: Dataset) -> [[UInt8]] {
  data.classNames == (0..<data.classNames.count).map(String.init) ? [] : data.classNames.map { Array($0.utf8) }
}

/// The data's name in a model's provenance: no folders of this machine.
func dataName(_ path: String) -> String { printable((path as NSString).lastPathComponent.utf8) }
