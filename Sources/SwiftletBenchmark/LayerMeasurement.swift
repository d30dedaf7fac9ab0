import SwiftletModel
import SwiftletRuntime

/// What keeps a layer from running faster.
public enum BindingLimit: String, Hashable, Sendable, Codable {
  /// The multiply-accumulate instruction.
  case compute
  /// The level of memory that holds the model's working set.
  case memory
  /// Neither comes near: calls, packing, requantization, vectors partly filled, or arithmetic without weights.
  case overhead

  /// The share of a limit below which it is not the one that binds.
  public static var threshold: Double { 0.3 }

  public init(computeShare: Double, memoryShare: Double) {
    if max(computeShare, memoryShare) < Self.threshold {
      self = .overhead
    } else {
      self = computeShare >= memoryShare ? .compute : .memory
    }
  }
}

/// One step of a model, measured on one thread; counts are of a whole call.
public struct LayerMeasurement: Hashable, Sendable, Codable {
  public var name, kernel, output: String
  public var microseconds: Double
  /// Of all layers' time, 0...1.
  public var timeShare: Double
  /// As the field counts them, padding included.
  public var multiplyAccumulates: Int
  /// Those that the results need: see `Model.usefulMultiplyAccumulates(ofFused:)`.
  public var usefulMultiplyAccumulates: Int
  /// Weights that are zero, 0...1; 0 where there are none.
  public var zeroWeightShare: Double
  /// Weights in kernel layout once per chunk of the batch, inputs and outputs once: the least a call must move.
  public var byteCount: Int
  /// Useful multiply-accumulates against the measured peak; a fast algorithm (Winograd) or weights skipped because they
  /// are zero may pass 1.
  public var peakShare: Double
  /// Bytes against what the level named by `memoryLevel` can read.
  public var memoryShare: Double
  public var memoryLevel: String
  public var limit: BindingLimit
  /// Why neither limit is near, where that is plain from the layer's shape: `depthwise`, `short call`, `short sums`,
  /// `no weights`.
  public var reason: String?

  public var gigaMultiplyAccumulatesPerSecond: Double { Double(usefulMultiplyAccumulates) / microseconds / 1e3 }
  public var gigabytesPerSecond: Double { Double(byteCount) / microseconds / 1e3 }
  /// Useful multiply-accumulates per byte.
  public var intensity: Double { Double(usefulMultiplyAccumulates) / Double(max(byteCount, 1)) }
  /// `compute`, `memory: L2`, `overhead` or `overhead: depthwise`.
  public var limitText: String {
    let detail = limit == .memory ? memoryLevel : limit == .overhead ? reason : nil
    return limit.rawValue + (detail.map { ": " + $0 } ?? "")
  }

  enum CodingKeys: String, CodingKey {
    case name, kernel, output, limit, reason
    case microseconds = "us"
    case timeShare = "share"
    case multiplyAccumulates = "macs"
    case usefulMultiplyAccumulates = "useful_macs"
    case zeroWeightShare = "zero_weights"
    case byteCount = "bytes"
    case peakShare = "peak_share"
    case memoryShare = "memory_share"
    case memoryLevel = "memory_level"
  }
}

extension PreparedModel {
  /// Bytes one call goes through: packed weights and one arena. The memory limit is that of the level that holds them,
  /// for by the time a layer runs again the others have passed through the caches.
  public var workingSet: Int { packedByteCount + arenaByteCount }

  /// Each step's time put beside its work and the limits of the machine.
  ///
  /// - Parameter microseconds: One per step, of a call of `batch` samples on one thread.
  public func layers(batch: Int, microseconds: [Double], limits: MachineLimits) -> [LayerMeasurement] {
    precondition(microseconds.count == steps.count, "one time per step")
    let total = max(microseconds.reduce(0, +), 1e-9)
    let level = limits.level(holding: workingSet)
    let chunks = (batch + chunk - 1) / chunk
    return zip(steps, microseconds).map { step, time in
      let time = max(time, 1e-3)
      let work = batch * model.usefulMultiplyAccumulates(ofFused: step.nodes)
      let bytes = chunks * step.packedByteCount + batch * activationByteCount(step)
      let peakShare = Double(work) / time / 1e3 / limits.peak
      let memoryShare = Double(bytes) / time / 1e3 / max(level.gigabytesPerSecond, 1e-9)
      let limit = BindingLimit(computeShare: peakShare, memoryShare: memoryShare)
      let node = model.nodes[step.nodes[0]]
      let weights = node.parameters.first
      return LayerMeasurement(
        name: step.nodes.map { String(decoding: model.name(ofNode: $0), as: UTF8.self) }.joined(separator: "+"),
        kernel: String(decoding: step.kernel, as: UTF8.self), output: Self.text(step.outputShape), microseconds: time,
        timeShare: time / total, multiplyAccumulates: batch * step.multiplyAccumulates,
        usefulMultiplyAccumulates: work,
        zeroWeightShare: weights.map { Double($0.zeroCount) / Double(max($0.count, 1)) } ?? 0, byteCount: bytes,
        peakShare: peakShare, memoryShare: memoryShare, memoryLevel: level.name,
        limit: limit, reason: limit == .overhead ? overheadReason(node, microseconds: time) : nil)
    }
  }

  /// What in a layer's shape keeps it from the limits of arithmetic and memory.
  private func overheadReason(_ node: Node, microseconds: Double) -> String? {
    // A call of less spends most of its time in getting to the kernel, requantizing and storing.
    if microseconds < 1 { return "short call" }
    guard node.op.isWeighted else { return "no weights" }
    // No sums over channels: the multiply-accumulate instruction adds products of one channel alone.
    let groups = model.traits(of: node).groups
    if groups > 1, groups == model.values[node.inputs[0]].shape.channels { return "depthwise" }
    // So few products per output that requantizing and storing it weigh as much.
    let sum = node.parameters[0].count / max(node.parameters[0].shape[0], 1)
    return sum < 64 ? "short sums" : nil
  }

  private static func text(_ shape: Shape) -> String {
    shape.isVector ? "\(shape.channels)" : "\(shape.height)x\(shape.width)x\(shape.channels)"
  }

  private func activationByteCount(_ step: StepDescription) -> Int {
    func byteCount(_ value: Int) -> Int { model.values[value].shape.count * model.values[value].element.byteCount }
    let made = Set(step.nodes.map { model.nodes[$0].output })
    let inputs = step.nodes.flatMap { model.nodes[$0].inputs }.reduce(0) { made.contains($1) ? $0 : $0 + byteCount($1) }
    return inputs + byteCount(model.nodes[step.nodes[step.nodes.count - 1]].output)
  }
}
