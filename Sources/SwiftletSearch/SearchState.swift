import Foundation
import SwiftletTraining

/// A search as it stands after a candidate, or after layers turned out too narrow: all that the rest of it depends on
/// besides model, data and options.
public struct SearchState: Hashable, Sendable, Codable {
  /// The best candidate so far and its file.
  public struct Best: Hashable, Sendable, Codable {
    public var number: Int
    public var file: Data
  }

  /// Float models trained to be learnt from.
  package struct Teachers: Hashable, Sendable, Codable {
    package var recipe: ShrinkRecipe.FurtherTeachers
    /// One for each seed.
    package var files: [Data] = []
    /// How many were trained, those among them that were not good enough.
    package var triedCount = 0

    package init(recipe: ShrinkRecipe.FurtherTeachers) { self.recipe = recipe }
  }

  /// The model, the data and the options that decide what is found.
  var facts: RunFacts
  /// Wall-clock time.
  package var seconds = 0.0
  public package(set) var candidates: [CompressionCandidate] = []
  public internal(set) var best: Best?
  /// How many candidates are trained at most, and the effort that was decided for.
  package var rounds: Int?
  package var roundsEffort: Double?
  /// The share of each layer's channels that are left at most.
  package var channelShare: Double?
  /// Parameters that a network must have, as fewer were too few.
  var leastParameters: Int?
  /// Nil before the first one, and where there is no time for them.
  package var furtherTeachers: Teachers?
  /// Epochs of networks that turned out too narrow, and of teachers.
  package var probeEpochs: Int?
  /// The rung of the widths that are fast enough, measured once.
  package var widestRung: Int?
  /// How many times longer an epoch took than a short measurement said, of the last candidate: one of `paces`.
  package var pace: Double?

  /// What a pace is limited to, so that a disturbance does not decide all that follows.
  static let paces = 0.5...10.0

  /// Epochs of training so far.
  package var epochs: Int { candidates.reduce(probeEpochs ?? 0) { $0 + $1.epochs } }

  public var bestCandidate: CompressionCandidate? {
    best.flatMap { best in candidates.first { $0.number == best.number } }
  }

  package init(facts: RunFacts) { self.facts = facts }

  /// Whether a file whose first bytes these are may be a search's state, though perhaps a damaged one: not that of others.
  ///
  /// - Parameter bytes: Eight or more, or all.
  public static func isBegun(by bytes: [UInt8]) -> Bool {
    [#"{"best":"#, #"{"candid"#].contains { $0.utf8.starts(with: bytes.prefix(8)) }
  }

  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return try encoder.encode(self)
  }

  /// - Throws: `DecodingError` where it is none, `CompressionError` where a number or a recipe in it makes no sense.
  public init(json: Data) throws {
    self = try JSONDecoder().decode(SearchState.self, from: json)
    try check()
  }
}

extension SearchState {
  /// What counts, and what seconds and efforts are, stay below; and their sums below what an integer holds.
  private static let most = 1 << 40

  /// Checks what is added up, counts something, or is trained by.
  private func check() throws(CompressionError) {
    var counts = [rounds, leastParameters, probeEpochs, widestRung, furtherTeachers?.triedCount].map { $0 ?? 0 }
    counts += candidates.flatMap { [$0.number, $0.fileBytes, $0.estimatedBytes ?? 0, $0.memoryBytes, $0.epochs] }
    counts += candidates.compactMap { $0.recipe?.targetBytes }
    guard candidates.count <= 1 << 20, counts.allSatisfy({ (0...Self.most).contains($0) }) else {
      throw .recipe("the search's state has a count below 0 or above \(Self.most)")
    }
    var times: [Double] = [seconds, roundsEffort ?? 0]
    for candidate in candidates { times += [candidate.seconds, candidate.microseconds] }
    guard times.allSatisfy({ (0...Double(Self.most)).contains($0) }) else {
      throw .recipe("the search's state has a time below 0 or above \(Self.most)")
    }
    guard Self.paces.contains(pace ?? 1) else { throw .recipe("the search's state has a pace of \(pace ?? 1)") }
    let qualities: [Double] = candidates.flatMap { (candidate: CompressionCandidate) -> [Double] in
      [candidate.points, candidate.drop, candidate.trainingDrop ?? 0]
    }
    // Explained variance may be far below 0.
    guard qualities.allSatisfy({ (-1e30...1e30).contains($0) }) else {
      throw .recipe("the search's state has a quality that no model has")
    }
    guard (0...1).contains(channelShare ?? 1) else {
      throw .recipe("the search's state has a share of channels above 1 or below 0")
    }
    for candidate in candidates { try candidate.recipe?.check() }
    if let furtherTeachers { try ShrinkRecipe.check(furtherTeachers.recipe.training) }
  }
}
