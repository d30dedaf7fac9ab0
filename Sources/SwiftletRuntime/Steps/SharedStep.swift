import CSwiftletPlatform

/// The part of 0..<total that piece `piece` of `count` takes, its ends multiples of `granule`; it may be empty.
func share(_ total: Int, _ piece: Int, of count: Int, by granule: Int) -> Range<Int> {
  let granules = (total + granule - 1) / granule
  let first = granules * piece / count * granule
  let end = granules * (piece + 1) / count * granule
  return min(first, total)..<min(end, total)
}

/// One pass of a step that threads share: its pieces need nothing of each other.
private struct Pass {
  let step: UnsafePointer<Step>
  let frame: Frame
  let index, pieceCount: Int
  /// Bytes from one thread's arena to the next one's; the frame's is the first.
  let arenaByteCount: Int

  func run(piece: Int, worker: Int) {
    switch step.pointee {
    case .convolution(let step): step.pointee.run(frame, pass: index, piece: piece, of: pieceCount)
    case .winograd(let step):
      step.pointee.run(frame, own: own(worker), pass: index, piece: piece, of: pieceCount)
    case .pool(let step): step.pointee.run(frame, pass: index, piece: piece, of: pieceCount)
    case .addition(let step): step.pointee.run(frame, pass: index, piece: piece, of: pieceCount)
    case .table, .concat, .reference: break
    #if !hasFeature(Embedded)
      case .strips(let step): step.pointee.run(frame, own: own(worker), pass: index, piece: piece, of: pieceCount)
    #endif
    }
  }

  /// The frame of a thread's own arena, for scratch.
  private func own(_ worker: Int) -> Frame {
    Frame(arena: frame.arena + worker * arenaByteCount, offsets: frame.offsets, imageCount: frame.imageCount)
  }
}

extension Step {
  /// A shorter step gains less than waking a thread costs: 5 us of system call for the caller, 30 until it runs.
  static var leastSharedNanoseconds: Int { 40_000 }

  /// About what one image takes on one thread, for steps that threads can share; 0 for others.
  var shareableNanoseconds: Int {
    switch self {
    case .convolution(let step): step.pointee.nanoseconds
    case .winograd(let step): step.pointee.nanoseconds
    case .pool(let step): step.pointee.nanoseconds
    case .addition(let step): step.pointee.nanoseconds
    case .table, .concat, .reference: 0
    #if !hasFeature(Embedded)
      case .strips(let step): step.pointee.nanoseconds
    #endif
    }
  }

  /// Whether the threads of a session take pieces of this step when there are fewer images than threads.
  var isShared: Bool { shareableNanoseconds >= Step.leastSharedNanoseconds }
}

extension UnsafePointer<Step> {
  /// Computes a shared step on all threads of `pool`; the same bytes as `run(_:)`.
  func run(_ frame: Frame, sharedBy pool: OpaquePointer, arenaByteCount: Int) {
    // More pieces than threads: a thread that wakes late then finds less left to do.
    let count = Int(swl_pool_threads(pool)) * 4
    let passCount =
      switch pointee {
      case .convolution(let step): step.pointee.passCount(frame)
      case .winograd: frame.imageCount
      case .pool, .addition: 1
      case .table, .concat, .reference: 0
      #if !hasFeature(Embedded)
        case .strips: frame.imageCount
      #endif
      }
    for index in 0..<passCount {
      switch pointee {
      case .convolution(let step): step.pointee.prepare(frame, pass: index)
      case .winograd(let step): step.pointee.prepare(frame, pass: index)
      case .pool, .addition, .table, .concat, .reference: break
      #if !hasFeature(Embedded)
        case .strips(let step): step.pointee.prepare(frame, pass: index)
      #endif
      }
      var pass = Pass(step: self, frame: frame, index: index, pieceCount: count, arenaByteCount: arenaByteCount)
      swl_pool_run(
        pool, count,
        { context, piece, worker in
          context?.assumingMemoryBound(to: Pass.self).pointee.run(piece: Int(piece), worker: Int(worker))
        }, &pass)
    }
  }
}
