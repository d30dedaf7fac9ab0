import ArgumentParser
import SwiftletBenchmark
import SwiftletBytes
import SwiftletReport
import SwiftletRuntime

/// `bench --shapes` and `bench --compare-kernels`.
struct ShapeBenchOptions: ParsableArguments {
  @Flag(help: "Measure layer shapes of well-known networks against the portable kernels.") var shapes = false
  @Flag(
    help: "Measure block-sparse layers against dense ones, and the portable kernels against the plain Swift loops.")
  var compareKernels = false
  @Option(help: ArgumentHelp("Fail where a shape's ratio fell below the one stored here.", valueName: "file"))
  var check: String?
  @Option(help: ArgumentHelp("Store this machine's ratios here, those of other CPUs kept.", valueName: "file"))
  var write: String?
  @Option(.inside(0, 1), help: "The share of a stored ratio that --check lets a shape lose.") var margin = 0.25

  func validate() throws {
    guard shapes || (check == nil && write == nil) else {
      throw ValidationError("--check and --write need --shapes.")
    }
  }

  func runComparisons(_ table: KernelTable?, json: Bool) throws {
    // `Environment` refused a name that there is not.
    let table = table ?? KernelTable.selected ?? KernelTable.best
    let comparisons = try KernelComparison.blockSparse(kernels: table) + KernelComparison.portable()
    if json { return try Console.printJSON(comparisons) }
    let rows = comparisons.map {
      [$0.name, "\($0.batch)", $0.microseconds.fixed(2), $0.otherMicroseconds.fixed(2), $0.ratio.fixed(2) + "x"]
    }
    try Console.print(
      "\(table.name), one thread\n" + textTable([["comparison", "batch", "us", "against us", "ratio"]] + rows))
  }

  func run(_ table: KernelTable?, json: Bool, quiet: Bool, force: Bool) throws {
    // `Environment` refused a name that there is not.
    let table = table ?? KernelTable.selected ?? KernelTable.best
    let written = write.map {
      PlannedOutput(path: $0, option: "--write", fileUse: "adds to what the file has")
    }
    // One file may be both: compared with, then added to.
    try CommandFiles(
      inputs: check == write ? [] : [check].compactMap { $0 }, outputs: [written].compactMap { $0 }, force: force
    ).check()
    let stored = try check.map { try Self.read($0) }
    let previous = try write.flatMap { FileBytes.exists($0) ? try Self.read($0) : nil }
    var line = ProgressLine()
    defer { line.clear() }
    func measure(_ shapes: [LayerShape], _ pass: String) throws -> ShapeBenchmark {
      try ShapeBenchmark.measured(shapes, kernels: table) { name, fraction in
        if !quiet { line.draw(fraction: fraction, ["\(pass): \(name)"]) }
      }
    }
    var result = try measure(LayerShape.all, "first pass")
    result = result.combined(with: try measure(LayerShape.all, "second pass"))
    // What looks slower gets more chances: a disturbance passes, a regression stays.
    for _ in 0..<3 {
      guard let stored, let slower = try? stored.regressions(of: result, margin: margin), !slower.isEmpty else { break }
      let names = Set(slower.map(\.name))
      result = result.combined(with: try measure(LayerShape.all.filter { names.contains($0.name) }, "another look"))
    }
    line.clear()
    if json { try Console.printJSON(result) } else { try Console.print(result.text) }
    if let write {
      var baseline = previous ?? ShapeBaseline()
      baseline.store(result)
      try OutputFile.write(baseline.json, to: write, force: force)
    }
    if let check, let stored { try compare(result, stored, check) }
  }

  private func compare(_ result: ShapeBenchmark, _ stored: ShapeBaseline, _ path: String) throws {
    let regressions: [ShapeRegression]
    do throws(ShapeBaselineError) { regressions = try stored.regressions(of: result, margin: margin) } catch {
      throw Failure("\(inputName(path)): \(error)")
    }
    guard regressions.isEmpty else {
      let list = regressions.map { "\($0.name) (\($0.stored.fixed(2))x, now \($0.measured.fixed(2))x)" }
      throw Failure(
        "\(inputName(path)): \(regressions.count) of \(result.shapes.count) shapes lost more than \(percent(margin)) of their "
          + "ratio against portable: " + list.joined(separator: ", "))
    }
    Console.note("\(inputName(path)): no shape lost more than \(percent(margin)) of its ratio against portable")
  }

  private static func read(_ path: String) throws -> ShapeBaseline {
    let bytes = try readBytes(path, limit: 1 << 22)
    do throws(ShapeBaselineError) { return try ShapeBaseline(json: bytes) } catch {
      throw Failure("\(inputName(path)): \(error)")
    }
  }
}

extension ShapeBenchmark {
  var text: String {
    let header = [
      "shape", "useful MACs", "us", "GMAC/s", "of peak", "of memory", "limit", "portable us", "ratio", "kernel",
    ]
    let rows = shapes.map { shape in
      let layer = shape.layer
      return [
        shape.name, layer.usefulMultiplyAccumulates.grouped, shape.microseconds.fixed(2),
        layer.gigaMultiplyAccumulatesPerSecond.fixed(1), percent(layer.peakShare), percent(layer.memoryShare),
        layer.limitText, shape.portableMicroseconds.fixed(2), shape.ratio.fixed(2) + "x", layer.kernel,
      ]
    }
    var lines = [limits.text, textTable([header] + rows)]
    if let medianPeakShare {
      let count = shapes.count { $0.layer.usefulMultiplyAccumulates >= Self.computeBoundWork }
      lines.append("median share of the peak, \(count) shapes of 1 M MACs or more: \(percent(medianPeakShare))")
    }
    return lines.joined(separator: "\n")
  }
}
