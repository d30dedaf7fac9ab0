import Foundation
import SwiftletCompression
import SwiftletEvaluation
import SwiftletModel
import SwiftletSearch
import SwiftletTraining
import TestSupport
import Testing

/// How a search begins, stops, goes on and ends, on the network of `TrainedDigits`.
@Suite struct SearchCourseTests {
  @Test func aSearchGoesOnFromEveryStateAsItWouldHave() throws {
    let model = try TrainedDigits.modelOfFew.get()
    let compressor = try Compressor(
      model, data: TrainedDigits.fewImages, options: CompressorTests.options(CompressionBudget(maxDrop: 3), epochs: 24))
    var states: [SearchState] = []
    let whole = try compressor.run(save: { states.append($0) })
    func withoutTimes(_ candidates: [CompressionCandidate]) -> [CompressionCandidate] {
      candidates.map {
        var candidate = $0
        (candidate.seconds, candidate.microseconds) = (0, 0)
        return candidate
      }
    }
    for state in [states[1], states[states.count - 2]] {
      let resumed = try compressor.run(resuming: SearchState(json: state.json()))
      #expect(resumed.file.bytes == whole.file.bytes)
      #expect(withoutTimes(resumed.report.candidates) == withoutTimes(whole.report.candidates))
    }
    let other = try Compressor(
      model, data: TrainedDigits.fewImages, options: CompressorTests.options(CompressionBudget(maxDrop: 4), epochs: 24))
    let difference = RunDifference(name: "budget", before: "max drop 3", now: "max drop 4")
    #expect(throws: CompressionError.otherSearch([difference])) { try other.run(resuming: states[0]) }
  }

  @Test func aResumedSearchKeepsItsRounds() throws {
    var options = CompressorTests.options(CompressionBudget(maxDrop: 3), epochs: 420)
    let compressor = try Compressor(try TrainedDigits.modelOfFew.get(), data: TrainedDigits.fewImages, options: options)
    var states: [SearchState] = []
    var rounds: [Int] = []
    func note(_ event: CompressionEvent) { if case .begins(_, _, let count, _) = event { rounds.append(count) } }
    _ = try compressor.run(save: { states.append($0) }, onEvent: { note($0) })
    try #require(rounds.count >= 2 && rounds.allSatisfy { $0 == 4 })
    let state = try #require(states.first { state in state.candidates.contains { $0.recipe != nil } })
    rounds = []
    _ = try compressor.run(resuming: SearchState(json: state.json()), onEvent: { note($0) })
    #expect(!rounds.isEmpty && rounds.allSatisfy { $0 == 4 })
    // More effort than was given allows for more.
    options.effort = .epochs(1100)
    rounds = []
    let longer = try Compressor(try TrainedDigits.modelOfFew.get(), data: TrainedDigits.fewImages, options: options)
    var isTraining = false
    #expect(throws: CompressionError.cancelled) {
      _ = try longer.run(
        resuming: SearchState(json: state.json()), isCancelled: { isTraining },
        onEvent: {
          note($0)
          if case .training = $0 { isTraining = true }
        })
    }
    // One was trained; what is left is enough for six.
    #expect(rounds == [7])
    options.acceptsNearMiss = true
    let near = try Compressor(try TrainedDigits.modelOfFew.get(), data: TrainedDigits.fewImages, options: options)
    #expect(throws: Never.self) { _ = try near.run(resuming: states.last) }
  }

  @Test func cancellationEndsTheSearch() throws {
    let compressor = try Compressor(
      try TrainedDigits.model.get(), data: TrainedDigits.images,
      options: CompressorTests.options(CompressionBudget(maxDrop: 3)))
    // Let quantization pass, then stop in training.
    var saved: SearchState?
    var isTraining = false
    #expect(throws: CompressionError.cancelled) {
      _ = try compressor.run(isCancelled: { isTraining }, save: { saved = $0 }) {
        if case .training(.epoch) = $0 { isTraining = true }
      }
    }
    #expect(saved?.best != nil && saved?.candidates.allSatisfy { $0.recipe == nil } == true)
  }

  /// Half of the channels first; where those lose too much in floating point, ever more.
  @Test func whatIsTooNarrowIsWidenedBeforeItIsTrainedAsIntegers() throws {
    func first(_ budget: CompressionBudget) throws -> (widths: [Int]?, wider: Int, epochs: Int) {
      var options = CompressorTests.options(budget, epochs: 40)
      options.acceptsNearMiss = true
      var wider = 0
      let report = try Compressor(try TrainedDigits.model.get(), data: TrainedDigits.images, options: options).run(
        onEvent: { if case .note(let text) = $0, text.hasSuffix("more are tried") { wider += 1 } }
      ).report
      let recipe = try #require(report.candidates.compactMap(\.recipe).first)
      return (recipe.widths, wider, report.candidates.reduce(0) { $0 + $1.epochs })
    }
    let easy = try first(CompressionBudget(maxDrop: 8))
    #expect(easy.widths == [4, 12] && easy.wider == 0)
    // Nothing is good enough.
    let hard = try first(CompressionBudget(maxDrop: -100))
    #expect(hard.widths == nil && hard.wider == 2 && hard.epochs < 40 - 2)
  }

  /// Where a size asks for fewer channels than half, or two thirds, of them all.
  @Test func whatIsTooNarrowForItsBytesIsWidenedToo() throws {
    let (training, validation, split) = TrainedDigits.images.split(validationCount: 200, seed: 5)
    let architecture = """
      {"input": [28, 28, 1], "layers": [
        {"type": "max_pool2d", "kernel": 4}, {"type": "flatten"},
        {"type": "dense", "units": 1600, "activation": "relu"}, {"type": "dense", "units": 10}, {"type": "softmax"}]}
      """
    let network = try Architecture.parse(Data(architecture.utf8)).initialized(.glorot, seed: 1)
    var configuration = TrainingConfiguration()
    (configuration.epochs, configuration.batch) = (1, 32)
    var model = try Trainer(
      network, configuration: configuration, training: training, validation: validation, threads: 1
    ).run().model
    model.metadata.provenance = Provenance(data: Array("synthetic".utf8), split: split)
    var options = CompressorTests.options(CompressionBudget(maxDrop: -100), epochs: 24)
    options.acceptsNearMiss = true
    var notes: [String] = []
    let report = try Compressor(model, data: TrainedDigits.images, options: options).run(
      onEvent: { if case .note(let text) = $0 { notes.append(text) } }
    ).report
    let narrow = notes.filter { $0.hasSuffix("more are tried") }
    #expect(narrow.count == 3 && Set(narrow.map { $0.prefix { $0 != " " } }).count == 3, "\(notes)")
    let recipe = try #require(report.candidates.compactMap(\.recipe).first)
    #expect(recipe.widths == nil)
    // Stopped after the last but one and gone on with, it does not train the same again.
    (notes, options.effort) = ([], .epochs(24))
    let again = try Compressor(model, data: TrainedDigits.images, options: options)
    var state: SearchState?
    func wider() -> [String] { notes.filter { $0.hasSuffix("more are tried") } }
    #expect(throws: CompressionError.cancelled) {
      _ = try again.run(
        isCancelled: { wider().count == 2 }, save: { state = $0 },
        onEvent: { if case .note(let text) = $0 { notes.append(text) } })
    }
    _ = try again.run(
      resuming: SearchState(json: #require(state).json()),
      onEvent: { if case .note(let text) = $0 { notes.append(text) } })
    #expect(wider() == narrow)
  }

  /// And where epochs are too few to try widths, something is trained as integers nevertheless.
  @Test func fewEpochsAreForIntegers() throws {
    var options = CompressorTests.options(CompressionBudget(maxDrop: -100), epochs: 4)
    options.acceptsNearMiss = true
    var notes: [String] = []
    let report = try Compressor(try TrainedDigits.model.get(), data: TrainedDigits.images, options: options).run(
      onEvent: { if case .note(let text) = $0 { notes.append(text) } }
    ).report
    #expect(report.candidates.compactMap(\.recipe).count == 1 && !notes.contains { $0.hasSuffix("more are tried") })
    #expect(report.candidates.reduce(0) { $0 + $1.epochs } == 4)
  }

  /// More bytes are of no use to a network that has nothing pruned.
  @Test func whatHasNothingPrunedIsWidened() throws {
    var options = CompressorTests.options(CompressionBudget(maxDrop: -4), epochs: 100)
    options.acceptsNearMiss = true
    let compressor = try Compressor(try TrainedDigits.model.get(), data: TrainedDigits.images, options: options)
    var states: [SearchState] = []
    // Candidates that are trained, and nil where it is widened.
    var course: [[Int]?] = []
    func run(_ state: SearchState? = nil) throws -> CompressionReport {
      course = []
      return try compressor.run(
        resuming: state, save: { states.append($0) },
        onEvent: {
          if case .candidate(let candidate, _) = $0, let recipe = candidate.recipe {
            course.append(recipe.widths ?? [])
          }
          if case .note(let text) = $0, text.hasPrefix("all weights of these channels") { course.append(nil) }
        }
      ).report
    }
    let whole = try run()
    let widening = try #require(course.firstIndex(of: nil), "\(course)")
    let before = try #require(course[widening - 1])
    let after = (course.dropFirst(widening + 1).first ?? nil) ?? before
    #expect(after.isEmpty || zip(before, after).allSatisfy { $0 < $1 }, "\(course)")
    // Stopped between that candidate and the widening.
    let rest = Array(course[widening...])
    let state = try #require(states.first { $0.candidates.compactMap(\.recipe).count == widening })
    let resumed = try run(SearchState(json: state.json()))
    #expect(course == rest)
    #expect(resumed.candidates.map(\.fileBytes) == whole.candidates.map(\.fileBytes))
    #expect(resumed.candidates.map(\.points) == whole.candidates.map(\.points))
  }

  /// And in the end from the images as they are; what may lose much learns from labels alone.
  @Test func whatMayLoseLittleLearnsFromTheFloatModel() throws {
    func recipes(maxDrop: Double) throws -> [ShrinkRecipe] {
      var options = CompressorTests.options(CompressionBudget(maxDrop: maxDrop), epochs: 180)
      options.augmentation = .light
      options.acceptsNearMiss = true
      let report = try Compressor(try TrainedDigits.modelOfFew.get(), data: TrainedDigits.fewImages, options: options)
        .run()
        .report
      #expect(maxDrop < 100 - report.floatPoints || maxDrop > 20)
      return report.candidates.compactMap(\.recipe).filter { $0.training.epochs >= 42 }
    }
    let little = try recipes(maxDrop: 0.5)
    #expect(!little.isEmpty)
    for recipe in little {
      #expect(recipe.distillation == ShrinkRecipe.Distillation(weight: 0.9, temperature: 1))
      #expect(recipe.training.undistortedEpochs == recipe.training.epochs / 7)
      #expect(recipe.finalEpochs == recipe.training.epochs / 16)
      #expect(recipe.training.augmentationCycle == 12 && recipe.floatDistillation == nil)
    }
    // At a size that turns out to lose much, from the second training on.
    var options = CompressorTests.options(CompressionBudget(targetBytes: 190), epochs: 180)
    options.augmentation = .light
    let atSize = try Compressor(try TrainedDigits.modelOfFew.get(), data: TrainedDigits.fewImages, options: options)
      .run()
      .report
    let trained = atSize.candidates.compactMap(\.recipe)
    #expect(trained.map { $0.distillation != nil } == [true, false, false], "\(atSize.candidates.map(\.lost))")
    let much = try recipes(maxDrop: 50)
    #expect(!much.isEmpty)
    for recipe in much { #expect(recipe.distillation == nil && recipe.training.undistortedEpochs == nil) }
  }

  /// What was found too narrow is not trained again.
  @Test func aSearchStoppedWhileItWidensGoesOnFromThere() throws {
    var options = CompressorTests.options(CompressionBudget(maxDrop: -100), epochs: 40)
    options.acceptsNearMiss = true
    let compressor = try Compressor(try TrainedDigits.model.get(), data: TrainedDigits.images, options: options)
    var (wider, state) = (0, SearchState?.none)
    func note(_ event: CompressionEvent) {
      if case .note(let text) = event, text.hasSuffix("more are tried") { wider += 1 }
    }
    #expect(throws: CompressionError.cancelled) {
      _ = try compressor.run(isCancelled: { wider == 1 }, save: { state = $0 }, onEvent: { note($0) })
    }
    let resumed = try compressor.run(resuming: SearchState(json: #require(state).json()), onEvent: { note($0) })
    #expect(wider == 2)
    let whole = try compressor.run()
    #expect(resumed.file.bytes == whole.file.bytes)
    #expect(resumed.report.candidates.map(\.epochs) == whole.report.candidates.map(\.epochs))
  }

  /// As where other programs take the processor, and nothing is within the budget yet.
  @Test func aSlowSearchEndsSoonAfterItsTime() throws {
    var options = CompressorTests.options(CompressionBudget(maxDrop: -100))
    options.effort = .minutes(0.05)
    options.weightLevels = [127]
    let compressor = try Compressor(try TrainedDigits.modelOfFew.get(), data: TrainedDigits.fewImages, options: options)
    let start = ContinuousClock.now
    var candidates: [CompressionCandidate] = []
    var isEndless = false
    #expect(throws: CompressionError.self) {
      // Twenty times its 3 seconds: only a search that takes no heed of time is still at it then.
      _ = try compressor.run(
        isCancelled: {
          isEndless = isEndless || ContinuousClock.now - start > .seconds(60)
          return isEndless
        }, save: { candidates = $0.candidates },
        onEvent: { if case .training(.progress) = $0 { Thread.sleep(forTimeInterval: 0.5) } })
    }
    #expect(!isEndless)
    #expect(!candidates.isEmpty && candidates.allSatisfy { !$0.meetsBudget })
  }
}
