import SwiftletFloat
import SwiftletModel
import TestSupport
import Testing

/// Every float operator against plain sums in doubles, and its gradient against central differences of itself.
@Suite struct GradientTests {
  /// One case for each operator on its shapes: quantizations make no difference here.
  private static let cases: [OperatorCase] = {
    var seen: Set<[AnyHashable]> = []
    return OperatorCase.all.filter { seen.insert([$0.op, $0.shapes]).inserted }
  }()

  @Test(arguments: cases, [true, false])
  func gradientMatchesFiniteDifferences(_ entry: OperatorCase, isReference: Bool) throws {
    let options = FloatNetwork.Options(keepsEveryValue: true, isReference: isReference)
    // Activations differ in the plain definitions alone: the fast steps share one.
    let activations: [Activation] = isReference ? [.none, .relu, .boundedReLU(TestNetwork.scale(6))] : [.none]
    let variants = activations.compactMap { entry.op.fusing($0) }
    for op in isReference && !variants.isEmpty ? variants : [entry.op] {
      let place = try NudgedOperator(OperatorCase(entry.name, op, on: entry.shapes), options)
      let (gradient, differences) = (place.gradient(), place.differences())
      // A clamp may cut off the one output there is.
      #expect(differences.contains { $0 != 0 } || op.fusedActivation != .none, "a gradient of zeros proves nothing")
      for (index, (actual, expected)) in zip(gradient, differences).enumerated() {
        #expect(
          abs(actual - expected) <= place.tolerance * max(1, abs(expected)),
          "element \(index): \(actual), differences say \(expected)")
      }
    }
  }

  @Test(arguments: cases, [true, false])
  func theFloatOperatorIsItsDefinitionInDoubles(_ entry: OperatorCase, isReference: Bool) throws {
    let model = try entry.float()
    let inputs = entry.floats(seed: 3)
    let actual = try model.forward(inputs, isReference: isReference)
    let expected = DoubleNetwork(model).values(inputs.map { $0.map(Double.init) })[model.outputs[0]]
    #expect(actual.count == expected.count)
    for (a, e) in zip(actual, expected) { #expect(abs(Double(a) - e) <= 1e-4 * max(1, abs(e))) }
  }
}

extension OperatorCase {
  /// Elements for each input, uniform in -1 ..< 1.
  func floats(seed: UInt64) -> [[Float]] {
    var draws = Draws(seed)
    return shapes.map { draws.floats($0.count) }
  }
}

extension Model {
  /// The first output of one sample in the float network.
  func forward(_ inputs: [[Float]], isReference: Bool = false) throws -> [Float] {
    let network = try FloatNetwork(
      self, maximumBatch: 1, options: .init(keepsEveryValue: true, isReference: isReference))
    for (index, input) in inputs.enumerated() { _ = network.input(index).update(fromContentsOf: input) }
    network.forward(count: 1)
    return Array(network.activations(of: outputs[0], count: 1))
  }
}
