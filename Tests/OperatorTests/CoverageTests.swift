import SwiftletModel
import Testing

/// The suite's own completeness: an operator without a case is a failing test.
@Suite struct CoverageTests {
  @Test(arguments: OperatorKind.allCases)
  func everyMemberOfEveryFamilyHasACase(_ kind: OperatorKind) {
    #expect(OperatorCase.all.contains { $0.op.kind == kind }, "write a case of \(kind.name)")
  }

  @Test func noTwoCasesHaveOneName() {
    #expect(Set(OperatorCase.all.map(\.testDescription)).count == OperatorCase.all.count)
  }

  /// A law that no case is under would hold of anything.
  @Test func everyTraitIsStatedOfACaseAndNotOfAnother() {
    func isStated(_ trait: (OperatorTraits) -> Bool) -> Bool {
      OperatorCase.all.contains { trait($0.traits) } && !OperatorCase.all.allSatisfy { trait($0.traits) }
    }
    #expect(isStated(\.commutesWithMonotone))
    #expect(isStated(\.isHomogeneous))
    #expect(isStated(\.isTrainingOnly))
    #expect(isStated(\.keepsRanking))
    #expect(isStated { $0.groups > 1 })
    #expect(Set(OperatorCase.all.map(\.op.quantizationRule)).count == 5)
    #expect(Set(OperatorCase.all.map(\.traits.channels)).count == 9)
    #expect(Set(OperatorCase.all.map(\.traits.affine)).count == 7)
  }
}
