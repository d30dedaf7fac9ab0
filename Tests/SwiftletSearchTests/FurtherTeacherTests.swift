import Foundation
import SwiftletCompression
import SwiftletData
import SwiftletFormat
import SwiftletModel
import SwiftletSearch
import SwiftletTraining
import TestSupport
import Testing

/// Learning from float models that are trained for it.
@Suite struct FurtherTeacherTests {
  private static func recipe(seeds: [UInt64]) -> ShrinkRecipe {
    var recipe = ShrinkRecipe(targetBytes: 900, epochs: 4, seed: 3)
    (recipe.training.batch, recipe.training.augmentation) = (32, nil)
    recipe.calibrationCount = 200
    recipe.distillation = .init(weight: 0.9)
    // So fast that the last epoch is not the best.
    var training = PruningRun.fineTuning(epochs: 9)
    (training.learningRate, training.schedule) = (0.006, .constant)
    recipe.furtherTeachers = .init(training: training, seeds: seeds)
    return recipe
  }

  @Test func theRecipeTrainsThoseOfItsSeeds() throws {
    let model = try TrainedDigits.model.get()
    let held = try HeldOut(model, data: TrainedDigits.images)
    func shrunk(_ recipe: ShrinkRecipe, teachers: [Model] = []) throws -> (file: [UInt8], announced: [Int]) {
      var run = try ShrinkRun(ShrinkRecipe(json: recipe.json()))
      run.teachers = teachers
      var announced: [Int] = []
      let result = try run.run(model, training: held.training, validation: held.validation) {
        if case .teacher(let number, 2) = $0 { announced.append(number) }
      }
      return (result.file.bytes, announced)
    }
    var recipe = Self.recipe(seeds: [7, 8])
    let learnt = try shrunk(recipe)
    #expect(learnt.announced == [1, 2])
    func trained(lastEpoch: Bool) throws -> [Model] {
      try [UInt64(7), 8].map { seed in
        var configuration = recipe.furtherTeachers?.training ?? TrainingConfiguration()
        configuration.seed = seed
        var trainer = try Trainer(
          model.initialized(.glorot, seed: seed), configuration: configuration, training: held.training,
          validation: held.validation, threads: 1)
        if lastEpoch { trainer.firstEligibleEpoch = configuration.epochs }
        return try trainer.run().model
      }
    }
    var plain = recipe
    plain.furtherTeachers = nil
    #expect(try shrunk(plain, teachers: [model] + trained(lastEpoch: false)).file == learnt.file)
    #expect(try shrunk(plain).file != learnt.file)
    // Where validation images are among those to train on, none of the epochs can be chosen by them.
    (plain.usesAllImages, recipe.usesAllImages) = (true, true)
    #expect(try shrunk(plain, teachers: [model] + trained(lastEpoch: true)).file == shrunk(recipe).file)
    #expect(try shrunk(plain, teachers: [model] + trained(lastEpoch: false)).file != shrunk(recipe).file)
    // Teachers that are given take their place, and what learns from none trains none.
    #expect(try shrunk(recipe, teachers: [model]).announced.isEmpty)
    plain.distillation = nil
    var untaught = recipe
    untaught.distillation = nil
    let alone = try shrunk(untaught)
    #expect(try alone.announced.isEmpty && alone.file == shrunk(plain).file)
  }

  @Test func recipesOfNoTeachersAreRefused() {
    #expect(throws: CompressionError.self) { try Self.recipe(seeds: []).check() }
    #expect(throws: CompressionError.self) { try Self.recipe(seeds: Array(0...16)).check() }
    var recipe = Self.recipe(seeds: [1])
    #expect(throws: Never.self) { try recipe.check() }
    recipe.furtherTeachers?.training.epochs = 0
    #expect(throws: CompressionError.self) { try recipe.check() }
    recipe.furtherTeachers?.training.epochs = 1
    recipe.furtherTeachers?.training.batch = 0
    #expect(throws: CompressionError.self) { try recipe.check() }
  }

  /// So that the recipe that a search saves gives what it found.
  @Test func aSearchTeachesWhatItsRecipeSays() throws {
    let model = try TrainedDigits.modelOfFew.get()
    let held = try HeldOut(model, data: TrainedDigits.fewImages)
    var recipe = Self.recipe(seeds: [7, 8])
    recipe.furtherTeachers?.training.epochs = 3
    let further = try #require(recipe.furtherTeachers)
    let options = CompressorTests.options(CompressionBudget(maxDrop: 3))
    let subject = try SearchSubject(model, training: held.training, validation: held.validation, options: options)
    let workshop = SearchWorkshop(subject)
    for seed in further.seeds {
      workshop.addTeacher(try workshop.trainedTeacher(further, seed: seed, isCancelled: { false }, onEvent: { _ in }))
    }
    var alone = recipe
    alone.furtherTeachers = nil
    var models: [Model] = []
    // One after the other, as what was asked before is kept.
    for recipe in [recipe, alone, recipe] {
      let found = try workshop.trained(recipe, from: nil, isCancelled: { false }, onEvent: { _ in })
      models.append(found)
      let again = try ShrinkRun(recipe).run(model, training: held.training, validation: held.validation)
      #expect(found == again.model)
    }
    #expect(models[0] != models[1])
  }

  /// A state that was tampered with, or of which a part is missing.
  @Test func damagedTeachersAreRefused() throws {
    let model = try TrainedDigits.model.get()
    let compressor = try Compressor(
      model, data: TrainedDigits.images, options: CompressorTests.options(CompressionBudget(maxDrop: 3), epochs: 7300))
    var state: SearchState?
    var isTraining = false
    #expect(throws: CompressionError.cancelled) {
      _ = try compressor.run(
        isCancelled: { isTraining }, save: { state = $0 }, onEvent: { if case .training = $0 { isTraining = true } })
    }
    let json = try #require(state).json()
    var object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    let teachers = try JSONSerialization.jsonObject(with: JSONEncoder().encode(Self.recipe(seeds: [9]).furtherTeachers))
    func check(_ files: [Data], _ error: CompressionError) throws {
      object["furtherTeachers"] = [
        "recipe": teachers, "files": files.map { $0.base64EncodedString() }, "triedCount": 2,
      ]
      let damaged = try SearchState(json: JSONSerialization.data(withJSONObject: object))
      #expect(throws: error) { try compressor.run(resuming: damaged, isCancelled: { true }) }
    }
    let file = Data(try ModelWriter.write(model).bytes)
    try check([file], .cancelled)
    try check([], .damagedSearch)
    try check([file.dropLast()], .damagedSearch)
    let architecture = """
      {"input": [28, 28, 1], "layers": [{"type": "flatten"}, {"type": "dense", "units": 10}, {"type": "softmax"}]}
      """
    let other = try Architecture.parse(Data(architecture.utf8)).initialized(.glorot, seed: 1)
    try check([Data(try ModelWriter.write(other).bytes)], .damagedSearch)
  }
}
