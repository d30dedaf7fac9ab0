import SwiftletBenchmark
import SwiftletEvaluation
import SwiftletFormat
import SwiftletModel
import SwiftletRuntime

/// A quantized model as the file that it would be, and what was measured of it.
package struct MeasuredModel {
  /// Quality on the validation images in percent, and points lost against the float model's.
  package var points, drop: Double
  /// Points lost on training images, against the float model's lower score.
  package var trainingDrop: Double?
  package var file: [UInt8]
  package var microseconds: Double
  package var memoryBytes: Int

  package init(
    points: Double, drop: Double, trainingDrop: Double? = nil, file: [UInt8], microseconds: Double, memoryBytes: Int
  ) {
    self.points = points
    self.drop = drop
    self.trainingDrop = trainingDrop
    self.file = file
    self.microseconds = microseconds
    self.memoryBytes = memoryBytes
  }

  /// Scores, packs and times a quantized model.
  init(_ quantized: Model, of subject: SearchSubject) throws {
    let threads = subject.options.threads
    let evaluation = try Evaluation.of(quantized, on: subject.validation, threads: threads)
    let finished = subject.options.stored.applied(
      to: quantized, source: subject.model, accuracies: evaluation.provenance(.validation))
    do { file = try ModelWriter.write(finished).bytes } catch {
      throw CompressionError.notWritable("the compressed model cannot be written: \(error)")
    }
    let prepared = try PreparedModel(finished)
    points = evaluation.quality
    drop = subject.floatPoints - points
    let score = try Evaluation.of(quantized, on: subject.trainingImages, threads: threads)
    trainingDrop = min(subject.floatPoints, subject.floatTrainingPoints) - score.quality
    microseconds = subject.microseconds(prepared)
    memoryBytes = prepared.packedByteCount + prepared.arenaByteCount
  }
}

extension SearchSubject {
  /// How often a time that misses the target is measured again.
  private static let timingAttempts = 5
  /// Seconds.
  private static let timing = MeasuringTime(warmUpSeconds: 0.02, seconds: 0.1, leastCalls: 30, rounds: 5)

  /// The median time of a call with one image on one thread.
  ///
  /// Where that misses the target it is measured again and the least counts: a machine that others use too is slower now
  /// and then, never faster.
  func microseconds(_ prepared: PreparedModel) -> Double {
    let target = options.budget.targetMicroseconds ?? .greatestFiniteMagnitude
    var least = Double.infinity
    for _ in 0..<Self.timingAttempts where least > target {
      let timing = Measurement.calls(of: prepared, batch: 1, threads: 1, time: Self.timing)
      least = min(least, timing.medianMicroseconds)
    }
    return least
  }
}
