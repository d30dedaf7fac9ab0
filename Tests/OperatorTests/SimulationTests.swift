import SwiftletCompression
import SwiftletData
import SwiftletFloat
import SwiftletModel
import SwiftletReference
import SwiftletRuntime
import TestSupport
import Testing

/// Quantization-aware training computes the integers that the runtime computes.
@Suite struct SimulationTests {
  /// The operators without weights that change numbers: those that training simulates.
  private static let simulated = OperatorCase.quantizable.filter {
    !$0.op.isWeighted && $0.op.quantizationRule != .inheritsInput
  }

  @Test(arguments: OperatorCase.quantizable)
  func whatIsSimulatedIsWhatChangesNumbersWithoutWeights(_ entry: OperatorCase) throws {
    let model = try entry.quantized()
    let to = try #require(model.values[model.outputs[0]].quantization)
    let substitute = try entry.op.simulated(entry.shapes, from: entry.quantizations, to: to, name: "")
    #expect((substitute != nil) == (!entry.op.isWeighted && entry.op.quantizationRule != .inheritsInput))
  }

  @Test(arguments: simulated)
  func simulationComputesTheBytesOfTheRuntime(_ entry: OperatorCase) throws {
    let model = try entry.quantized()
    let place = try SimulatedOperator(entry, model)
    let images = model.inputs.indices.map { model.randomInput(batch: 2, seed: UInt64($0 + 5), input: $0) }
    let bytes = try model.outputs(.best, images, batch: 2, maxBatch: 2)[0]
    let reals = zip(images, entry.quantizations).map { image, quantization in
      image.map { Float(Int($0) - quantization.zeroPoint) }
    }
    #expect(place.forward(reals) == bytes.map { Float(Int($0) - place.to.zeroPoint) })
  }

  /// Over many steps the rounding evens out: the slope of the integers is the straight-through gradient, wherever no
  /// output is clamped.
  @Test(arguments: simulated)
  func gradientsAreTheSlopesOfTheIntegers(_ entry: OperatorCase) throws {
    let model = try entry.quantized()
    let place = try SimulatedOperator(entry, model)
    let stage = OutputStage(entry.op.fusedActivation, model.values[model.outputs[0]])
    let inside = Float(stage.lo + 1 - stage.zeroPoint)...Float(stage.hi - 1 - stage.zeroPoint)
    var draws = Draws(4)
    let reach: Float = 30
    let inputs = zip(entry.shapes, entry.quantizations).map { shape, quantization in
      // Bytes from 60 to 195, so that no nudge leaves them.
      draws.integers(shape.count, within: 67).map { $0 + 128 - Float(quantization.zeroPoint) }
    }
    let y = place.forward(inputs)
    for (position, input) in inputs.enumerated() {
      // Every seventh element meets each channel and border of the small images.
      for element in stride(from: position, to: input.count, by: 7) {
        let moved = [reach, -reach].map { nudge in
          var moved = inputs
          moved[position][element] += nudge
          return place.forward(moved)
        }
        for output in y.indices where [y, moved[0], moved[1]].allSatisfy({ inside.contains($0[output]) }) {
          let slope = (moved[0][output] - moved[1][output]) / (2 * reach)
          guard slope != 0 || output % 11 == 0 else { continue }
          let gradient = place.gradients(y, output: output)[position][element]
          #expect(abs(gradient - slope) <= 1.01 / (2 * reach))
        }
      }
    }
  }

  /// One case of each kind, set of traits and activation.
  private static let ofNetworks: [OperatorCase] = {
    var seen: Set<[AnyHashable]> = []
    return OperatorCase.quantizable.filter {
      seen.insert([$0.op.kind, $0.traits, $0.op.fusedActivation]).inserted
    }
  }()

  /// The whole network, weights and all: the operator behind convolutions and before dense units, every value.
  @Test(arguments: ofNetworks)
  func aNetworkInTrainingHoldsTheIntegersOfTheRuntime(_ entry: OperatorCase) throws {
    let model = try entry.surrounded()
    let shape = model.values[0].shape
    let count = TrainedIntegers.batch
    var draws = Draws(6)
    let images = Dataset(
      height: shape.height, width: shape.width, channels: shape.channels,
      images: (0..<count * shape.count).map { _ in UInt8(truncatingIfNeeded: draws.generator.next()) },
      labels: (0..<count).map { UInt8($0 % 3) }, classNames: ["a", "b", "c"])
    let trained = try TrainedIntegers(
      FoldedModel(model), images: images, levels: [127, 7], steps: 1, keepsEveryValue: true)
    let (values, elements) = try trained.difference(over: images)
    #expect(values >= 2)
    #expect(elements == 0)
  }
}

/// An operator as training simulates it on integers u = q - z, held as floats.
struct SimulatedOperator {
  let to: Quantization
  private let substitute: any OperatorSubstitute
  private let inputCounts: [Int]
  private let outputCount: Int

  init(_ entry: OperatorCase, _ model: Model) throws {
    let output = model.values[model.outputs[0]]
    to = try #require(output.quantization)
    substitute = try #require(
      try entry.op.simulated(entry.shapes, from: entry.quantizations, to: to, name: entry.name))
    inputCounts = entry.shapes.map(\.count)
    outputCount = output.shape.count
  }

  func forward(_ inputs: [[Float]]) -> [Float] {
    substitute.outputs(of: inputs, count: inputs[0].count / inputCounts[0] * outputCount)
  }

  /// The gradient of one output element of one sample with respect to all inputs.
  func gradients(_ y: [Float], output: Int) -> [[Float]] {
    var one = [Float](repeating: 0, count: outputCount)
    one[output] = 1
    return substitute.gradients(at: y, one, counts: inputCounts)
  }
}
