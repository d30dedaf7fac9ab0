import SwiftletModel

/// Work between two barriers: passes of steps over each shard, then something on one thread.
private struct Region {
  var passes: [(Shard) -> Void] = []
  var finish: ((_ shards: Int) -> Void)?
}

extension FloatNetwork {
  /// Fills part of a batch: called on several threads, with the network's inputs and the samples to fill.
  public typealias Fill = (_ sample: Int, _ input: UnsafeMutableBufferPointer<Float>) -> Void

  /// Computes all values of the first `count` samples of the inputs.
  ///
  /// - Parameter fill: called once for each sample with its part of the first input, on several threads; nil where
  ///   the inputs are filled already.
  public func forward(count: Int, fill: Fill? = nil) {
    begin(count: count, isTraining: false)
    var regions = [Region()]
    addFill(fill, to: &regions)
    for step in steps { regions[0].passes.append(forwardPass(step)) }
    run(regions, count: count, isTraining: false, key: 0)
  }

  /// Forward, then the loss of the first `count` samples against their labels.
  ///
  /// The output must be one vector of class scores or probabilities; labels must be below its count.
  public func evaluate(count: Int, labels: [UInt8], fill: Fill? = nil) -> LossSummary {
    forward(count: count, fill: fill)
    let logits = storages[logitsValue]!
    var result = LossSummary(count: count)
    for n in 0..<count {
      let (loss, isCorrect) = SoftmaxCrossEntropy.forward(logits.x(n), label: Int(labels[n]))
      result.loss += loss
      result.correct += isCorrect ? 1 : 0
    }
    return result
  }

  /// One training pass: forward with batch statistics and dropout, mean cross-entropy, gradients of every parameter.
  ///
  /// Parameters are left alone; an optimizer changes them by `Parameter.gradient`.
  /// - Parameters:
  ///   - key: distinguishes this pass's random draws (dropout) from other passes'.
  ///   - softTargets: a teacher's opinion of the same samples, to be mixed into the loss.
  public func trainingPass(
    count: Int, labels: [UInt8], key: UInt64, softTargets: SoftTargets? = nil, fill: Fill? = nil
  ) -> LossSummary {
    precondition(labels.count >= count, "fewer labels than samples")
    let logits = storages[logitsValue]!
    let classes = logits.count
    precondition(labels[..<count].allSatisfy { Int($0) < classes }, "a label is outside the model's classes")
    if let softTargets { precondition(softTargets.logits.count >= count * classes, "fewer soft targets than samples") }
    let factor = 1 / Float(count)
    return withPartialLosses(count) { losses in
      pass(count: count, key: key, fill: fill) { shard in
        var loss = LossSummary(count: shard.samples.count)
        for n in shard.samples {
          let (sample, isCorrect) = SoftmaxCrossEntropy.forward(logits.x(n), label: Int(labels[n]))
          loss.loss += sample
          loss.correct += isCorrect ? 1 : 0
          guard let softTargets else {
            SoftmaxCrossEntropy.backward(
              logits.x(n), label: Int(labels[n]), factor: factor, addingTo: logits.dx(n))
            continue
          }
          SoftmaxCrossEntropy.backward(
            logits.x(n), label: Int(labels[n]), factor: factor * (1 - softTargets.weight), addingTo: logits.dx(n))
          softTargets.logits.withUnsafeBufferPointer { all in
            SoftmaxCrossEntropy.distill(
              logits.x(n), teacher: UnsafeBufferPointer(rebasing: all[n * classes..<(n + 1) * classes]),
              temperature: softTargets.temperature, factor: factor * softTargets.weight, addingTo: logits.dx(n))
          }
        }
        losses[shard.index] = loss
      }
    }
  }

  /// A training pass for any loss: `lossGradient` gets a sample's outputs and sets the gradient of its loss.
  package func trainingPass(
    count: Int, key: UInt64, fill: Fill? = nil,
    lossGradient: @escaping (_ sample: Int, UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    let output = storages[model.outputs[0]]!
    pass(count: count, key: key, fill: fill, throughLogits: false) { shard in
      for n in shard.samples { lossGradient(n, output.x(n), output.dx(n)) }
    }
  }

  private func withPartialLosses(
    _ count: Int, _ body: (UnsafeMutableBufferPointer<LossSummary>) -> Void
  ) -> LossSummary {
    withUnsafeTemporaryAllocation(of: LossSummary.self, capacity: shardCount(count)) { losses in
      losses.initialize(repeating: LossSummary())
      body(losses)
      return losses.reduce(into: LossSummary()) { $0 += $1 }
    }
  }

  /// Forward, `loss` on each shard, backward, then the parameter gradients.
  private func pass(
    count: Int, key: UInt64, fill: Fill?, throughLogits: Bool = true, loss: @escaping (Shard) -> Void
  ) {
    begin(count: count, isTraining: true)
    var regions = [Region()]
    addFill(fill, to: &regions)
    // Cross-entropy takes the logits; a final softmax then has no part in it.
    let skipped = throughLogits && logitsValue != model.outputs[0] ? model.producers()[model.outputs[0]] : nil
    let active = steps.filter { $0.node != skipped }
    for step in active {
      if step.hasBatchStatistics {
        regions[regions.count - 1].passes.append { step.gatherForward($0) }
        regions[regions.count - 1].finish = { step.finishForward(shards: $0) }
        regions.append(Region())
      }
      regions[regions.count - 1].passes.append(forwardPass(step))
    }
    let zeroed = uniqueStorages.filter { !$0.isGradientSet }
    regions[regions.count - 1].passes.append { shard in
      for storage in zeroed { storage.dx(shard.samples).update(repeating: 0) }
      loss(shard)
    }
    for step in active.reversed() {
      if step.hasBatchStatistics {
        regions[regions.count - 1].passes.append { step.gatherBackward($0) }
        regions[regions.count - 1].finish = { step.finishBackward(shards: $0) }
        regions.append(Region())
      }
      regions[regions.count - 1].passes.append(backwardPass(step))
    }
    run(regions, count: count, isTraining: true, key: key)
    var tasks: [(FloatStep, Int)] = []
    for step in active { for task in 0..<step.gradientTasks { tasks.append((step, task)) } }
    let shards = shardCount(count)
    pool.run(tasks.count) { index, _ in
      tasks[index].0.completeGradient(tasks[index].1, samples: count, shards: shards)
    }
  }

  private var uniqueStorages: [ValueStorage] {
    var seen = Set<ObjectIdentifier>()
    let inputs = Set(model.inputs)
    return storages.enumerated().compactMap { value, storage in
      guard let storage, !inputs.contains(value), seen.insert(ObjectIdentifier(storage)).inserted else { return nil }
      return storage
    }
  }

  private func forwardPass(_ step: FloatStep) -> (Shard) -> Void {
    let forward = substitutes[step.node].map { substitute in
      { (shard: Shard) in substitute.forward(step.inputs.map { $0.x(shard.samples) }, step.output.y(shard.samples)) }
    }
    guard let valueTransform else { return forward ?? { step.forward($0) } }
    let value = model.nodes[step.node].output
    return { shard in
      if let forward { forward(shard) } else { step.forward(shard) }
      valueTransform(value, step.output.y(shard.samples))
    }
  }

  private func backwardPass(_ step: FloatStep) -> (Shard) -> Void {
    let substitute = substitutes[step.node]
    guard substitute != nil || gradientTransform != nil else { return { step.backward($0) } }
    let value = model.nodes[step.node].output
    let gradientTransform = gradientTransform
    return { shard in
      let samples = shard.samples
      gradientTransform?(value, step.output.x(samples), step.output.dx(samples))
      guard let substitute else { return step.backward(shard) }
      substitute.backward(
        step.output.x(samples), step.output.dy(samples),
        addingTo: zip(step.inputs, step.wantsInputGradient).map { $1 ? $0.dx(samples) : nil })
    }
  }

  private func addFill(_ fill: Fill?, to regions: inout [Region]) {
    let input = storages[model.inputs[0]]!
    let (transform, value) = (valueTransform, model.inputs[0])
    guard fill != nil || transform != nil else { return }
    regions[0].passes.append { shard in
      if let fill { for n in shard.samples { fill(n, input.y(n)) } }
      transform?(value, input.y(shard.samples))
    }
  }

  private func run(_ regions: [Region], count: Int, isTraining: Bool, key: UInt64) {
    let shards = shardCount(count)
    for region in regions {
      pool.run(shards) { index, worker in
        let shard = shard(index, worker: worker, count: count, isTraining: isTraining, key: key)
        for pass in region.passes { pass(shard) }
      }
      region.finish?(shards)
    }
  }
}
