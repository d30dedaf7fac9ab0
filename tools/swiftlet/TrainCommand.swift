import ArgumentParser
import Foundation
import SwiftletBytes
import SwiftletCompression
import SwiftletData
import SwiftletFloat
import SwiftletModel
import SwiftletPipeline
import SwiftletTraining

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a network and writes it as a float model.",
    discussion: """
      The best epoch on the validation images is written. A network whose output has its input's shape (autoencoder) \
      learns to give back its input, by mean squared error; others tell the classes apart, by cross-entropy. After \
      every epoch a checkpoint OUTPUT.ckpt is saved; Ctrl-C keeps it, and the same command with --resume goes on to the \
      same result as an unbroken run. It is removed at the end. Test images are not looked at: use 'swiftlet eval'.
      """)

  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @Option(help: "A built-in architecture (\(Architecture.names.joined(separator: ", "))) or a .json file.")
  var arch = "mnist-cnn"
  @Option(help: "Times through the training images.") var epochs = 10
  @Option(help: "Images per step.") var batch = 64
  @Option(help: "The optimizer: adam or sgd.") var optimizer = OptimizerChoice.adam
  @Option(help: "The learning rate at its height.") var learningRate: Float = 1e-3
  @Option(help: "Momentum of sgd.") var momentum: Float = 0.9
  @Option(help: "Decoupled weight decay.") var weightDecay: Float = 0
  @Option(help: "constant, cosine, or step:EPOCHS:FACTOR.") var schedule = ScheduleOption(value: .constant)
  @Option(help: "Epochs over which the rate rises from 0.") var warmUp: Float = 0
  @Option(help: "How weights start: glorot or he.") var initialization = Initialization.glorot
  @Flag(help: "Distort training images: shift, rotation, scale, shear, elastic; recordings are only shifted.")
  var augment = false
  @Option(help: "Seed of initial weights, data order, augmentation and dropout.") var seed: UInt64 = 0
  @Option(help: "Images held out for validation; a sixth of smaller sets.") var validation = 5000
  @Option(help: "Seed that chooses the validation images.") var splitSeed: UInt64 = 0
  @Flag(help: "Train the network even if it can never be quantized.") var floatOnly = false
  @Flag(help: "Go on from the checkpoint of a run that was stopped.") var resume = false
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard epochs >= 1, epochs <= 100_000 else { throw ValidationError("--epochs must be from 1 to 100000.") }
    guard batch >= 1, batch <= 4096 else { throw ValidationError("--batch must be from 1 to 4096.") }
    guard learningRate > 0, learningRate.isFinite else { throw ValidationError("--learning-rate must be above 0.") }
    guard (0..<1).contains(momentum) else { throw ValidationError("--momentum must be from 0 to below 1.") }
    guard weightDecay >= 0, weightDecay.isFinite, warmUp >= 0, warmUp.isFinite else {
      throw ValidationError("--weight-decay and --warm-up must be numbers from 0.")
    }
    guard validation >= 0 else { throw ValidationError("--validation must not be negative.") }
  }

  func run() throws {
    try output.check()
    let network = try network()
    let initial = network.initialized(initialization, seed: seed)
    try check(initial)
    let sets = try data.load()
    let held = min(validation, sets.train.count / 6)
    let (training, validationImages, split) = sets.train.split(validationCount: held, seed: splitSeed)
    let configuration = configuration(validationCount: held)
    var trainer: Trainer
    do {
      trainer = try Trainer(
        initial, configuration: configuration, training: training,
        validation: validationImages, threads: threads.count)
    } catch { throw Failure("\(arch): \(Failure.describe(error))") }
    let checkpointPath = output.output + ".ckpt"
    trainer.checkpointPath = checkpointPath
    trainer.isCancelled = Interruption.watch()
    Console.note(
      "training \(arch) (\(network.parameterCount.grouped) parameters) on \(training.count.grouped) images, "
        + "\(held.grouped) held out, \(threads.count) threads")
    let checkpoint = try resumed(checkpointPath)
    if let checkpoint { Console.note("resuming after epoch \(checkpoint.epoch) of \(epochs)") }
    let result: TrainingResult
    do {
      var report = TrainingReport()
      result = try trainer.run(resuming: checkpoint) { report.show($0) }
    } catch let error as TrainingError {
      guard case .diverged = error else { throw Failure("\(checkpointPath): \(error)") }
      throw Failure("\(error); the last good epoch is in \(checkpointPath)")
    } catch let error as FileError {
      throw Failure("\(checkpointPath): \(Failure.describe(error))")
    }
    if result.isInterrupted {
      throw Failure(
        "stopped; finished epochs are in \(checkpointPath): the same command with --resume goes on from there",
        code: 130)
    }
    var model = result.model
    let isClassifier = !model.reconstructsInput
    model.metadata.labels = isClassifier ? classLabels(sets.train) : []
    var accuracies: [Provenance.Accuracy] = []
    if held > 0, isClassifier { accuracies = [.init(.validation, correct: result.bestCorrect, total: held)] }
    model.metadata.provenance = Provenance(
      tool: Array("swiftlet \(swiftletVersion)".utf8), data: Array(dataName(data.data).utf8),
      note: Array(note.utf8), split: split, accuracies: accuracies)
    let written = try OutputFile.write(model, to: output.output, force: output.force)
    _ = try? FileManager.default.removeItem(atPath: checkpointPath)
    var line = "\(output.output): \(written.bytes.count.grouped) bytes"
    if held > 0 {
      let score =
        isClassifier
        ? "accuracy \(percent(result.bestCorrect, held))" : "mean squared error \(result.bestLoss.fixed(5))"
      line += ", validation \(score) (epoch \(result.bestEpoch))"
    }
    try Console.print(line)
  }

  /// The network to train, its parameters zero.
  private func network() throws -> Model {
    guard arch.hasSuffix(".json") else {
      do { return try Architecture.named(arch) } catch { throw Failure.usage("\(error)") }
    }
    let json = try readBytes(arch, limit: 1 << 20)
    guard !json.isEmpty else { throw Failure("\(arch): the file is empty; give a JSON architecture") }
    do { return try Architecture.parse(Data(json)) } catch { throw Failure("\(arch): \(error)") }
  }

  /// Refuses, before any data is read, what no training or no later command could do.
  private func check(_ network: Model) throws {
    do { try Trainer.check(network) } catch { throw Failure("\(arch): \(Failure.describe(error))") }
    guard !floatOnly else { return }
    do { try network.checkQuantizable(threads: threads.count) } catch {
      throw Failure(
        "\(arch): this network can be trained but never quantized: \(error); or give --float-only to train it all the "
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
      "train --arch \((arch as NSString).lastPathComponent) --epochs \(epochs) --batch \(batch)",
      "--optimizer \(optimizer.rawValue) --learning-rate \(learningRate) --schedule \(schedule.text)",
    ]
    if optimizer == .sgd { parts.append("--momentum \(momentum)") }
    if weightDecay > 0 { parts.append("--weight-decay \(weightDecay)") }
    if warmUp > 0 { parts.append("--warm-up \(warmUp)") }
    if initialization != .glorot { parts.append("--initialization \(initialization.rawValue)") }
    if augment { parts.append("--augment") }
    if floatOnly { parts.append("--float-only") }
    if data.data == "synthetic" { parts.append("--synthetic-count \(data.syntheticCount)") }
    parts.append("--seed \(seed) --validation \(validation) --split-seed \(splitSeed)")
    return parts.joined(separator: " ") + " (\(FloatKernels.best.name))"
  }

  private func resumed(_ path: String) throws -> Checkpoint? {
    guard resume else {
      if !output.force, FileManager.default.fileExists(atPath: path) {
        throw Failure("\(path): a stopped run left this checkpoint; add --resume to go on, or --force to start anew")
      }
      return nil
    }
    do { return try Checkpoint.load(path) } catch {
      throw Failure("\(path): \(Failure.describe(error)); without --resume training starts anew")
    }
  }
}

/// Shows a run: a bar on a terminal, a line per epoch everywhere.
struct TrainingReport {
  private var line = ProgressLine()

  mutating func show(_ event: TrainingEvent) {
    switch event {
    case .progress(let progress):
      line.draw(
        fraction: progress.fraction,
        "epoch \(progress.epoch)/\(progress.epochs)  "
          + Self.text(progress.kind, loss: progress.loss, accuracy: progress.accuracy)
          + "  \(Int(progress.imagesPerSecond).grouped) images/s  \(duration(progress.secondsLeft)) left")
    case .epoch(let epoch):
      let score =
        epoch.kind == .crossEntropy
        ? (100 * epoch.validationAccuracy).fixed(2) + "%" : epoch.validationLoss.fixed(5)
      let validation = epoch.validationCount > 0 ? "  validation \(score)\(epoch.isBest ? " best" : "")" : ""
      line.finish(
        "epoch \(epoch.epoch)  "
          + Self.text(epoch.kind, loss: epoch.trainingLoss, accuracy: epoch.trainingAccuracy)
          + "\(validation)  \(epoch.seconds.fixed(1)) s")
    }
  }

  private static func text(_ kind: Loss, loss: Double, accuracy: Double) -> String {
    switch kind {
    case .crossEntropy: "loss \(loss.fixed(4))  accuracy \((100 * accuracy).fixed(2))%"
    case .meanSquaredError: "mean squared error \(loss.fixed(5))"
    }
  }
}

/// Ctrl-C as a question the trainer asks after each batch; a second one ends the program at once.
enum Interruption {
  nonisolated(unsafe) private static var count: sig_atomic_t = 0

  static func watch() -> () -> Bool {
    let handler: @convention(c) (Int32) -> Void = { _ in
      Interruption.count += 1
      if Interruption.count > 1 { _exit(130) }
    }
    // Whoever started this may have blocked them: libdispatch's threads do.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    sigprocmask(SIG_UNBLOCK, &signals, nil)
    signal(SIGINT, handler)
    signal(SIGTERM, handler)
    return { Interruption.count > 0 }
  }
}

struct ScheduleOption: ExpressibleByArgument, CustomStringConvertible {
  let value: LearningRateSchedule

  init(value: LearningRateSchedule) { self.value = value }

  init?(argument: String) {
    switch argument {
    case "constant": value = .constant
    case "cosine": value = .cosine
    default:
      let parts = argument.split(separator: ":")
      guard parts.count == 3, parts[0] == "step", let epochs = Int(parts[1]), epochs >= 1, let factor = Float(parts[2]),
        factor > 0, factor <= 1
      else { return nil }
      value = .step(epochs: epochs, factor: factor)
    }
  }

  var text: String {
    switch value {
    case .constant: "constant"
    case .cosine: "cosine"
    case .step(let epochs, let factor): "step:\(epochs):\(factor)"
    }
  }
  var description: String { text }
  var defaultValueDescription: String { text }
}

extension OptimizerChoice: ExpressibleByArgument {}
extension Initialization: ExpressibleByArgument {}

/// The bytes of a file the user named.
func readBytes(_ path: String, limit: Int) throws -> [UInt8] {
  do throws(FileError) { return try FileBytes.read(path, limit: limit) } catch {
    throw Failure("\(path): \(Failure.describe(error))")
  }
}

/// The labels a model stores: none where they are the decimal indexes.
func classLabels(_ data: Dataset) -> [[UInt8]] {
  data.classNames == (0..<data.classNames.count).map(String.init) ? [] : data.classNames.map { Array($0.utf8) }
}

/// The data's name in a model's provenance: no folders of this machine.
func dataName(_ path: String) -> String { (path as NSString).lastPathComponent }
