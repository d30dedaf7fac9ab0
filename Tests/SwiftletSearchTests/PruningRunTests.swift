import SwiftletCompression
import SwiftletModel
import SwiftletSearch
import TestSupport
import Testing

/// Pruning with fine-tuning, of the network of `TrainedDigits`.
@Suite struct PruningRunTests {
  @Test func masksHoldThroughFineTuning() throws {
    let model = try TrainedDigits.model.get()
    let held = try HeldOut(model, data: TrainedDigits.images)
    // Start from a model that is pruned already: what is 0 stays 0.
    let start = model.masked(by: try model.magnitudeMask(sparsity: 0.3))
    var training = PruningRun.fineTuning(epochs: 2)
    training.batch = 32
    let run = PruningRun(sparsity: 0.75, options: PruningOptions(scope: .global), training: training)
    let pruned = try run.run(start, training: held.training, validation: held.validation).model
    #expect(try pruned.sparsity() == 0.75)
    for (before, after) in zip(start.nodes, pruned.nodes) where !before.parameters.isEmpty {
      let (w, v) = (before.parameters[0].floats!, after.parameters[0].floats!)
      #expect(zip(w, v).allSatisfy { $0 != 0 || $1 == 0 })
      // The others did move.
      #expect(zip(w, v).contains { $0 != $1 && $1 != 0 })
      #expect(before.parameters[1] != after.parameters[1])
    }
  }

  @Test func aModelOfZerosIsLeftAsItIs() throws {
    var model = try TrainedDigits.model.get()
    let held = try HeldOut(model, data: TrainedDigits.images)
    for index in model.nodes.indices where !model.nodes[index].parameters.isEmpty {
      model.nodes[index].parameters[0] = Tensor(zeros: model.nodes[index].parameters[0].shape)
    }
    let run = PruningRun(sparsity: 0.5, training: PruningRun.fineTuning(epochs: 1))
    #expect(try run.run(model, training: held.training, validation: held.validation).model == model)
  }

  /// A layer left out of pruning keeps the zeros it came with.
  @Test func zerosOfExcludedLayersStay() throws {
    let model = try TrainedDigits.model.get()
    let held = try HeldOut(model, data: TrainedDigits.images)
    let start = model.masked(by: try model.magnitudeMask(sparsity: 0.3, PruningOptions(scope: .perLayer)))
    let options = PruningOptions(excludedLayers: ["dense_4"])
    var training = PruningRun.fineTuning(epochs: 1)
    training.batch = 32
    let run = PruningRun(sparsity: 0.6, options: options, training: training)
    let pruned = try run.run(start, training: held.training, validation: held.validation).model
    #expect(abs(try pruned.sparsity(options) - 0.6) < 1e-3)
    let (before, after) = (start.nodes[4].parameters[0], pruned.nodes[4].parameters[0])
    #expect(before.zeroCount == after.zeroCount && before != after)
    #expect(zip(before.floats!, after.floats!).allSatisfy { ($0 == 0) == ($1 == 0) })
  }
}
