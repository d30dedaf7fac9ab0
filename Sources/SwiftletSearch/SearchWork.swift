import SwiftletModel
import SwiftletTraining

/// The work that a search has done for it: whatever trains, scores or packs a network.
///
/// It stands apart from the course, so that the course can be followed with networks that are not trained at all.
package protocol SearchWork: AnyObject {
  /// The float model as it is, its weights rounded to so many levels on each side of 0.
  func quantized(levels: Int) throws -> Model

  /// Scores, packs and times a quantized model.
  func measured(_ quantized: Model) throws -> MeasuredModel

  /// The quality of a float model on the validation images, in percent.
  func quality(ofFloat model: Model) throws -> Double

  /// Trains a network like the float model from another seed.
  func trainedTeacher(
    _ teachers: ShrinkRecipe.FurtherTeachers, seed: UInt64, isCancelled: @escaping () -> Bool,
    onEvent: (TrainingEvent) -> Void
  ) throws -> Model

  /// Lets the trainings that follow learn from this float model too.
  func addTeacher(_ teacher: Model)

  /// The seconds that an epoch of a recipe takes, `narrow` being the float model with its channels cut.
  func secondsPerEpoch(of recipe: ShrinkRecipe, _ narrow: Model) throws -> Double

  /// What asking the teachers takes of the effort before a recipe is followed; 0 where they were asked before.
  func teachingCost(_ recipe: ShrinkRecipe) -> Double

  /// The first half of a recipe: the float model with its channels cut, trained in floating point.
  ///
  /// - Throws: `CompressionError.cancelled`, or what training throws.
  func narrowed(
    _ recipe: ShrinkRecipe, isCancelled: @escaping () -> Bool, onEvent: @escaping (ShrinkEvent) -> Void
  ) throws -> Model

  /// The second half of a recipe: a quantized model, trained as the integers that run.
  ///
  /// - Parameter narrow: What the first half gave; nil where no channels are cut.
  /// - Throws: `CompressionError.cancelled`, or what training throws.
  func trained(
    _ recipe: ShrinkRecipe, from narrow: Model?, isCancelled: @escaping () -> Bool,
    onEvent: @escaping (ShrinkEvent) -> Void
  ) throws -> Model
}
