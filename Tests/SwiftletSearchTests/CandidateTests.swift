import SwiftletSearch
import Testing

/// A candidate of so many bytes; the first without a target is quantized, the others are trained.
func candidate(
  _ number: Int, _ target: Int?, _ bytes: Int, drop: Double, parametersPerByte: Double = 0
) -> CompressionCandidate {
  var recipe = ShrinkRecipe(targetBytes: target)
  // Tells the widths apart.
  recipe.widths = [Int(parametersPerByte)]
  return CompressionCandidate(
    number: number, method: target == nil && number == 1 ? .quantized(levels: 127) : .trained(recipe),
    points: 99 - drop, drop: drop, fileBytes: bytes, microseconds: 1)
}

/// Which candidates are within a budget, and which no other beats.
@Suite struct CandidateTests {
  @Test func theFrontHoldsWhatNoOtherBeats() {
    var all = [
      candidate(1, nil, 100, drop: 1), candidate(2, 1, 50, drop: 2), candidate(3, 1, 60, drop: 3),
      candidate(4, 1, 100, drop: 1), candidate(5, 1, 10, drop: 0),
    ]
    all[4].isAbandoned = true
    #expect(all.paretoFront.map(\.number) == [2, 1, 4])
    all[2].microseconds = 0.5
    #expect(all.paretoFront.map(\.number) == [2, 3, 1, 4])
    // Stopped when the time was over, and good enough.
    all[4].meetsBudget = true
    #expect(all.paretoFront.map(\.number) == [5, 3])
    // What was lost on the images trained on counts as well: smaller and by validation better, and yet no better.
    var pair = [candidate(1, 1, 100, drop: 0.1), candidate(2, 1, 50, drop: 0)]
    #expect(pair.paretoFront.map(\.number) == [2])
    pair[1].trainingDrop = 0.4
    #expect(pair.paretoFront.map(\.number) == [2, 1])
  }

  /// Few validation images flatter the luckiest of many candidates; many images of training tell.
  @Test func whatIsLostInTrainingCounts() {
    let budget = CompressionBudget(maxDrop: 0.1)
    var all = [candidate(1, 900, 900, drop: -0.1), candidate(2, 2000, 2000, drop: 0.05)]
    (all[0].trainingDrop, all[1].trainingDrop) = (0.11, 0.1)
    for index in all.indices { all[index].meetsBudget = budget.meets(all[index]) }
    #expect(all.map(\.meetsBudget) == [false, true] && budget.prefers(all[1], to: all[0]))
    #expect(budget.shortfalls(of: all[0]) == [.trainingDrop(0.11, most: 0.1)])
    #expect("\(budget.shortfalls(of: all[0])[0])" == "it loses 0.11 points of 0.1 on images it was trained on")
    all[1].drop = 0.2
    #expect(budget.shortfalls(of: all[1]) == [.drop(0.2, most: 0.1)])
    // Of two that miss it, the nearer by what counts.
    (all[0].meetsBudget, all[1].meetsBudget) = (false, false)
    #expect(budget.prefers(all[0], to: all[1]))
    all[0].trainingDrop = 0.3
    #expect(budget.prefers(all[1], to: all[0]))
    all[1].trainingDrop = .nan
    #expect(!budget.meets(all[1]))
  }

  @Test func timesWithinATenthCountAsTheSame() {
    var all = [candidate(1, nil, 100, drop: 1), candidate(2, 1, 90, drop: 1), candidate(3, 1, 90, drop: 1)]
    (all[1].microseconds, all[2].microseconds) = (1.08, 1.15)
    #expect(all.paretoFront.map(\.number) == [2, 3])
  }
}
