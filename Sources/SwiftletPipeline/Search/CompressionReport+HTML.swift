import SwiftletCompression

extension CompressionReport {
  /// The report as one self-contained page.
  public func html(title: String) -> String {
    let steps = [
      ("float", ledger.floatBytes), ("channels cut", ledger.narrowBytes), ("pruned", ledger.prunedBytes),
      ("int8", ledger.integerBytes), ("file", ledger.fileBytes),
    ]
    let stages = steps.map { [$0.0, "\($0.1)", percent($0.1, ledger.floatBytes)] }
    let head = ["candidate", "quality", "drop", "bytes", "us", "memory", "epochs", "in budget"]
    let tensors = ledger.tensors.map {
      [
        "\($0.layer) \($0.parameter)", $0.encoding, "\($0.elementCount)", "\($0.nonzeroCount)", "\($0.floatBytes)",
        "\($0.integerBytes)", "\($0.encodedBytes)", "\($0.deflatedBytes)",
      ]
    }
    let flips =
      comparison.errorIncrease == nil
      ? ": \(comparison.rightToWrong) right became wrong, \(comparison.wrongToRight) wrong became right" : ""
    let remarks = warnings.map { "<p><strong>\(escaped($0))</strong></p>" }
    return """
      <!doctype html><html lang="en"><meta charset="utf-8"><title>\(escaped(title))</title>
      <style>\(Self.style)</style>
      <h1>\(escaped(title))</h1>
      <p>\(ledger.fileBytes) bytes, \(ledger.ratio.rounded(places: 1)) times smaller than float; \
      \(points.rounded(places: 2))% of \(validationCount) validation images (held out by seed \(splitSeed)), float \
      \(floatPoints.rounded(places: 2))%. Drop \(points(drop)) points, 95% interval \(points(intervalLow)) to \
      \(points(intervalHigh))\(flips).</p>
      <p>Budget: \(escaped(budget.text)).\(meetsBudget ? "" : " <strong>Not met.</strong>")</p>
      \(remarks.joined(separator: "\n"))
      <h2>Bytes against quality</h2><figure>\(ParetoPlot(self).svg)
      <figcaption><span class="chosen">●</span> chosen <span class="in">●</span> within the budget \
      <span class="out">●</span> outside it; the line joins what no other beats in quality, bytes and time</figcaption>
      </figure>
      \(table("What no other candidate beats", head, candidates.paretoFront.map(row)))
      \(table("Bytes", ["stage", "bytes", "of float"], stages))
      \(table("Tensors", ["tensor", "encoding", "elements", "nonzero", "float", "int8", "encoded", "deflated"], tensors))
      \(table("All candidates", head, candidates.map(row)))
      </html>

      """
  }

  private func row(_ candidate: CompressionCandidate) -> [String] {
    let mark = candidate.number == chosen ? " (chosen)" : candidate.isAbandoned ? " (given up)" : ""
    return [
      "\(candidate.number): \(candidate.methodText)\(mark)", percent(candidate.points / 100), points(candidate.drop),
      "\(candidate.fileBytes)", "\(candidate.microseconds.rounded(places: 2))", "\(candidate.memoryBytes)",
      "\(candidate.epochs)", candidate.meetsBudget ? "yes" : "no",
    ]
  }

  private static var style: String {
    """
    :root{color-scheme:light dark}\
    body{font:15px/1.5 system-ui,sans-serif;max-width:64em;margin:2em auto;padding:0 1em}\
    table{border-collapse:collapse;margin:1em 0;font-variant-numeric:tabular-nums}\
    td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #8884}\
    td:first-child,th:first-child{text-align:left}figure{margin:0}svg{width:100%;height:auto}\
    text{font:12px system-ui,sans-serif;fill:currentColor}.grid{stroke:#8883}\
    .front{fill:none;stroke:#3b76d1;stroke-width:1.5}line.float{stroke:#888}\
    line.budget{stroke:#c2620a;stroke-dasharray:6 4}circle.in{fill:#3b76d1}circle.out{fill:#999}\
    circle.chosen{fill:#1b9e5a}span.in{color:#3b76d1}span.out{color:#999}span.chosen{color:#1b9e5a}
    """
  }

  private func table(_ caption: String, _ head: [String], _ rows: [[String]]) -> String {
    func row(_ cells: [String], _ tag: String) -> String {
      "<tr>" + cells.map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>"
    }
    return "<h2>\(caption)</h2><table>\(row(head, "th"))\(rows.map { row($0, "td") }.joined(separator: "\n"))</table>"
  }

  private func percent(_ share: Double) -> String { "\((100 * share).rounded(places: 2))%" }
  private func percent(_ part: Int, _ whole: Int) -> String { percent(Double(part) / Double(max(whole, 1))) }
  private func points(_ drop: Double) -> String { "\(drop.rounded(places: 3))" }

  /// Layer names come from files: no markup of theirs takes effect.
  private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
