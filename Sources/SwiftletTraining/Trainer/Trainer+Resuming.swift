import SwiftletData
import SwiftletFloat
import SwiftletModel

extension Trainer {
  /// Finds out whether this run can go on from a checkpoint.
  ///
  /// Everything that decides the result must be the same but the number of epochs, which may be any from those done.
  ///
  /// - Returns: A line about what the result will not be, where another number of epochs changes more than the end.
  /// - Throws: `TrainingError.otherRun` or `.epochsDone`.
  public func check(_ checkpoint: Checkpoint) throws(TrainingError) -> String? {
    var differences = facts.differences(from: checkpoint.facts)
    let epochs = differences.first { $0.name == "epochs" }
    differences.removeAll { $0.name == "epochs" }
    differences = differences.causes
    if differences.count > 1 { differences.removeAll { $0.name == "initial weights" } }
    guard differences.isEmpty else { throw .otherRun(differences) }
    guard checkpoint.epoch <= configuration.epochs else {
      throw .epochsDone(checkpoint.epoch, asked: configuration.epochs)
    }
    guard let epochs, configuration.dependsOnEpochs else { return nil }
    return
      "the epochs so far were trained for \(epochs.before) in all, with a learning rate or images that follow from "
      + "that number: the result is not that of \(epochs.now) epochs without a break"
  }

  var facts: RunFacts {
    RunFacts(
      configuration,
      facts: [
        "architecture": architecture, "classNames": classNames, "trainingImages": training.digest,
        "validationImages": validation.digest, "floatKernels": FloatKernels.best.name,
        "initialWeights": initialWeights,
      ])
  }

  /// The layers' kinds, and a hash of all that decides what they compute but the weights.
  private var architecture: String {
    var hash = OutputHash()
    for node in initial.nodes { for byte in "\(node.op)\(node.inputs)".utf8 { hash.add(byte) } }
    let kinds = initial.nodes.map { "\($0.op.kind.name)" }.joined(separator: " ")
    return "\(kinds) with \(initial.parameterCount) parameters (\(Self.text(hash)))"
  }

  private var classNames: String {
    var hash = OutputHash()
    for name in training.classNames { for byte in name.utf8 + [0] { hash.add(byte) } }
    let names = training.classNames.prefix(12).joined(separator: ", ")
    return training.classNames.count > 12 ? "\(names) and more (\(Self.text(hash)))" : names
  }

  private var initialWeights: String {
    var hash = OutputHash()
    for node in initial.nodes {
      for tensor in node.parameters {
        for value in tensor.floats ?? [] { hash.add(Int32(bitPattern: value.bitPattern)) }
      }
    }
    return Self.text(hash)
  }

  private static func text(_ hash: OutputHash) -> String { "hash " + String(hash.value, radix: 16) }
}

extension Dataset {
  /// How many images of which size, and a hash of labels and pixels, some of them.
  public var digest: String {
    var hash = OutputHash()
    for label in labels { hash.add(label) }
    for index in stride(from: 0, to: images.count, by: 97) { hash.add(images[index]) }
    return "\(count) of \(height)x\(width)x\(channels) (hash \(String(hash.value, radix: 16)))"
  }
}

extension TrainingConfiguration {
  /// Whether the number of epochs decides what the earlier ones do.
  var dependsOnEpochs: Bool { schedule == .cosine || undistortedEpochs ?? 0 > 0 }
}
