import SwiftletModel
import TestSupport
import Testing

/// What an operator's traits promise about single elements holds of what it computes.
@Suite struct TraitTests {
  private func bytes(_ model: Model, seed: UInt64) -> [[UInt8]] {
    model.inputs.indices.map { model.randomInput(batch: 1, seed: seed + UInt64($0), input: $0) }
  }

  /// A non-decreasing map of bytes, drawn at random.
  @Test(arguments: OperatorCase.quantizable.filter(\.traits.commutesWithMonotone))
  func aMonotoneMapBeforeIsOneAfter(_ entry: OperatorCase) throws {
    let model = try entry.quantized()
    for seed in 1...4 as ClosedRange<UInt64> {
      var draws = Draws(seed)
      let map = (0...255).map { _ in UInt8(truncatingIfNeeded: draws.generator.next()) }.sorted()
      let inputs = bytes(model, seed: seed * 10)
      let before = try model.definition(inputs.map { $0.map { map[Int($0)] } })
      let after = try model.definition(inputs)?.map { Int32(map[Int($0)]) }
      #expect(before == after)
    }
  }

  @Test(arguments: OperatorCase.quantizable.filter { $0.op.quantizationRule == .inheritsInput })
  func anInheritedQuantizationMeansBytesOfTheInput(_ entry: OperatorCase) throws {
    let model = try entry.quantized()
    let inputs = bytes(model, seed: 3)
    let outputs = try #require(try model.definition(inputs))
    #expect(Set(outputs).isSubset(of: Set(inputs.joined().map { Int32($0) })))
  }

  /// Another scale of the output is refused where it must be the input's, and taken where it is the operator's own.
  @Test(arguments: OperatorCase.quantizable)
  func theOutputHasTheQuantizationThatItsRuleSays(_ entry: OperatorCase) throws {
    var model = try entry.quantized()
    let output = model.outputs[0]
    model.values[output].element = .uint8
    let scale = try #require(model.values[output].quantization).scale.doubleValue
    model.values[output].quantization = Quantization(scale: TestNetwork.scale(scale * 1.5), zeroPoint: 17)
    switch entry.op.quantizationRule {
    case .inheritsInput: #expect(throws: GraphError(.quantization(value: output), node: 0)) { try model.validate() }
    case .ownRange, .ownRangeOrInput, .sharedWithInputs: try model.validate()
    case .floatOnly: Issue.record("no integer model has this operator")
    }
  }

  @Test(arguments: OperatorCase.all.filter { $0.op.quantizationRule == .floatOnly })
  func anOperatorOfFloatModelsAloneIsRefusedInOthers(_ entry: OperatorCase) throws {
    var model = try entry.float()
    for value in model.values.indices {
      model.values[value].element = .uint8
      model.values[value].quantization = .image
    }
    for index in model.nodes[0].parameters.indices {
      let tensor = model.nodes[0].parameters[index]
      model.nodes[0].parameters[index].storage = .int32([Int32](repeating: 1, count: tensor.count))
    }
    #expect(throws: GraphError(.floatOnly, node: 0)) { try model.validate() }
  }

  @Test(arguments: OperatorCase.all.filter(\.traits.keepsRanking))
  func theGreatestChannelOfAPixelStaysTheGreatest(_ entry: OperatorCase) throws {
    let model = try entry.float()
    let channels = entry.shapes[0].channels
    for seed in 1...4 as ClosedRange<UInt64> {
      let input = entry.floats(seed: seed)[0].map { $0 * 5 }
      let output = try model.forward([input])
      try #require(output.count == input.count)
      func greatest(_ elements: [Float]) -> [Int] {
        stride(from: 0, to: elements.count, by: channels).map { first in
          (0..<channels).max { elements[first + $0] < elements[first + $1] } ?? 0
        }
      }
      #expect(greatest(output) == greatest(input))
    }
  }

  @Test(arguments: OperatorCase.all.filter(\.traits.isTrainingOnly), [true, false])
  func whatIsForTrainingAloneChangesNothingElsewhere(_ entry: OperatorCase, isReference: Bool) throws {
    let input = entry.floats(seed: 2)
    #expect(try entry.float().forward(input, isReference: isReference) == input[0])
  }

  /// The first group of the input's channels enters the first group of the output's, all of them, and no others.
  @Test(arguments: OperatorCase.all.filter(\.op.isWeighted))
  func weightsSeeTheirOwnGroupOfChannels(_ entry: OperatorCase) throws {
    let model = try entry.float()
    let groups = entry.traits.groups
    var input = entry.floats(seed: 5)
    let before = try model.forward(input)
    let channels = entry.shapes[0].channels
    for i in input[0].indices where i % channels < channels / groups { input[0][i] += 3 }
    let after = try model.forward(input)
    let filters = model.values[model.outputs[0]].shape.channels
    var isChanged = [Bool](repeating: false, count: groups)
    for i in before.indices where before[i] != after[i] { isChanged[i % filters / (filters / groups)] = true }
    // An activation may hide a change of the one filter there is.
    #expect(isChanged[0] || entry.op.fusedActivation != .none)
    #expect(!isChanged.dropFirst().contains(true))
  }
}
