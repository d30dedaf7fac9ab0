import CSwiftletKernels
import CSwiftletPlatform
import SwiftletModel

/// One user's scratch over a prepared model; `run` cannot fail and does not allocate.
///
/// A session is used by one thread at a time. It may spread the images of a batch, or the large steps of fewer images,
/// over several threads of its own, which sleep between runs; the results are the same bytes for any number.
public final class Session {
  public let model: PreparedModel
  /// Threads that share the work, the caller's included.
  public let threads: Int

  private let arenas: UnsafeMutableRawPointer
  private let pool: OpaquePointer?
  private let inputs: UnsafeMutablePointer<UnsafePointer<UInt8>>
  private let outputs: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>>
  private let run: UnsafeMutablePointer<Run>

  /// - Parameter threads: 1...1024; fewer are used where the system refuses to start so many, or where their arenas
  ///   would together pass the memory that the model was prepared for.
  public init(_ model: PreparedModel, threads: Int = 1) {
    precondition((1...1024).contains(threads), "threads must be in 1...1024")
    self.model = model
    let affordable = max(1, min(threads, model.memoryLimit / max(model.arenaByteCount, 1)))
    pool = affordable > 1 ? swl_pool_create(Int32(affordable)) : nil
    self.threads = pool == nil ? 1 : affordable
    let (byteCount, overflow) = model.arenaByteCount.multipliedReportingOverflow(by: self.threads)
    guard !overflow, let arenas = swl_aligned_alloc(64, byteCount) else {
      preconditionFailure("no memory for the arenas of a session")
    }
    // Touched now, so that the first run takes no page faults.
    arenas.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    self.arenas = arenas
    inputs = .allocate(capacity: model.inputs.count)
    outputs = .allocate(capacity: model.outputs.count)
    run = .allocate(capacity: 1)
  }

  deinit {
    swl_pool_destroy(pool)
    swl_aligned_free(arenas)
    inputs.deallocate()
    outputs.deallocate()
    run.deallocate()
  }
}

// MARK: Running

extension Session {
  /// Runs `batch` images through a model of one input and one s32 output.
  ///
  /// `input` holds batch * input elements in NHWC order and `output` takes batch * output elements; other sizes, or an
  /// output that is not s32, are a caller's mistake and stop the program.
  public func run(_ input: Span<UInt8>, batch: Int = 1, into output: inout MutableSpan<Int32>) {
    input.withUnsafeBufferPointer { x in
      output.withUnsafeMutableBufferPointer { y in
        precondition(y.count * 4 == batch * oneOutput(.int32), "the output takes batch * output elements")
        runOne(x, UnsafeMutableRawPointer(y.baseAddress), batch, nil)
      }
    }
  }

  /// As above, for a u8 output.
  public func run(_ input: Span<UInt8>, batch: Int = 1, into output: inout MutableSpan<UInt8>) {
    input.withUnsafeBufferPointer { x in
      output.withUnsafeMutableBufferPointer { y in
        precondition(y.count == batch * oneOutput(.uint8), "the output takes batch * output elements")
        runOne(x, UnsafeMutableRawPointer(y.baseAddress), batch, nil)
      }
    }
  }

  /// Runs a model of one input and one s32 output and adds each step's nanoseconds to `times`.
  ///
  /// `times` has an element for each of `PreparedModel.steps`. The batch runs on the calling thread alone.
  public func runTimed(
    _ input: Span<UInt8>, batch: Int = 1, into output: inout MutableSpan<Int32>, times: inout MutableSpan<UInt64>
  ) {
    precondition(times.count == model.steps.count, "times has one element per step")
    input.withUnsafeBufferPointer { x in
      output.withUnsafeMutableBufferPointer { y in
        times.withUnsafeMutableBufferPointer { times in
          precondition(y.count * 4 == batch * oneOutput(.int32), "the output takes batch * output elements")
          runOne(x, UnsafeMutableRawPointer(y.baseAddress), batch, times.baseAddress)
        }
      }
    }
  }

  /// Runs a model of any number of inputs and outputs.
  ///
  /// Element i of `inputs` points to batch * elements bytes of the model's input i; element i of `outputs` to room for
  /// batch * elements of output i, u8 or s32 as the model says (s32 in the CPU's byte order, aligned to 4).
  public func run(
    inputs: Span<UnsafePointer<UInt8>>, batch: Int = 1, outputs: Span<UnsafeMutableRawPointer>
  ) {
    place(inputs, outputs)
    execute(batch, nil)
  }

  /// As `run(inputs:batch:outputs:)` on the calling thread alone, adding each step's nanoseconds to `times`.
  ///
  /// `times` has an element for each of `PreparedModel.steps`.
  public func runTimed(
    inputs: Span<UnsafePointer<UInt8>>, batch: Int = 1, outputs: Span<UnsafeMutableRawPointer>,
    times: inout MutableSpan<UInt64>
  ) {
    precondition(times.count == model.steps.count, "times has one element per step")
    place(inputs, outputs)
    times.withUnsafeMutableBufferPointer { execute(batch, $0.baseAddress) }
  }

  private func place(_ inputs: Span<UnsafePointer<UInt8>>, _ outputs: Span<UnsafeMutableRawPointer>) {
    precondition(inputs.count == model.inputs.count, "one pointer for each input")
    precondition(outputs.count == model.outputs.count, "one pointer for each output")
    for i in 0..<inputs.count { self.inputs[i] = inputs[i] }
    for i in 0..<outputs.count { self.outputs[i] = outputs[i].assumingMemoryBound(to: UInt8.self) }
  }

  private func oneOutput(_ element: ElementType) -> Int {
    precondition(model.outputs.count == 1, "a model of several outputs runs through run(inputs:batch:outputs:)")
    precondition(model.outputs[0].element == element, "the output has another element type")
    return model.outputs[0].byteCount
  }

  private func runOne(
    _ x: UnsafeBufferPointer<UInt8>, _ y: UnsafeMutableRawPointer?, _ batch: Int, _ times: UnsafeMutablePointer<UInt64>?
  ) {
    precondition(model.inputs.count == 1, "a model of several inputs runs through run(inputs:batch:outputs:)")
    precondition(x.count == batch * model.inputs[0].byteCount, "the input holds batch * input elements")
    guard batch > 0, let x = x.baseAddress, let y else { return }
    inputs[0] = x
    outputs[0] = y.assumingMemoryBound(to: UInt8.self)
    execute(batch, times)
  }

  /// Whether the threads share each large step rather than the images of `batch`.
  private func sharesSteps(_ batch: Int) -> Bool {
    guard model.sharedNanoseconds > 0, batch < threads else { return false }
    let image = model.sharedNanoseconds + model.otherNanoseconds
    return batch == 1 || batch * (model.sharedNanoseconds / threads + model.otherNanoseconds) < image
  }

  /// Splits the batch into pieces of at most a chunk, evenly over the threads.
  private func execute(_ batch: Int, _ times: UnsafeMutablePointer<UInt64>?) {
    guard batch > 0 else { return }
    let sharesSteps = times == nil && threads > 1 && sharesSteps(batch)
    let isShared = times == nil && threads > 1 && batch > 1 && !sharesSteps
    let share = isShared ? (batch + threads - 1) / threads : batch
    let rounds = (share + model.chunk - 1) / model.chunk
    let piece = (share + rounds - 1) / rounds
    let count = (batch + piece - 1) / piece
    model.inputs.withUnsafeBufferPointer { inputEnds in
      model.outputs.withUnsafeBufferPointer { outputEnds in
        run.initialize(
          to: Run(
            program: model.program, stepCount: model.steps.count, offsets: model.offsets, arenas: arenas,
            arenaByteCount: model.arenaByteCount, inputEnds: inputEnds, outputEnds: outputEnds, inputs: inputs,
            outputs: outputs, batch: batch, piece: piece, pool: sharesSteps ? pool : nil, times: times))
        if isShared {
          swl_pool_run(
            pool, count,
            { context, index, worker in
              context?.assumingMemoryBound(to: Run.self).pointee.runPiece(Int(index), worker: Int(worker))
            }, run)
        } else {
          for index in 0..<count { run.pointee.runPiece(index, worker: 0) }
        }
      }
    }
  }
}

/// Everything the threads need to run a batch; it holds no reference.
private struct Run {
  let program: UnsafePointer<Step>
  let stepCount: Int
  let offsets: UnsafePointer<Int>
  let arenas: UnsafeMutableRawPointer
  let arenaByteCount: Int
  let inputEnds, outputEnds: UnsafeBufferPointer<PreparedModel.Endpoint>
  let inputs: UnsafeMutablePointer<UnsafePointer<UInt8>>
  let outputs: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>>
  let batch, piece: Int
  /// The threads that share large steps, where they do.
  let pool: OpaquePointer?
  let times: UnsafeMutablePointer<UInt64>?

  /// Copies a piece's inputs into the arena, runs every step, copies the outputs out.
  func runPiece(_ index: Int, worker: Int) {
    let first = index * piece
    let frame = Frame(
      arena: arenas + worker * arenaByteCount, offsets: offsets, imageCount: min(piece, batch - first))
    for i in inputEnds.indices {
      let size = inputEnds[i].byteCount
      frame.bytes(inputEnds[i].buffer).update(from: inputs[i] + first * size, count: frame.imageCount * size)
    }
    if let times {
      var start = swl_clock_ns()
      for step in 0..<stepCount {
        program[step].run(frame)
        let end = swl_clock_ns()
        times[step] += end - start
        start = end
      }
    } else if let pool {
      for step in 0..<stepCount {
        if program[step].isShared {
          program[step].run(frame, sharedBy: pool, arenaByteCount: arenaByteCount)
        } else {
          program[step].run(frame)
        }
      }
    } else {
      for step in 0..<stepCount { program[step].run(frame) }
    }
    for i in outputEnds.indices {
      let size = outputEnds[i].byteCount
      (outputs[i] + first * size).update(from: frame.bytes(outputEnds[i].buffer), count: frame.imageCount * size)
    }
  }
}
