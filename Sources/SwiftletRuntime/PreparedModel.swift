import CSwiftletKernels
public import SwiftletModel

/// A quantized model made ready to run on this CPU: validated, weights in kernel layout, memory planned.
///
/// It is immutable, so any number of sessions, on any threads, share it.
public final class PreparedModel: @unchecked Sendable {
  /// The most bytes the packed weights and tables of `model` may take, and the most one arena may take, unless told
  /// otherwise (Format.md, Limits).
  ///
  /// Packed weights take up to 8 bytes each; the arena of a large image tens of megabytes.
  public static func memoryLimit(of model: Model) -> Int { max(256 << 20, 8 * model.parameterCount) }
  /// The limit for models that are trusted, `--no-limits`.
  public static var liftedMemoryLimit: Int { 16 << 30 }
  /// An arena beyond this many bytes holds fewer images at a time, down to `smallestChunk`: the second-level cache.
  static var preferredArena: Int { 512 << 10 }
  /// Dense layers read their weights once for so many images.
  static var smallestChunk: Int { 8 }

  public let model: Model
  public let kernels: KernelTable
  /// The largest number of images computed at a time; a larger batch runs in chunks.
  public let chunk: Int
  /// Bytes of scratch each thread of a session takes.
  public let arenaByteCount: Int
  /// What `run` does, in order.
  public let steps: [StepDescription]

  let memory: PackedMemory
  let memoryLimit: Int
  let program: UnsafePointer<Step>
  /// The arena offset of each buffer.
  let offsets: UnsafePointer<Int>
  let inputs, outputs: [Endpoint]
  /// The shares of one image's time, in about nanoseconds, that threads can and cannot take over from each other.
  package let sharedNanoseconds, otherNanoseconds: Int

  /// An input or output of the model: its buffer and its bytes per image.
  struct Endpoint {
    let buffer, byteCount: Int
    let element: ElementType
  }

  /// Prepares `model` for batches of up to `maxBatch` images.
  ///
  /// A model that `runsOnce` is prepared without what pays only in later runs; the results are the same bytes.
  /// `kernels` defaults to the table `SWIFTLET_KERNELS` names, or the fastest. A small file may describe a network that
  /// takes much memory to run: beyond `memoryLimit` bytes, by default `memoryLimit(of: model)`, it is refused before they
  /// are allocated.
  /// - Throws: `PrepareError` for a float or invalid model, an unknown kernel table, or a model that needs more memory
  ///   than `memoryLimit`.
  public init(
    _ model: Model, maxBatch: Int = 1, kernels: KernelTable? = nil, runsOnce: Bool = false,
    memoryLimit: Int? = nil
  ) throws(PrepareError) {
    precondition(maxBatch >= 1, "maxBatch must be at least 1")
    // Building the program folds every weighted node, which checks its accumulators.
    do { try model.validate(checkingAccumulators: false) } catch { throw PrepareError(error) }
    guard model.isQuantized else { throw PrepareError(.floatModel) }
    guard let kernels = kernels ?? KernelTable.selected else { throw PrepareError(.unknownKernels) }
    let memoryLimit = memoryLimit ?? PreparedModel.memoryLimit(of: model)
    let builder = try ProgramBuilder(
      model, kernels, maxBatch: maxBatch, runsOnce: runsOnce, memoryLimit: memoryLimit)
    try builder.build()
    let memory = builder.memory

    let single = builder.plan(chunk: 1)
    guard single.byteCount <= memoryLimit else {
      throw PrepareError(.memory(needed: single.byteCount, limit: memoryLimit))
    }
    let fitting = max(PreparedModel.preferredArena / max(single.byteCount, 1), PreparedModel.smallestChunk)
    var chunk = min(maxBatch, fitting)
    var plan = builder.plan(chunk: chunk)
    while plan.byteCount > memoryLimit {
      chunk = max(1, chunk / 2)
      plan = builder.plan(chunk: chunk)
    }
    self.model = model
    self.kernels = kernels
    self.chunk = chunk
    self.memory = memory
    self.memoryLimit = memoryLimit
    arenaByteCount = plan.byteCount
    steps = builder.descriptions
    offsets = try memory.store(plan.offsets)
    program = try memory.store(builder.steps)
    sharedNanoseconds = builder.steps.reduce(0) { $0 + ($1.isShared ? $1.shareableNanoseconds : 0) }
    otherNanoseconds = builder.steps.reduce(0) { $0 + ($1.isShared ? 0 : $1.shareableNanoseconds) }
    inputs = builder.endpoints(model.inputs)
    outputs = builder.endpoints(model.outputs)
  }

  /// Bytes of packed weights and tables, shared by all sessions.
  public var packedByteCount: Int { memory.byteCount }
}
