import Foundation
import SwiftletSearch
import Testing

/// What a search keeps between runs is a file, which may be damaged.
@Suite struct SearchStateTests {
  private static func state(_ change: (inout SearchState) -> Void) throws -> Data {
    let start = #"{"fingerprint": 77, "facts": {"json": "{}"}, "seconds": 0, "candidates": []}"#
    var state = try SearchState(json: Data(start.utf8))
    state.candidates = [
      CompressionCandidate(
        number: 1, method: .trained(ShrinkRecipe(targetBytes: 800)), points: 98, drop: 0.5, fileBytes: 790,
        microseconds: 2, epochs: 60)
    ]
    change(&state)
    return try state.json()
  }

  @Test func countsThatNoSearchComesToAreRefused() throws {
    _ = try SearchState(json: Self.state { $0.probeEpochs = 3 })
    let damages: [(inout SearchState) -> Void] = [
      { $0.candidates[0].epochs = .max }, { $0.candidates[0].epochs = -1 }, { $0.probeEpochs = .max },
      { $0.candidates[0].fileBytes = -5 }, { $0.widestRung = -1 }, { $0.rounds = .min }, { $0.channelShare = 7 },
    ]
    for damage in damages { #expect(throws: CompressionError.self) { try SearchState(json: Self.state(damage)) } }
  }

  @Test func numbersThatNoSearchComesToAreRefused() throws {
    _ = try SearchState(json: Self.state { ($0.pace, $0.seconds, $0.roundsEffort) = (0.5, 9.5, 300) })
    let damages: [(inout SearchState) -> Void] = [
      { $0.pace = 0 }, { $0.pace = 1e-300 }, { $0.pace = 11 }, { $0.pace = -1 }, { $0.seconds = -1e300 },
      { $0.seconds = 1e300 }, { $0.roundsEffort = -1 }, { $0.roundsEffort = 1e300 }, { $0.candidates[0].seconds = -1 },
      { $0.candidates[0].drop = 1e300 }, { $0.candidates[0].microseconds = -1 },
      { $0.candidates[0].method = .trained(ShrinkRecipe(targetBytes: .max)) },
    ]
    for damage in damages { #expect(throws: CompressionError.self) { try SearchState(json: Self.state(damage)) } }
  }

  @Test func aStateIsKnownByItsFirstBytes() throws {
    let bytes = [UInt8](try Self.state { _ in })
    let text =
      #"{"facts": {"json": "{}"}, "seconds": 0, "candidates": [], "best": {"number": 1, "file": "AQ=="}}"#
    let best = [UInt8](try SearchState(json: Data(text.utf8)).json())
    for count in [0, 1, 8, bytes.count] {
      #expect(SearchState.isBegun(by: Array(bytes.prefix(count))) && SearchState.isBegun(by: Array(best.prefix(count))))
    }
    for other in ["a letter", "{", "{}", #"{"names": 1}"#] {
      #expect(SearchState.isBegun(by: Array(other.utf8)) == (other == "{"))
    }
  }

  @Test func recipesInItAreCheckedAsOthersAre() throws {
    let damaged = try Self.state {
      var recipe = ShrinkRecipe(targetBytes: 800)
      recipe.training.batch = 0
      $0.candidates[0].method = .trained(recipe)
    }
    #expect(throws: CompressionError.self) { try SearchState(json: damaged) }
    let teachers = try Self.state {
      var training = ShrinkRecipe().training
      training.epochs = -1
      $0.furtherTeachers = SearchState.Teachers(recipe: ShrinkRecipe.FurtherTeachers(training: training, seeds: []))
    }
    #expect(throws: CompressionError.self) { try SearchState(json: teachers) }
  }
}
