import Foundation
import SwiftletCompression
import SwiftletModel
import SwiftletSearch
import SwiftletTraining
import TestSupport
import Testing

/// That a search stops and goes on, with networks that are trained; `SearchLawTests` have the laws of its course.
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
}
