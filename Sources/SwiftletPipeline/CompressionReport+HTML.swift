import SwiftletCompression

extension CompressionReport {
  /// The report as one self-contained page.
  public func html(title: String) -> String {
    let steps = [("float", ledger.floatBytes), ("pruned", ledger.prunedBytes), ("int8", ledger.integerBytes)]
    let stages = (steps + [("file", ledger.fileBytes)]).map { [$0.0, "\($0.1)", percent($0.1, ledger.floatBytes)] }
    let tried = candidates.map {
      [
        percent($0.sparsity), "\($0.weightLevels)", percent(Double($0.correctCount) / Double(validationCount)),
        points($0.drop), $0.meetsBudget ? "yes" : "no", $0.fileBytes.map(String.init) ?? "",
      ]
    }
    let tensors = ledger.tensors.map {
      [
        "\($0.layer) \($0.parameter)", $0.encoding, "\($0.elementCount)", "\($0.nonzeroCount)", "\($0.floatBytes)",
        "\($0.integerBytes)", "\($0.encodedBytes)", "\($0.deflatedBytes)",
      ]
    }
    let accuracy = [
      ["float", "\(floatCorrectCount)", percent(floatAccuracy)],
      ["compressed", "\(compressedCorrectCount)", percent(compressedAccuracy)],
    ]
    return """
      <!doctype html><html lang="en"><meta charset="utf-8"><title>\(escaped(title))</title>
      <style>body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\
      table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ccc}\
      td:first-child,th:first-child{text-align:left}</style>
      <h1>\(escaped(title))</h1>
      <p>\(ledger.fileBytes) bytes, \(ledger.ratio.rounded(places: 1)) times smaller than float. Drop \(points(drop)) points \
      (95% interval \(points(intervalLow)) to \(points(intervalHigh)); budget \(maxDrop)), on \(validationCount) images \
      held out by seed \(splitSeed): \(comparison.rightToWrong) right became wrong, \(comparison.wrongToRight) wrong \
      became right.</p>
      \(warnings.map { "<p><strong>\(escaped($0))</strong></p>" }.joined(separator: "\n"))
      \(table("Accuracy", ["model", "correct", "accuracy"], accuracy))
      \(table("Bytes", ["stage", "bytes", "of float"], stages))
      \(table("Candidates", ["sparsity", "levels", "accuracy", "drop", "in budget", "bytes"], tried))
      \(table("Tensors", ["tensor", "encoding", "elements", "nonzero", "float", "int8", "encoded", "deflated"], tensors))
      </html>

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
