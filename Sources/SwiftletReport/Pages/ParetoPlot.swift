import Foundation
import SwiftletSearch

/// The candidates of a search as inline SVG: bytes, logarithmic, against quality, the front that none beats joined.
struct ParetoPlot {
  let report: CompressionReport

  private static let width = 860.0
  private static let height = 420.0
  private static let frame = (left: 70.0, right: 24.0, top: 22.0, bottom: 52.0)

  private let shown: [CompressionCandidate]
  private let bytes: ClosedRange<Double>
  private let points: ClosedRange<Double>

  init(_ report: CompressionReport) {
    self.report = report
    let measured = report.candidates.filter { $0.fileBytes > 0 }
    // Candidates that fell far behind would press the others together.
    let floor = report.floatPoints - max(4 * (report.budget.maxDrop ?? 0), 4 * max(report.drop, 0), 1)
    shown = measured.filter { $0.points >= floor }
    let sizes = shown.map { log10(Double($0.fileBytes)) }
    bytes = (sizes.min() ?? 2) - 0.1...(sizes.max() ?? 4) + 0.1
    let qualities = shown.map(\.points) + [report.floatPoints]
    let margin = 0.08 * max((qualities.max() ?? 100) - (qualities.min() ?? 0), 0.1)
    points = (qualities.min() ?? 0) - margin...(qualities.max() ?? 100) + margin
  }

  private func px(_ count: Int) -> Double {
    let share = (log10(Double(max(count, 1))) - bytes.lowerBound) / (bytes.upperBound - bytes.lowerBound)
    return Self.frame.left + share * (Self.width - Self.frame.left - Self.frame.right)
  }

  private func py(_ quality: Double) -> Double {
    let share = (quality - points.lowerBound) / (points.upperBound - points.lowerBound)
    return Self.height - Self.frame.bottom - share * (Self.height - Self.frame.top - Self.frame.bottom)
  }

  var svg: String {
    let front = shown.paretoFront
    let path = front.map { "\(px($0.fileBytes).svg),\(py($0.points).svg)" }.joined(separator: " ")
    var parts = axes
    parts.append(level(report.floatPoints, "float", kind: "gray"))
    if let drop = report.budget.maxDrop {
      parts.append(level(report.floatPoints - drop, "budget", kind: "orange dashed"))
    }
    if let target = report.budget.targetBytes, bytes.contains(log10(Double(max(target, 1)))) {
      let x = px(target).svg
      let bottom = (Self.height - Self.frame.bottom).svg
      parts.append(
        "<line class=\"orange dashed\" x1=\"\(x)\" x2=\"\(x)\" y1=\"\(Self.frame.top.svg)\" y2=\"\(bottom)\"/>")
    }
    parts.append("<polyline class=\"front\" points=\"\(path)\"/>")
    parts += shown.map { candidate in
      let kind = candidate.number == report.chosen ? "green" : candidate.meetsBudget ? "blue" : "gray"
      return """
        <circle class="\(kind)" cx="\(px(candidate.fileBytes).svg)" cy="\(py(candidate.points).svg)" \
        r="\(candidate.number == report.chosen ? 7 : 5)"><title>\(candidate.number): \(candidate.methodText), \
        \(candidate.fileBytes) bytes, \(candidate.points.rounded(places: 2))%</title></circle>
        """
    }
    return """
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" aria-label="Bytes against quality">
      \(parts.joined(separator: "\n"))
      </svg>
      """
  }

  private func level(_ quality: Double, _ name: String, kind: String) -> String {
    let y = py(quality)
    return """
      <line class="\(kind)" x1="\(Self.frame.left.svg)" x2="\((Self.width - Self.frame.right).svg)" y1="\(y.svg)" \
      y2="\(y.svg)"/><text x="\((Self.width - Self.frame.right).svg)" y="\((y - 5).svg)" text-anchor="end">\(name)</text>
      """
  }

  private var axes: [String] {
    let bottom = Self.height - Self.frame.bottom
    var parts: [String] = []
    for exponent in Int(bytes.lowerBound.rounded(.down))...Int(bytes.upperBound.rounded(.up)) {
      for factor in [1, 2, 5] {
        let value = Double(factor) * pow(10, Double(exponent))
        guard bytes.contains(log10(value)) else { continue }
        let x = px(Int(value)).svg
        parts.append("<line class=\"grid\" x1=\"\(x)\" x2=\"\(x)\" y1=\"\(Self.frame.top.svg)\" y2=\"\(bottom.svg)\"/>")
        parts.append(
          "<text x=\"\(x)\" y=\"\((bottom + 18).svg)\" text-anchor=\"middle\">\(Int(value).grouped)</text>")
      }
    }
    let span = points.upperBound - points.lowerBound
    let step = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20].first { span / $0 <= 8 } ?? 50
    var tick = (points.lowerBound / step).rounded(.up)
    while tick * step <= points.upperBound {
      let y = py(tick * step)
      parts.append(
        "<line class=\"grid\" x1=\"\(Self.frame.left.svg)\" x2=\"\((Self.width - Self.frame.right).svg)\" "
          + "y1=\"\(y.svg)\" y2=\"\(y.svg)\"/>")
      parts.append(
        "<text x=\"\((Self.frame.left - 8).svg)\" y=\"\((y + 4).svg)\" text-anchor=\"end\">"
          + "\((tick * step).rounded(places: 2))</text>")
      tick += 1
    }
    let middle = ((Self.frame.left + Self.width - Self.frame.right) / 2).svg
    parts.append(
      "<text x=\"\(middle)\" y=\"\((Self.height - 10).svg)\" text-anchor=\"middle\">bytes of the file</text>")
    let centre = ((Self.frame.top + bottom) / 2).svg
    parts.append(
      "<text x=\"18\" y=\"\(centre)\" text-anchor=\"middle\" transform=\"rotate(-90 18 \(centre))\">"
        + "validation quality, percent</text>")
    return parts
  }
}
