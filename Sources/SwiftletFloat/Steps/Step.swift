import SwiftletModel

/// What a value of the graph holds for a batch; a reshape shares its input's.
package final class ValueStorage: @unchecked Sendable {
  /// Elements of one sample.
  package let count: Int
  package let data: FloatBuffer
  package private(set) var gradient: FloatBuffer?
  /// Whether a consumer sets the gradient instead of adding to it, so that nobody needs to zero it.
  package var isGradientSet = false

  package init(count: Int, batch: Int) {
    self.count = count
    data = FloatBuffer(count * batch)
  }

  package func allocateGradient() {
    if gradient == nil { gradient = FloatBuffer(data.count) }
  }

  package func address(_ n: Int) -> UnsafeMutablePointer<Float> { data.pointer + n * count }
  package func gradientAddress(_ n: Int) -> UnsafeMutablePointer<Float> { gradient!.pointer + n * count }

  /// The elements of one sample or of a shard, to read (`x`, `dy`) or to write (`y`, `dx`).
  package func x(_ n: Int) -> UnsafeBufferPointer<Float> { UnsafeBufferPointer(y(n)) }
  package func y(_ n: Int) -> UnsafeMutableBufferPointer<Float> { y(n..<n + 1) }
  package func dy(_ n: Int) -> UnsafeBufferPointer<Float> { UnsafeBufferPointer(dx(n)) }
  package func dx(_ n: Int) -> UnsafeMutableBufferPointer<Float> { dx(n..<n + 1) }
  package func x(_ samples: Range<Int>) -> UnsafeBufferPointer<Float> { UnsafeBufferPointer(y(samples)) }
  package func y(_ samples: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: address(samples.lowerBound), count: samples.count * count)
  }
  package func dy(_ samples: Range<Int>) -> UnsafeBufferPointer<Float> { UnsafeBufferPointer(dx(samples)) }
  package func dx(_ samples: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: gradientAddress(samples.lowerBound), count: samples.count * count)
  }
}

/// A fixed share of a batch. Shards depend on the batch alone, never on the threads, so results do neither.
package struct Shard {
  package let index: Int
  package let samples: Range<Int>
  /// The thread that works on it: which scratch memory to use.
  package let worker: Int
  package let isTraining: Bool
  /// Distinguishes training steps, for dropout.
  package let key: UInt64
}

/// Where a step stands in its network.
package struct StepPlace {
  package var node: Int
  package var inputs: [ValueStorage]
  package var output: ValueStorage
  package var parameters: [Parameter]
  package var wantsInputGradient: [Bool]
  package var context: StepContext
}

/// What a step needs to know of its network.
package struct StepContext {
  package let kernels: FloatKernels
  package let workers: Int
  package let shardSize, shardCount: Int
}

/// One or more fused nodes of a network, forward and backward for shards of a batch.
///
/// `forward` and `backward` run concurrently on different shards. A step with batch statistics has a gathering pass
/// over all shards before each, and finishes it on one thread.
package class Step: @unchecked Sendable {
  /// The node whose value this step makes: the last where several are fused.
  package let node: Int
  package let inputs: [ValueStorage]
  package let output: ValueStorage
  package let parameters: [Parameter]
  package let context: StepContext
  /// Which inputs depend on parameters.
  package var wantsInputGradient: [Bool]

  package init(_ place: StepPlace) {
    node = place.node
    inputs = place.inputs
    output = place.output
    parameters = place.parameters
    wantsInputGradient = place.wantsInputGradient
    context = place.context
  }

  package var hasBatchStatistics: Bool { false }
  /// Whether backward sets its input gradient when told that nobody else adds to it.
  package var canSetInputGradient: Bool { false }

  /// Brings packed weights up to date; `task` is in 0..<preparationTasks.
  package var preparationTasks: Int { 0 }
  package func prepare(_ task: Int) {}
  package func allocateForTraining() {}

  package func gatherForward(_ shard: Shard) {}
  package func finishForward(shards: Int) {}
  package func forward(_ shard: Shard) {}

  package func gatherBackward(_ shard: Shard) {}
  package func finishBackward(shards: Int) {}
  package func backward(_ shard: Shard) {}

  /// Completes the parameter gradients of the batch; `task` is in 0..<gradientTasks.
  package var gradientTasks: Int { 0 }
  package func completeGradient(_ task: Int, samples: Int, shards: Int) {}
}

/// A step whose parameter gradients are summed per shard, then over shards in order.
package class ShardedStep: Step, @unchecked Sendable {
  private var partials: [[FloatBuffer]] = []
  private static let chunk = 8192

  package override func allocateForTraining() {
    guard partials.isEmpty else { return }
    partials = parameters.map { parameter in
      parameter.isTrained ? (0..<context.shardCount).map { _ in FloatBuffer(parameter.count) } : []
    }
  }

  package func partial(_ parameter: Int, _ shard: Shard) -> UnsafeMutableBufferPointer<Float> {
    partials[parameter][shard.index].all
  }

  package func partialAddress(_ parameter: Int, _ shard: Int) -> UnsafeMutablePointer<Float> {
    partials[parameter][shard].pointer
  }

  package func zeroPartials(_ shard: Shard) {
    for buffers in partials where !buffers.isEmpty { buffers[shard.index].all.update(repeating: 0) }
  }

  private var chunkCounts: [Int] {
    parameters.map { $0.isTrained ? ($0.count + Self.chunk - 1) / Self.chunk : 0 }
  }

  package override var gradientTasks: Int { chunkCounts.reduce(0, +) }

  package override func completeGradient(_ task: Int, samples: Int, shards: Int) {
    var chunk = task
    for (index, chunks) in chunkCounts.enumerated() {
      guard chunk >= chunks else {
        let start = chunk * Self.chunk
        let count = min(Self.chunk, parameters[index].count - start)
        let target = parameters[index].gradient!.pointer + start
        target.update(from: partials[index][0].pointer + start, count: count)
        for shard in 1..<max(shards, 1) {
          context.kernels.table.add(partials[index][shard].pointer + start, count, target)
        }
        return
      }
      chunk -= chunks
    }
  }
}
