import CSwiftletPlatform
import Foundation
import SwiftletModel
import SwiftletRuntime

/// How long the calls of one measurement took.
public struct CallTiming: Hashable, Sendable, Codable {
  public var medianMicroseconds, minMicroseconds, p99Microseconds: Double
  public var callCount: Int

  /// - Parameter durations: One per call, in nanoseconds; not empty.
  init(_ durations: [UInt64]) {
    let sorted = durations.sorted()
    medianMicroseconds = Double(sorted[sorted.count / 2]) / 1e3
    minMicroseconds = Double(sorted[0]) / 1e3
    p99Microseconds = Double(sorted[Int(Double(sorted.count) * 0.99)]) / 1e3
    callCount = sorted.count
  }
}

/// How long to measure.
public struct MeasuringTime: Hashable, Sendable {
  /// Calls before the first timed one.
  public var warmUpSeconds: Double
  /// The least time, and the least number of calls, per measurement.
  public var seconds: Double
  public var leastCalls: Int
  /// Measurements of one run take turns, so that a disturbance hits them all.
  public var rounds: Int

  public init(warmUpSeconds: Double, seconds: Double, leastCalls: Int, rounds: Int = 10) {
    precondition(leastCalls >= 1 && rounds >= 1, "at least one call and one round")
    self.warmUpSeconds = warmUpSeconds
    self.seconds = seconds
    self.leastCalls = leastCalls
    self.rounds = rounds
  }

  /// What `bench` and `eval` take: 0.2 s of warm-up, then at least 0.5 s and 30 calls.
  public static var thorough: MeasuringTime { MeasuringTime(warmUpSeconds: 0.2, seconds: 0.5, leastCalls: 30) }
}

/// Measures speed on this machine: warm-up, then calls timed one by one, in rounds over all that are compared.
public enum Measurement {
  /// Times calls of `batch` samples, inputs in place.
  public static func calls(
    of model: PreparedModel, batch: Int, threads: Int, time: MeasuringTime = .thorough
  ) -> CallTiming {
    let call = RepeatedCall(model, batch: batch, threads: threads)
    return withExtendedLifetime(call) { interleaved([call.run], time: time)[0] }
  }

  /// Times several calls against each other, taking turns; one timing for each.
  ///
  /// - Parameter progress: Called between turns with the share done, 0...1.
  public static func interleaved(
    _ calls: [() -> Void], time: MeasuringTime, progress: (Double) -> Void = { _ in }
  ) -> [CallTiming] {
    guard !calls.isEmpty else { return [] }
    // The clock speed settles during the first warm-up; the others fill their caches only.
    for (index, call) in calls.enumerated() {
      repeatFor(seconds: index == 0 ? time.warmUpSeconds : min(time.warmUpSeconds, 0.02), leastCalls: 1, call)
    }
    var durations = [[UInt64]](repeating: [], count: calls.count)
    let slice = time.seconds / Double(time.rounds)
    let least = (time.leastCalls + time.rounds - 1) / time.rounds
    for round in 0..<time.rounds {
      for (index, call) in calls.enumerated() {
        call()
        repeatFor(seconds: slice, leastCalls: least) {
          let before = swl_clock_ns()
          call()
          durations[index].append(swl_clock_ns() - before)
        }
        progress(Double(round * calls.count + index + 1) / Double(time.rounds * calls.count))
      }
    }
    return durations.map { CallTiming($0) }
  }

  /// The fewest microseconds that a call of each takes, in turns; short calls are timed several at once.
  ///
  /// A busy machine hardly ever leaves calls of more than a millisecond alone: of those it is the median of the CPU time
  /// (whose clock is too coarse for the others).
  static func fastest(_ calls: [() -> Void], time: MeasuringTime) -> [Double] {
    let probes = calls.map { call in
      call()
      let before = swl_clock_ns()
      call()
      return max(1, swl_clock_ns() - before)
    }
    var durations = [[Double]](repeating: [], count: calls.count)
    for _ in 0..<time.rounds {
      for (index, call) in calls.enumerated() {
        let repeats = 1 + 10_000 / probes[index]
        let isLong = probes[index] > 1_000_000
        repeatFor(seconds: time.seconds / Double(time.rounds), leastCalls: 1) {
          let before = isLong ? threadNanoseconds() : swl_clock_ns()
          for _ in 0..<repeats { call() }
          let after = isLong ? threadNanoseconds() : swl_clock_ns()
          durations[index].append(Double(max(1, Int64(after) - Int64(before))) / Double(repeats) / 1e3)
        }
      }
    }
    return zip(probes, durations).map { probe, durations in
      let sorted = durations.sorted()
      return probe > 1_000_000 ? sorted[sorted.count / 2] : sorted[0]
    }
  }

  /// CPU time of this thread.
  private static func threadNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
  }

  private static func repeatFor(seconds: Double, leastCalls: Int, _ body: () -> Void) {
    let end = swl_clock_ns() + UInt64(seconds * 1e9)
    var count = 0
    repeat {
      body()
      count += 1
    } while count < leastCalls || swl_clock_ns() < end
  }

  /// The fewest microseconds of each step of a call, on one thread, by a clock read between steps (some 20 ns each).
  ///
  /// The fewest, as limits are the fastest seen: a share of a limit is about what the kernel can do.
  public static func steps(of model: PreparedModel, batch: Int, time: MeasuringTime = .thorough) -> [Double] {
    guard !model.steps.isEmpty else { return [] }
    let call = RepeatedCall(model, batch: batch)
    var fewest = [UInt64](repeating: .max, count: model.steps.count)
    repeatFor(seconds: min(time.warmUpSeconds, 0.05), leastCalls: 1) { call.run() }
    repeatFor(seconds: time.seconds / 2, leastCalls: time.leastCalls) {
      var times = [UInt64](repeating: 0, count: model.steps.count)
      var span = times.mutableSpan
      call.run(timing: &span)
      for (index, time) in times.enumerated() { fewest[index] = min(fewest[index], time) }
    }
    return fewest.map { Double($0) / 1e3 }
  }
}
