import Foundation
import SwiftletBenchmark

extension BenchmarkReport {
  /// The report as one self-contained page: facts, sweeps, and for each batch size a roofline and a table of layers.
  public func html() -> String {
    var page = HTMLPage(title, kind: "speed")
    page.add(facts: facts)
    page.add(heading: "Calls")
    addSweeps(to: &page)
    var shown = Set<Int>()
    for row in rows where shown.insert(row.batch).inserted {
      page.add(heading: "Layers at batch \(row.batch), one thread")
      let plot = RooflinePlot(limits: limits, layers: row.layers)
      if !plot.layers.isEmpty { page.add(figure: plot.svg, legend: Self.legend) }
      Self.addTable(of: row.layers, to: &page)
    }
    page.add(
      note: """
        Measured by swiftlet bench. Multiply-accumulates are those the results need: no padding taps, no pixels that \
        pooling drops. Bytes are the least a call must move: weights once per chunk of the batch, inputs and outputs \
        once. A layer is bound by the limit it uses more of, or by overhead where it uses less than \
        \(Int(100 * BindingLimit.threshold))% of both. A fast algorithm may pass the peak of the plain one. Ceilings and \
        layers are of one core.
        """)
    return page.text
  }

  private var facts: [(name: String, text: String)] {
    var items: [(name: String, text: String)] = [
      ("CPU", limits.cpu), ("kernels", "\(kernels), peak \(limits.peak.svg) GMAC/s"),
      ("reads", limits.memory.map { "\($0.name) \($0.gigabytesPerSecond.svg) GB/s" }.joined(separator: ", ")),
    ]
    if let load {
      let total = load.decodeMilliseconds + load.prepareMilliseconds + load.firstRunMilliseconds
      items.append(
        (
          "file to first result",
          "\(total.svg) ms: decode \(load.decodeMilliseconds.svg), prepare \(load.prepareMilliseconds.svg), "
            + "first run \(load.firstRunMilliseconds.svg)"
        ))
      let peak = load.peakBytes > 0 ? ", process at most \((Double(load.peakBytes) / 1_048_576).svg) MB" : ""
      items.append(
        (
          "memory",
          "file \(load.fileByteCount.grouped) B, packed \(load.packedByteCount.grouped) B, "
            + "arena \(load.arenaByteCount.grouped) B\(peak)"
        ))
    }
    return items
  }

  private func addSweeps(to page: inout HTMLPage) {
    let hasFloat = rows.contains { $0.float != nil }
    let most = rows.map(\.imagesPerSecond).max() ?? 1
    let header =
      ["batch", "threads", "median us", "min us", "p99 us", "images/s", "speed-up", "of peak"]
      + (hasFloat ? ["float us", "int8 is"] : [])
    let body = rows.map { row in
      var cells = ["\(row.batch)", "\(row.threads)"].map { Self.cell($0) }
      cells += [row.timing.medianMicroseconds, row.timing.minMicroseconds, row.timing.p99Microseconds].map {
        Self.cell(String(format: "%.2f", $0))
      }
      cells.append(Self.cell(Int(row.imagesPerSecond).grouped, bar: row.imagesPerSecond / most))
      cells += [
        Self.cell(String(format: "%.2fx", speedUp(row))), Self.cell(Self.percent(row.peakShare(limits))),
      ]
      if let float = row.float {
        cells += [
          Self.cell(String(format: "%.2f", float.medianMicroseconds)),
          Self.cell(String(format: "%.2fx faster", float.medianMicroseconds / row.timing.medianMicroseconds)),
        ]
      }
      return cells
    }
    page.add(table: header, body)
  }

  private static func addTable(of layers: [LayerMeasurement], to page: inout HTMLPage) {
    let header = [
      "layer", "output", "us", "time", "useful MACs", "GMAC/s", "of peak", "bytes moved", "GB/s", "of memory", "limit",
      "kernel",
    ]
    let body = layers.map { layer in
      let computes = layer.usefulMultiplyAccumulates > 0
      return [
        cell(layer.name), cell(layer.output), cell(String(format: "%.2f", layer.microseconds)),
        cell(percent(layer.timeShare), bar: layer.timeShare),
        cell(computes ? layer.usefulMultiplyAccumulates.grouped : ""),
        cell(computes ? layer.gigaMultiplyAccumulatesPerSecond.svg : ""),
        computes ? cell(percent(layer.peakShare), bar: layer.peakShare) : cell(""),
        cell(layer.byteCount.grouped),
        cell(layer.gigabytesPerSecond.svg), cell(percent(layer.memoryShare), bar: layer.memoryShare),
        cell(layer.limitText), cell(layer.kernel),
      ]
    }
    page.add(table: header, body)
  }

  private static func percent(_ share: Double) -> String { "\((100 * share).svg)%" }

  private static func cell(_ text: String, bar: Double? = nil) -> HTMLPage.Cell { (text, bar) }

  private static let legend = [
    (style: RooflinePlot.color(.compute), text: "compute binds"),
    (style: RooflinePlot.color(.memory), text: "memory binds"),
    (style: RooflinePlot.color(.overhead), text: "overhead: less than 30% of both"),
  ]
}
