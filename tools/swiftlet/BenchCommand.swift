import ArgumentParser
import SwiftletBenchmark
import SwiftletModel
import SwiftletReport
import SwiftletRuntime

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures a quantized model's speed against the limits of this machine.",
    discussion: """
      Every batch size runs with every thread count. Calls are timed one by one, inputs in place, in ten rounds that \
      take turns: 0.2 s of warm-up, then at least 0.5 s and 30 calls for each. Layers are the fastest of 30 runs or \
      more on one thread. Shares are of what one core reached just now with nothing to load (peak) or to compute \
      (memory); multiply-accumulates are those the results need, without padding. The limit of a layer is the greater \
      share, or overhead where both are below 30%. Compare ratios within one run on a quiet machine; pin to a core \
      with 'taskset -c 0'.

      --limits measures the machine alone. --shapes measures layer shapes of well-known networks against the portable \
      kernels; --check compares the ratios with a stored file and fails where one fell by more than --margin. \
      --compare-kernels measures, in turns, two layers of the seed CNN with 90% zero blocks against the same layers \
      dense, and the portable kernels against the plain Swift loops that define every result.
      """)

  @Argument(help: "The quantized model file; not with --limits, --shapes or --compare-kernels.") var model: String?
  @Option(help: "Images per call, separated by commas.") var batch = "1,64"
  @Option(help: "Threads that share a batch, separated by commas; by default SWIFTLET_THREADS, or 1.")
  var threads: String?
  @Option(help: "Force a kernel path, as SWIFTLET_KERNELS does.") var kernels: String?
  @Option(
    help: ArgumentHelp("Measure this float model in the same rounds: float against int8.", valueName: "float.swl"))
  var compareFloat: String?
  @Option(help: ArgumentHelp("Write a page with roofline, layers and sweeps.", valueName: "file")) var html: String?
  @Flag(help: "Replace files that exist.") var force = false
  @Flag(help: "Print JSON: one object per batch size and thread count, with median_us, min_us and p99_us per call.")
  var json = false
  @Flag(help: "No progress.") var quiet = false
  @Flag(help: "Measure the limits of this machine instead of a model.") var limits = false
  @OptionGroup var shapeOptions: ShapeBenchOptions
  @OptionGroup var limitOptions: LimitOptions

  func validate() throws {
    guard [model != nil, limits, shapeOptions.shapes, shapeOptions.compareKernels].count(where: { $0 }) == 1 else {
      throw ValidationError("Give a model file, --limits, --shapes or --compare-kernels, one of them.")
    }
    guard model != nil || (compareFloat == nil && html == nil) else {
      throw ValidationError("--compare-float and --html need a model file.")
    }
    _ = try Self.counts(batch, "--batch", 1...4096)
    if let threads { _ = try Self.counts(threads, "--threads", 1...256) }
  }

  func run() throws {
    let table = try kernels.map(Self.table)
    if limits { return try printLimits(table) }
    if shapeOptions.shapes { return try shapeOptions.run(table, json: json, quiet: quiet, force: force) }
    if shapeOptions.compareKernels { return try shapeOptions.runComparisons(table, json: json) }
    guard let model else { return }
    let page = html.map { PlannedOutput(path: $0, option: "--html") }
    try CommandFiles(
      inputs: [model] + [compareFloat].compactMap { $0 }, outputs: [page].compactMap { $0 }, force: force,
      printsJSON: json
    ).check()
    let report = try measure(model, table)
    if let html { try OutputFile.write(Array(report.html().utf8), to: html, force: force) }
    if json {
      for row in report.rows {
        try Console.printJSON(BenchmarkDetails(row, of: report))
        try Console.printJSON(BenchmarkRecord(row, of: report))
      }
    } else {
      try Console.print(report.text)
    }
  }

  private func measure(_ path: String, _ table: KernelTable?) throws -> BenchmarkReport {
    var options = BenchmarkOptions(
      batches: try Self.counts(batch, "--batch", 1...4096),
      threads: try threads.map { try Self.counts($0, "--threads", 1...256) } ?? [Environment.threads ?? 1],
      kernels: table)
    var file: ModelFile?
    // Read once, as part of the first loading: standard input and pipes have nothing more to give.
    var bytes: [UInt8]?
    let load: LoadMeasurement
    do {
      load = try LoadMeasurement.measured(kernels: table) {
        let contents = try bytes ?? ModelFile.bytes(of: path)
        bytes = contents
        let loaded = try ModelFile.quantized(path, for: "bench", bytes: contents)
        file = loaded
        return (loaded.model, loaded.byteCount)
      }
    } catch let error as PrepareError { throw Failure("\(inputName(path)): \(Failure.describe(error))") }
    guard let file else { preconditionFailure("the model is loaded") }
    // After the quantized model is loaded, whose memory is reported.
    let float = try compareFloat.map { try ModelFile.float($0, for: "--compare-float") }
    options.float = float?.model
    var line = ProgressLine()
    defer { line.clear() }
    do {
      return try BenchmarkReport.measured(file.model, title: file.name, options: options, load: load) {
        what, fraction in
        if !quiet { line.draw(fraction: fraction, [what]) }
      }
    } catch let error as PrepareError {
      throw Failure("\(file.name): \(Failure.describe(error))")
    } catch let error as BenchmarkError { throw Failure("\(float?.name ?? file.name): \(error)") }
  }

  private func printLimits(_ table: KernelTable?) throws {
    let tables = table.map { [$0] } ?? KernelTable.supported.filter { !$0.isReference }
    var memory: [MemoryLevel] = []
    for table in tables {
      var measured = MachineLimits.measured(kernels: "\(table.name)", workingSet: memory.isEmpty ? nil : 0)
      if memory.isEmpty { memory = measured.memory } else { measured.memory = memory }
      if json { try Console.printJSON(measured) } else { try Console.print(measured.text) }
    }
  }

  /// The numbers of a list like `1,64`, in order, none twice.
  static func counts(_ text: String, _ option: String, _ range: ClosedRange<Int>) throws -> [Int] {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.allSatisfy({ $0.map(range.contains) ?? false }) else {
      throw ValidationError(
        "\(option) must be numbers from \(range.lowerBound) to \(range.upperBound), separated by commas; got '\(text)'."
      )
    }
    var seen = Set<Int>()
    return numbers.compactMap { $0 }.filter { seen.insert($0).inserted }
  }

  static func table(_ name: String) throws -> KernelTable {
    if let table = KernelTable.named(Array(name.utf8).span) { return table }
    throw Failure.usage("--kernels '\(name)' is not available on this CPU; it has \(Environment.kernelNames)")
  }
}
