import Foundation

extension BenchmarkReport {
  /// The report as one self-contained page: facts, sweeps, and for each batch size a roofline and a table of layers.
  public func html() -> String {
    var sections: [String] = []
    var shown = Set<Int>()
    for row in rows where shown.insert(row.batch).inserted {
      sections.append("<h2>Layers at batch \(row.batch), one thread</h2>")
      let plot = RooflinePlot(limits: limits, layers: row.layers)
      if !plot.layers.isEmpty { sections.append("<figure>\(plot.svg)\(Self.legend)</figure>") }
      sections.append(Self.layerTable(row.layers))
    }
    let name = title.escapedForHTML
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"/><title>\(name): speed</title>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <style>\(Self.style)</style></head><body>
      <h1>\(name)</h1>
      \(facts)
      <h2>Calls</h2>
      \(sweepTable)
      \(sections.joined(separator: "\n"))
      <p class="note">Measured by swiftlet bench. Multiply-accumulates are those the results need: no padding taps, no \
      pixels that pooling drops. Bytes are the least a call must move: weights once per chunk of the batch, inputs and \
      outputs once. A layer is bound by the limit it uses more of, or by overhead where it uses less than \
      \(Int(100 * BindingLimit.threshold))% of both. A fast algorithm may pass the peak of the plain one. Ceilings and \
      layers are of one core.</p>
      </body></html>

      """
  }

  private var facts: String {
    var items: [(String, String)] = [
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
          "file \(load.fileByteCount.withSeparators) B, packed \(load.packedByteCount.withSeparators) B, "
            + "arena \(load.arenaByteCount.withSeparators) B\(peak)"
        ))
    }
    return "<dl>" + items.map { "<dt>\($0.0)</dt><dd>\($0.1.escapedForHTML)</dd>" }.joined() + "</dl>"
  }

  private var sweepTable: String {
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
      cells.append(Self.cell(Int(row.imagesPerSecond).withSeparators, bar: row.imagesPerSecond / most))
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
    return Self.table(header, body)
  }

  private static func layerTable(_ layers: [LayerMeasurement]) -> String {
    let header = [
      "layer", "output", "us", "time", "MACs", "GMAC/s", "of peak", "bytes", "GB/s", "of memory", "limit", "kernel",
    ]
    let body = layers.map { layer in
      let computes = layer.usefulMultiplyAccumulates > 0
      return [
        cell(layer.name), cell(layer.output), cell(String(format: "%.2f", layer.microseconds)),
        cell(percent(layer.timeShare), bar: layer.timeShare),
        cell(computes ? layer.usefulMultiplyAccumulates.withSeparators : ""),
        cell(computes ? layer.gigaMultiplyAccumulatesPerSecond.svg : ""),
        computes ? cell(percent(layer.peakShare), bar: layer.peakShare) : cell(""),
        cell(layer.byteCount.withSeparators),
        cell(layer.gigabytesPerSecond.svg), cell(percent(layer.memoryShare), bar: layer.memoryShare),
        cell(layer.limitText), cell(layer.kernel),
      ]
    }
    return table(header, body)
  }

  private static func percent(_ share: Double) -> String { "\((100 * share).svg)%" }

  /// - Parameter bar: A share to draw behind the text.
  private static func cell(_ text: String, bar: Double? = nil) -> String {
    let share = bar.map { " class=\"bar\" style=\"--share:\((100 * min(max($0, 0), 1)).svg)%\"" } ?? ""
    return "<td\(share)>\(text.escapedForHTML)</td>"
  }

  private static func table(_ header: [String], _ rows: [[String]]) -> String {
    let head = header.map { "<th>\($0)</th>" }.joined()
    let body = rows.map { "<tr>\($0.joined())</tr>" }.joined(separator: "\n")
    return "<div class=\"wide\"><table><thead><tr>\(head)</tr></thead><tbody>\n\(body)\n</tbody></table></div>"
  }

  private static var legend: String {
    let kinds = ["compute": "compute binds", "memory": "memory binds", "overhead": "overhead: less than 30% of both"]
    let items = kinds.sorted { $0.key < $1.key }.map { "<span class=\"key \($0.key)\"></span>\($0.value)" }
    return "<figcaption>\(items.joined(separator: " "))</figcaption>"
  }

  private static var style: String {
    """
    :root{color-scheme:light dark;--ink:#1c2024;--soft:#667080;--line:#d9dee4;--page:#fff;--bar:#dbe8ff;\
    --compute:#1b7f4b;--memory:#c2620a;--overhead:#8a3fd1;--peak:#1c2024}\
    @media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#98a2b0;--line:#363d46;--page:#15181c;--bar:#20395f;\
    --compute:#4cc38a;--memory:#f0a04b;--overhead:#bf8ef5;--peak:#e6e9ed}}\
    body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:84em;margin:2em auto;padding:0 1.2em}\
    h1{font-size:1.5em;margin-bottom:.3em;overflow-wrap:anywhere}h2{font-size:1.15em;margin:1.8em 0 .5em}\
    dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1.2em;margin:0}dt{color:var(--soft)}dd{margin:0}\
    .wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9em}\
    td,th{padding:.25em .7em;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}\
    th{font-weight:600;color:var(--soft)}td:first-child,th:first-child,td:last-child,th:last-child{text-align:left}\
    .bar{background:linear-gradient(to right,var(--bar) var(--share),transparent var(--share))}\
    figure{margin:0}svg{width:100%;height:auto;max-width:62em}figcaption{color:var(--soft);font-size:.9em;margin-bottom:.8em}\
    .key{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin:0 .4em 0 1em}\
    .grid{stroke:var(--line)}.peak{stroke:var(--peak);stroke-width:2}\
    line.memory{stroke:var(--memory);stroke-width:1.5;stroke-dasharray:6 4}\
    circle.compute{fill:var(--compute)}circle.memory{fill:var(--memory)}circle.overhead{fill:var(--overhead)}\
    .key.compute{background:var(--compute)}.key.memory{background:var(--memory)}.key.overhead{background:var(--overhead)}\
    text{font:12px system-ui,sans-serif;fill:var(--ink)}.tick,.axis,.ceiling{fill:var(--soft)}\
    .label,.ceiling{paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}\
    .note{color:var(--soft);font-size:.9em;margin-top:2em}
    """
  }
}

extension Int {
  /// With thousands separated, as in 225,034.
  fileprivate var withSeparators: String {
    var digits = String(self)
    for index in stride(from: digits.count - 3, to: self < 0 ? 1 : 0, by: -3) {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: index))
    }
    return digits
  }
}
