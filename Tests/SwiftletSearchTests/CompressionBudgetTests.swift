import SwiftletSearch
import Testing

@Suite struct CompressionBudgetTests {
  @Test func limitsHoldToTheLastByte() {
    let budget = CompressionBudget(maxDrop: 0.1, targetBytes: 1000, targetMicroseconds: 5)
    #expect(budget.shortfalls(drop: 0.1, fileBytes: 1000, microseconds: 5).isEmpty)
    // 0.10000000000000853
    #expect(budget.shortfalls(drop: 99.7 - 99.6, fileBytes: 1000, microseconds: 5).isEmpty)
    #expect(
      budget.shortfalls(drop: 0.1001, fileBytes: 1001, microseconds: 5.01)
        == [.drop(0.1001, most: 0.1), .bytes(1001, most: 1000), .microseconds(5.01, most: 5)])
    #expect(budget.shortfalls(drop: .nan, fileBytes: 1, microseconds: 1).count == 1)
  }

  @Test func whatMayLoseAsMuchAsTheFloatModelDoesIsTiny() {
    func isTiny(_ budget: CompressionBudget, _ floatPoints: Double, lost: Double = 0) -> Bool {
      budget.skipsDistillation(floatPoints: floatPoints, resolution: 0.1, lost: lost)
    }
    #expect(isTiny(CompressionBudget(maxDrop: 1), 99.6) && !isTiny(CompressionBudget(maxDrop: 0.5), 99.6))
    // A perfect score on few images is no certainty.
    #expect(!isTiny(CompressionBudget(maxDrop: 0.1), 100, lost: 5))
    // Without a limit, what is lost at the size that is asked for tells.
    #expect(!isTiny(CompressionBudget(targetBytes: 1024), 99.6))
    #expect(isTiny(CompressionBudget(targetBytes: 1024), 99.6, lost: 1))
  }
}
