import CSwiftletPlatform

/// The part of 0..<total that piece `piece` of `count` takes, its ends multiples of `granule`; it may be empty.
func share(_ total: Int, _ piece: Int, of count: Int, by granule: Int) -> Range<Int> {
  let granules = (total + granule - 1) / granule
  let first = granules * piece / count * granule
  let end = granules * (piece + 1) / count * granule
  return min(first, total)..<min(end, total)
}

/// How the threads of a session share a step: in passes, one after the other, each of pieces that need nothing of each
/// other.
struct StepSharing: BitwiseCopyable {
  /// About what one image takes on one thread.
  let nanoseconds: Int
  /// There is a pass for each image, rather than one for all.
  let hasPassPerImage: Bool
  /// What comes before a pass's pieces, on one thread; nil where nothing does.
  var prepare: (@convention(c) (_ body: UnsafeRawPointer, _ frame: UnsafeRawPointer, _ pass: Int) -> Void)?
  /// Computes a `StepPiece`.
  let run: StepFunctions.Function
}

/// Piece `index` of `count` of one pass.
struct StepPiece: BitwiseCopyable {
  let frame: Frame
  /// The frame of a thread's own arena, for scratch.
  let own: Frame
  let pass, index, count: Int
}

/// One pass while threads share it.
private struct Pass {
  let step: Step
  let frame: Frame
  let index, pieceCount: Int
  /// Bytes from one thread's arena to the next one's; the frame's is the first.
  let arenaByteCount: Int

  func run(piece: Int, worker: Int) {
    let own = Frame(arena: frame.arena + worker * arenaByteCount, offsets: frame.offsets, imageCount: frame.imageCount)
    let piece = StepPiece(frame: frame, own: own, pass: index, index: piece, count: pieceCount)
    withUnsafePointer(to: piece) { step.functions.pointee.sharing?.run(step.body, $0) }
  }
}

extension Step {
  /// A shorter step gains less than waking a thread costs: 5 us of system call for the caller, 30 until it runs.
  static var leastSharedNanoseconds: Int { 40_000 }

  /// About what one image takes on one thread, for steps that threads can share; 0 for others.
  var shareableNanoseconds: Int { functions.pointee.sharing?.nanoseconds ?? 0 }

  /// Whether the threads of a session take pieces of this step when there are fewer images than threads.
  var isShared: Bool { shareableNanoseconds >= Step.leastSharedNanoseconds }

  /// Does what comes before a pass's pieces.
  func prepare(_ frame: Frame, pass: Int) {
    withUnsafePointer(to: frame) { functions.pointee.sharing?.prepare?(body, $0, pass) }
  }

  /// Computes a shared step on all threads of `pool`; the same bytes as `run(_:)`.
  func run(_ frame: Frame, sharedBy pool: OpaquePointer, arenaByteCount: Int) {
    guard let sharing = functions.pointee.sharing else { return }
    // More pieces than threads: a thread that wakes late then finds less left to do.
    let count = Int(swl_pool_threads(pool)) * 4
    for index in 0..<(sharing.hasPassPerImage ? frame.imageCount : 1) {
      prepare(frame, pass: index)
      var pass = Pass(step: self, frame: frame, index: index, pieceCount: count, arenaByteCount: arenaByteCount)
      swl_pool_run(
        pool, count,
        { context, piece, worker in
          context?.assumingMemoryBound(to: Pass.self).pointee.run(piece: Int(piece), worker: Int(worker))
        }, &pass)
    }
  }
}

extension UnsafeRawPointer {
  /// The frame, piece or rows that a step's function was called with, or its body.
  func value<Value>(_ type: Value.Type) -> UnsafePointer<Value> { assumingMemoryBound(to: type) }
}
