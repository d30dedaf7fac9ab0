import SwiftletModel

/// What a value of the graph holds for a batch; a reshape shares its input's.
final class ValueStorage: @unchecked Sendable {
  /// Elements of one sample.
  let count: Int
  let data: FloatBuffer
  private(set) var gradient: FloatBuffer?
  /// Whether a consumer sets the gradient instead of adding to it, so that nobody needs to zero it.
  var isGradientSet = false

  init(count: Int, batch: Int) {
    self.count = count
    data = FloatBuffer(count * batch)
  }

  func allocateGradient() {
    if gradient == nil { gradient = FloatBuffer(data.count) }
  }

  func address(_ n: Int) -> UnsafeMutablePointer<Float> { data.pointer + n * count }
  func gradientAddress(_ n: Int) -> UnsafeMutablePointer<Float> { gradient!.pointer + n * count }

  /// The elements of one sample or of a shard, to read (`x`, `dy`) or to write (`y`, `dx`).
  func x(_ n: Int) -> UnsafeBufferPointer<Float> { UnsafeBufferPointer(y(n)) }
  func y(_ n: Int) -> UnsafeMutableBufferPointer<Float> { y(n..<n + 1) }
  func dy(_ n: Int) -> UnsafeBufferPointer<Float> { UnsafeBufferPointer(dx(n)) }
  func dx(_ n: Int) -> UnsafeMutableBufferPointer<Float> { dx(n..<n + 1) }
  func x(_ samples: Range<Int>) -> UnsafeBufferPointer<Float> { UnsafeBufferPointer(y(samples)) }
  func y(_ samples: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: address(samples.lowerBound), count: samples.count * count)
  }
  func dy(_ samples: Range<Int>) -> UnsafeBufferPointer<Float> { UnsafeBufferPointer(dx(samples)) }
  func dx(_ samples: Range<Int>) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: gradientAddress(samples.lowerBound), count: samples.count * count)
  }
}

/// A fixed share of a batch. Shards depend on the batch alone, never on the threads, so results do neither.
struct Shard {
  let index: Int
  let samples: Range<Int>
  /// The thread that works on it: which scratch memory to use.
  let worker: Int
  let isTraining: Bool
  /// Distinguishes training steps, for dropout.
  let key: UInt64
}

/// Where a step stands in its network.
struct FloatStepPlace {
  var node: Int
  var inputs: [ValueStorage]
  var output: ValueStorage
  var parameters: [Parameter]
  var wantsInputGradient: [Bool]
  var context: FloatStepContext
}

/// What a step needs to know of its network.
struct FloatStepContext {
  let kernels: FloatKernels
  let workers: Int
  let shardSize, shardCount: Int
}

/// One or more fused nodes of a network, forward and backward for shards of a batch.
///
/// `forward` and `backward` run concurrently on different shards. A step with batch statistics has a gathering pass
/// over all shards before each, and finishes it on one thread.
class FloatStep: @unchecked Sendable {
  /// The node whose value this step makes: the last where several are fused.
  let node: Int
  let inputs: [ValueStorage]
  let output: ValueStorage
  let parameters: [Parameter]
  let context: FloatStepContext
  /// Which inputs depend on parameters.
  var wantsInputGradient: [Bool]
  /// `FloatNetwork.integerLimit`.
  var integerLimit: Float?

  init(_ place: FloatStepPlace) {
    node = place.node
    inputs = place.inputs
    output = place.output
    parameters = place.parameters
    wantsInputGradient = place.wantsInputGradient
    context = place.context
  }

  var hasBatchStatistics: Bool { false }
  /// Whether backward sets its input gradient when told that nobody else adds to it.
  var canSetInputGradient: Bool { false }

  /// Brings packed weights up to date; `task` is in 0..<preparationTasks.
  var preparationTasks: Int { 0 }
  func prepare(_ task: Int) {}
  func allocateForTraining() {}

  func gatherForward(_ shard: Shard) {}
  func finishForward(shards: Int) {}
  func forward(_ shard: Shard) {}

  func gatherBackward(_ shard: Shard) {}
  func finishBackward(shards: Int) {}
  func backward(_ shard: Shard) {}

  /// Completes the parameter gradients of the batch; `task` is in 0..<gradientTasks.
  var gradientTasks: Int { 0 }
  func completeGradient(_ task: Int, samples: Int, shards: Int) {}
}

/// A step whose parameter gradients are summed per shard, then over shards in order.
class FloatShardedStep: FloatStep, @unchecked Sendable {
  private var partials: [[FloatBuffer]] = []
  private static let chunk = 8192

  override func allocateForTraining() {
    guard partials.isEmpty else { return }
    partials = parameters.map { parameter in
      parameter.isTrained ? (0..<context.shardCount).map { _ in FloatBuffer(parameter.count) } : []
    }
  }

  func partial(_ parameter: Int, _ shard: Shard) -> UnsafeMutableBufferPointer<Float> {
    partials[parameter][shard.index].all
  }

  func partialAddress(_ parameter: Int, _ shard: Int) -> UnsafeMutablePointer<Float> {
    partials[parameter][shard].pointer
  }

  func zeroPartials(_ shard: Shard) {
    for buffers in partials where !buffers.isEmpty { buffers[shard.index].all.update(repeating: 0) }
  }

  private var chunkCounts: [Int] {
    parameters.map { $0.isTrained ? ($0.count + Self.chunk - 1) / Self.chunk : 0 }
  }

  override var gradientTasks: Int { chunkCounts.reduce(0, +) }

  override func completeGradient(_ task: Int, samples: Int, shards: Int) {
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
