import ArgumentParser
import SwiftletModel
import SwiftletPipeline
import SwiftletRuntime

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures a quantized model's speed on this machine.",
    discussion: """
      Each call is timed alone, inputs in place: 0.2 s of warm-up, then at least 0.5 s and 30 calls (2000 at batch 1). \
      Compare ratios within one run on a quiet machine; pin to a core with 'taskset -c 0'.
      """)

  @Argument(help: "The quantized model file.") var model: String
  @Option(help: "Images per call; several, separated by commas, give a row each.") var batch = "1,64"
  @Option(help: "Threads that share a batch; by default SWIFTLET_THREADS, or 1.") var threads: Int?
  @Option(help: "Force a kernel path, as SWIFTLET_KERNELS does.") var kernels: String?
  @Flag(help: "Print one JSON object per batch size: median_us, min_us and p99_us per call.") var json = false

  func validate() throws { try ThreadOptions.check(threads) }

  func run() throws {
    let batches = batch.split(separator: ",").map { Int($0) }
    guard !batches.isEmpty, batches.allSatisfy({ $0.map { (1...4096).contains($0) } ?? false }) else {
      throw Failure.usage("--batch must be numbers from 1 to 4096, separated by commas; got '\(batch)'")
    }
    let file = try ModelFile.quantized(model, for: "bench")
    guard Measurement.canMeasure(file.model) else {
      throw Failure("\(model): bench needs a model of one input and one s32 output")
    }
    let table = try kernels.map(Self.table)
    let threadCount = ThreadOptions.count(threads, fallback: 1)
    for count in batches.compactMap({ $0 }) {
      let prepared: PreparedModel
      do { prepared = try PreparedModel(file.model, maxBatch: count, kernels: table) } catch {
        throw Failure("\(model): \(Failure.describe(error))")
      }
      let timing = Measurement.calls(of: prepared, batch: count, threads: threadCount)
      if json {
        try Console.printJSON(Report(timing, batch: count, threads: threadCount, kernels: "\(prepared.kernels.name)"))
        continue
      }
      let rate = Int(Double(count) * 1e6 / timing.medianMicroseconds)
      try Console.print(
        "batch \(count), \(threadCount) thread\(threadCount == 1 ? "" : "s"), \(prepared.kernels.name): "
          + "median \(timing.medianMicroseconds.fixed(2)) us, min \(timing.minMicroseconds.fixed(2)), "
          + "p99 \(timing.p99Microseconds.fixed(2)), \(rate.grouped) images/s")
      try Console.print(Self.layers(prepared, batch: count))
    }
  }

  private struct Report: Encodable {
    var median_us, min_us, p99_us, images_per_second: Double
    var batch, threads, calls: Int
    var kernels: String

    init(_ timing: CallTiming, batch: Int, threads: Int, kernels: String) {
      median_us = timing.medianMicroseconds
      min_us = timing.minMicroseconds
      p99_us = timing.p99Microseconds
      images_per_second = Double(batch) * 1e6 / timing.medianMicroseconds
      calls = timing.callCount
      self.batch = batch
      self.threads = threads
      self.kernels = kernels
    }
  }

  private static func table(_ name: String) throws -> KernelTable {
    if let table = KernelTable.named(Array(name.utf8).span) { return table }
    let known = KernelTable.supported.map { "\($0.name)" }.joined(separator: ", ")
    throw Failure.usage("--kernels '\(name)' is not available on this CPU; it has \(known)")
  }

  /// Time per layer on one thread, by a clock read between the steps (some 20 ns each).
  private static func layers(_ prepared: PreparedModel, batch: Int) -> String {
    let times = Measurement.steps(of: prepared, batch: batch)
    let total = times.reduce(0, +)
    let rows = zip(prepared.steps, times).map { step, microseconds in
      let rate =
        step.multiplyAccumulates > 0
        ? (Double(step.multiplyAccumulates * batch) / microseconds / 1e3).fixed(1) : ""
      return [
        "  "
          + step.nodes.map { String(decoding: prepared.model.name(ofNode: $0), as: UTF8.self) }.joined(separator: "+"),
        microseconds.fixed(2), (100 * microseconds / max(total, 1e-9)).fixed(1) + "%", rate,
        String(decoding: step.kernel, as: UTF8.self),
      ]
    }
    return Console.table([["  layer", "us", "share", "GMAC/s", "kernel"]] + rows)
  }
}
