import SwiftletCompression
import SwiftletEvaluation
import SwiftletSearch

extension CompressionReport {
  /// The report as one self-contained page.
  public func html(title: String) -> String {
    var page = HTMLPage(title, kind: "compression")
    let flips =
      comparison.errorIncrease == nil
      ? ": \(comparison.rightToWrong) right became wrong, \(comparison.wrongToRight) wrong became right" : ""
    page.add(
      paragraph: """
        \(ledger.fileBytes.grouped) bytes; \(ledger.ratioText); \
        \(points.rounded(places: 2))% of \(validationCount.grouped) validation images (held out by seed \
        \(splitSeed)), float \(floatPoints.rounded(places: 2))%. Drop \(points(drop)) points, 95% interval \
        \(points(intervalLow)) to \(points(intervalHigh))\(flips).
        """)
    page.add(paragraph: "Budget: \(budget.text).")
    if !meetsBudget { page.add(warning: "Not met.") }
    for warning in warnings { page.add(warning: warning) }
    page.add(heading: "Bytes against quality")
    page.add(
      figure: ParetoPlot(self).svg,
      legend: [("green", "chosen"), ("blue", "within the budget"), ("gray", "outside it")],
      caption: "the line joins what no other beats in quality, bytes and time")
    addCandidates("What no other candidate beats", candidates.paretoFront, to: &page)
    addLedger(to: &page)
    addCandidates("All candidates", candidates, to: &page)
    page.add(
      note: """
        Written by swiftlet compress. Drops are in points of the validation images, and 'in training' of images trained \
        on; a candidate is within the budget where the greater of the two is.
        """)
    return page.text
  }

  private func addLedger(to page: inout HTMLPage) {
    page.add(heading: "Bytes")
    page.add(
      table: ["stage", "bytes", "of float32 weights"],
      ledger.stages.map { [$0.name, $0.byteCount.grouped, percent($0.byteCount, ledger.floatBytes)] })
    page.add(heading: "Tensors")
    let most = Double(ledger.tensors.map(\.deflatedBytes).max() ?? 1)
    page.add(
      table: ["tensor", "encoding", "elements", "nonzero", "float32", "int8", "encoded", "in the file"],
      ledger.tensors.map { tensor in
        let counts = [
          tensor.elementCount, tensor.nonzeroCount, tensor.floatBytes, tensor.integerBytes, tensor.encodedBytes,
        ]
        return [("\(tensor.layer) \(tensor.parameter)", nil), (tensor.encoding, nil)]
          + counts.map { ($0.grouped, nil) }
          + [(tensor.deflatedBytes.grouped, Double(tensor.deflatedBytes) / max(most, 1))]
      })
  }

  private func addCandidates(_ heading: String, _ candidates: [CompressionCandidate], to page: inout HTMLPage) {
    page.add(heading: heading)
    page.add(
      table: ["candidate", "quality", "drop", "in training", "bytes", "us", "memory", "epochs", "in budget"],
      candidates.map(row))
  }

  private func row(_ candidate: CompressionCandidate) -> [String] {
    let mark = candidate.number == chosen ? " (chosen)" : candidate.isAbandoned ? " (given up)" : ""
    return [
      "\(candidate.number): \(candidate.methodText)\(mark)", percent(candidate.points / 100), points(candidate.drop),
      candidate.trainingDrop.map(points) ?? "",
      candidate.fileBytes.grouped, "\(candidate.microseconds.rounded(places: 2))",
      candidate.memoryBytes.grouped, "\(candidate.epochs)", candidate.meetsBudget ? "yes" : "no",
    ]
  }

  private func percent(_ share: Double) -> String { "\((100 * share).rounded(places: 2))%" }
  private func percent(_ part: Int, _ whole: Int) -> String { percent(Double(part) / Double(max(whole, 1))) }
  private func points(_ drop: Double) -> String { "\(drop.rounded(places: 3))" }
}
