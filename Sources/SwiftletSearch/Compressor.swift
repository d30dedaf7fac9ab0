import SwiftletCompression
import SwiftletData
import SwiftletFormat
import SwiftletModel
import SwiftletTraining

/// Searches for the small integer model that a budget asks for.
///
/// First post-training quantization, which takes seconds, so that there is something; then networks with their channels
/// cut (the widths by measured sensitivity), trained as the integers that will run and pruned to a number of bytes.
/// `Search` tells the course. Where a training fails, a note says so and the search goes on.
/// Quality is measured on the validation images recorded in the model, which no training and no calibration sees; test
/// images are never looked at.
public struct Compressor: Sendable {
  public let options: CompressionOptions
  let model: Model
  let training, validation: Dataset
  let split: DataSplit

  /// Holds out the validation images that the model's training did.
  ///
  /// - Parameter data: The images the model was trained on, validation included.
  /// - Throws: `CompressionError` where they are not.
  public init(
    _ model: Model, data: Dataset, options: CompressionOptions = CompressionOptions()
  ) throws(CompressionError) {
    guard !model.isQuantized else { throw .quantized }
    let images = Shape(height: data.height, width: data.width, channels: data.channels)
    if let input = model.inputs.first.map({ model.values[$0].shape }), input != images {
      throw .imageShape(model: input.text, images: images.text)
    }
    let parts = try HeldOut(model, data: data)
    self.model = model
    self.options = options
    training = parts.training
    validation = parts.validation
    split = parts.split
  }

  /// Finds the best model within the budget.
  ///
  /// - Parameters:
  ///   - state: A search that was stopped, to go on with.
  ///   - save: Called with the state after each candidate, teacher and widening, so that no more than one training is
  ///     ever lost.
  /// - Throws: `CompressionError`, what `save` throws, or what training, quantization or evaluation throws.
  public func run(
    resuming state: SearchState? = nil, isCancelled: @escaping () -> Bool = { false },
    save: @escaping (SearchState) throws -> Void = { _ in },
    onEvent: @escaping (CompressionEvent) -> Void = { _ in }
  ) throws -> CompressionResult {
    // Says which node holds a parameter that is NaN.
    _ = try FoldedModel(model)
    let facts = try facts()
    let differences = state.map { facts.differences(from: $0.facts).causes } ?? []
    guard differences.isEmpty else { throw CompressionError.otherSearch(differences) }
    let journal = SearchJournal(
      options, state ?? SearchState(facts: facts), isCancelled: isCancelled, save: save, onEvent: onEvent)
    let furtherTeachers = try journal.state.furtherTeachers?.models(like: model) ?? []
    let subject = try SearchSubject(model, training: training, validation: validation, options: options)
    onEvent(.floatScored(points: subject.floatPoints, imageCount: subject.float.imageCount))
    try Search(subject, journal, SearchWorkshop(subject, furtherTeachers: furtherTeachers)).run()
    return try CompressionResult(of: journal.state, subject, splitSeed: split.seed)
  }

  /// Everything that decides what is found but effort, threads, note and whether a near miss is taken.
  private func facts() throws -> RunFacts {
    var decisive = options
    decisive.effort = .standard
    decisive.threads = 1
    decisive.stored.note = ""
    decisive.acceptsNearMiss = false
    var hash = OutputHash()
    do { for byte in try ModelWriter.write(model, effort: .fast).bytes { hash.add(byte) } } catch {
      throw CompressionError.notWritable("the model cannot be read again: \(error)")
    }
    let classNames = training.classNames.joined(separator: ", ")
    return RunFacts(
      decisive,
      facts: [
        "model": "one of \(model.parameterCount) parameters (hash \(String(hash.value, radix: 16)))",
        "classNames": classNames, "trainingImages": training.digest, "validationImages": validation.digest,
      ])
  }
}
