import SwiftletFormat
import SwiftletModel
import SwiftletTraining

/// How a shrinking run is getting on.
public enum ShrinkEvent: Sendable {
  /// Another float model to learn from is trained, from 1.
  case teacher(number: Int, count: Int)
  /// The channels are cut; training in floating point begins.
  case narrowed(parameters: Int)
  case floatTraining(TrainingEvent)
  /// Training in integers begins.
  case quantized
  case training(TrainingEvent)
  /// The weights' zeros and the file as it would be written now.
  case pruned(epoch: Int, keptCount: Int, fileBytes: Int)
  /// A better model than before, of its final size.
  case best(ShrinkResult)
}

/// A small integer model.
public struct ShrinkResult: Sendable {
  public var model: Model
  public var file: WrittenModel
  /// Correct predictions of the integer runtime on the validation images, of `validationCount`.
  public var correctCount, validationCount: Int
  /// `Evaluation.quality` on these images, in points.
  public var quality: Double
}
