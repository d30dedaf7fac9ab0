import SwiftletModel
import SwiftletRuntime

/// How long the calls of one measurement took.
public struct CallTiming: Hashable, Sendable {
  public var medianMicroseconds, minMicroseconds, p99Microseconds: Double
  public var callCount: Int

  /// - Parameter durations: One per call, in nanoseconds; not empty.
  init(_ durations: [Double]) {
    let sorted = durations.sorted()
    medianMicroseconds = sorted[sorted.count / 2] / 1e3
    minMicroseconds = sorted[0] / 1e3
    p99Microseconds = sorted[Int(Double(sorted.count) * 0.99)] / 1e3
    callCount = sorted.count
  }
}

/// Measures speed on this machine: warm-up, then calls timed one by one, medians.
public enum Measurement {
  /// Whether `model` has the one u8 input and one s32 output that measuring takes.
  public static func canMeasure(_ model: Model) -> Bool {
    model.inputs.count == 1 && model.outputs.count == 1 && model.values[model.outputs[0]].element == .int32
  }

  /// Times calls of `batch` images, inputs in place: 0.2 s of warm-up, then at least 0.5 s and 30 calls (2000 at batch
  /// 1). The model must pass `canMeasure`.
  public static func calls(of model: PreparedModel, batch: Int, threads: Int) -> CallTiming {
    let session = Session(model, threads: threads)
    let buffers = Buffers(model, batch: batch)
    var outputs = buffers.output
    var output = outputs.mutableSpan
    let clock = ContinuousClock()
    let warm = clock.now
    while clock.now - warm < .milliseconds(200) { session.run(buffers.input.span, batch: batch, into: &output) }
    var durations: [Double] = []
    durations.reserveCapacity(1 << 16)
    let start = clock.now
    let least = batch == 1 ? 2000 : 30
    while durations.count < least || clock.now - start < .milliseconds(500) {
      let before = clock.now
      session.run(buffers.input.span, batch: batch, into: &output)
      durations.append(nanoseconds(clock.now - before))
    }
    return CallTiming(durations)
  }

  /// The median microseconds of each step of a call, on one thread.
  public static func steps(of model: PreparedModel, batch: Int) -> [Double] {
    let session = Session(model)
    let buffers = Buffers(model, batch: batch)
    var output = buffers.output
    var samples = [[UInt64]](repeating: [], count: model.steps.count)
    let clock = ContinuousClock()
    let start = clock.now
    var span = output.mutableSpan
    while clock.now - start < .milliseconds(500) || samples[0].count < 30 {
      var times = [UInt64](repeating: 0, count: model.steps.count)
      var timeSpan = times.mutableSpan
      session.runTimed(buffers.input.span, batch: batch, into: &span, times: &timeSpan)
      guard clock.now - start > .milliseconds(200) else { continue }
      for (index, time) in times.enumerated() { samples[index].append(time) }
    }
    return samples.map { Double($0.sorted()[$0.count / 2]) / 1e3 }
  }

  private struct Buffers {
    var input: [UInt8]
    var output: [Int32]

    init(_ model: PreparedModel, batch: Int) {
      var golden = GoldenInput(seed: 1)
      let model = model.model
      input = (0..<batch * model.values[model.inputs[0]].shape.count).map { _ in golden.nextByte() }
      output = Array(repeating: 0, count: batch * model.values[model.outputs[0]].shape.count)
    }
  }

  private static func nanoseconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) * 1e9 + Double(duration.components.attoseconds) / 1e9
  }
}
