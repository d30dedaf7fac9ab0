import Foundation
import SwiftletBenchmark

/// A roofline picture (Williams, Waterman and Patterson 2009) as inline SVG: work per byte against speed, both
/// logarithmic, under the measured ceilings of compute and memory.
struct RooflinePlot {
  let limits: MachineLimits
  /// Layers with work; the others have no place in the picture.
  let layers: [LayerMeasurement]

  private static let width = 860.0
  private static let height = 460.0
  private static let frame = (left: 70.0, right: 24.0, top: 22.0, bottom: 52.0)

  /// Decades of both axes, such that every point and the ridge of every ceiling lie inside.
  private let x, y: ClosedRange<Int>

  init(limits: MachineLimits, layers: [LayerMeasurement]) {
    self.limits = limits
    self.layers = layers.filter { $0.usefulMultiplyAccumulates > 0 }
    let ridges = limits.memory.map { limits.peak / max($0.gigabytesPerSecond, 1e-6) }
    let intensities = self.layers.map(\.intensity) + ridges
    let rates = self.layers.map(\.gigaMultiplyAccumulatesPerSecond) + [limits.peak * 1.3]
    x = Self.decades(intensities)
    y = Self.decades(rates)
  }

  private static func decades(_ values: [Double]) -> ClosedRange<Int> {
    let exponents = values.map { log10(max($0, 1e-6)) }
    let low = Int((exponents.min() ?? 0).rounded(.down))
    return low...max(low + 1, Int((exponents.max() ?? 1).rounded(.up)))
  }

  private func place(_ value: Double, _ decades: ClosedRange<Int>, _ from: Double, _ to: Double) -> Double {
    let share = (log10(max(value, 1e-9)) - Double(decades.lowerBound)) / Double(decades.count - 1)
    return from + min(max(share, 0), 1) * (to - from)
  }

  private func px(_ value: Double) -> Double { place(value, x, Self.frame.left, Self.width - Self.frame.right) }
  private func py(_ value: Double) -> Double { place(value, y, Self.height - Self.frame.bottom, Self.frame.top) }

  var svg: String {
    var labels = LabelPlacer(right: Self.width - 4, bottom: Self.height - Self.frame.bottom)
    // Points and the peak's line keep labels off themselves, then ceilings get theirs, then the points.
    labels.reserve(line: Self.frame.left, Self.width - Self.frame.right, at: py(limits.peak))
    for layer in layers {
      labels.reserve(px(layer.intensity), py(layer.gigaMultiplyAccumulatesPerSecond), radius: 6)
    }
    let ceilings = ceilings(&labels)
    let points = layers.map { point($0, &labels) }
    return """
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" aria-label="Roofline of the layers">
      \(grid.joined(separator: "\n"))
      \(ceilings.joined(separator: "\n"))
      \(points.joined(separator: "\n"))
      </svg>
      """
  }

  private var grid: [String] {
    let bottom = Self.height - Self.frame.bottom
    let right = Self.width - Self.frame.right
    var parts: [String] = []
    for decade in x {
      let at = px(pow(10, Double(decade)))
      parts.append("<line class=\"grid\" x1=\"\(at.svg)\" x2=\"\(at.svg)\" y1=\"\(Self.frame.top)\" y2=\"\(bottom)\"/>")
      parts.append(
        "<text class=\"tick\" x=\"\(at.svg)\" y=\"\(bottom + 18)\" text-anchor=\"middle\">\(label(decade))</text>")
    }
    for decade in y {
      let at = py(pow(10, Double(decade)))
      parts.append("<line class=\"grid\" x1=\"\(Self.frame.left)\" x2=\"\(right)\" y1=\"\(at.svg)\" y2=\"\(at.svg)\"/>")
      parts.append(
        "<text class=\"tick\" x=\"\(Self.frame.left - 8)\" y=\"\((at + 4).svg)\" text-anchor=\"end\">\(label(decade))</text>"
      )
    }
    let middle = ((Self.frame.top + bottom) / 2).svg
    parts.append(
      "<text class=\"axis\" x=\"\(((Self.frame.left + right) / 2).svg)\" y=\"\(Self.height - 10)\" text-anchor=\"middle\">"
        + "useful multiply-accumulates per byte</text>")
    parts.append(
      "<text class=\"axis\" x=\"18\" y=\"\(middle)\" text-anchor=\"middle\" transform=\"rotate(-90 18 \(middle))\">"
        + "GMAC/s, one core</text>")
    return parts
  }

  private func label(_ decade: Int) -> String {
    decade >= 0 ? String(Int(pow(10, Double(decade)))) : "0." + String(repeating: "0", count: -decade - 1) + "1"
  }

  private func ceilings(_ labels: inout LabelPlacer) -> [String] {
    var parts: [String] = []
    let end = pow(10, Double(x.upperBound))
    let top = py(limits.peak)
    let fastest = limits.memory.map(\.gigabytesPerSecond).max() ?? 1
    let start = px(limits.peak / max(fastest, 1e-6))
    parts.append(
      "<line class=\"solid\" x1=\"\(start.svg)\" x2=\"\(px(end).svg)\" y1=\"\(top.svg)\" y2=\"\(top.svg)\"/>")
    let text = "\(limits.kernels) peak \(limits.peak.svg) GMAC/s"
    parts.append(labels.text(text, near: px(end) - 4, top - 9, anchor: "end", style: "ceiling"))
    for level in limits.memory where level.gigabytesPerSecond > 0 {
      let rate = level.gigabytesPerSecond
      // From the left or bottom edge up to the ridge.
      let from = max(pow(10, Double(x.lowerBound)), pow(10, Double(y.lowerBound)) / rate)
      let ridge = limits.peak / rate
      guard from < ridge else { continue }
      parts.append(
        "<line class=\"orange dashed\" x1=\"\(px(from).svg)\" y1=\"\(py(from * rate).svg)\" x2=\"\(px(ridge).svg)\" y2=\"\(top.svg)\"/>"
      )
      parts.append(along("\(level.name) \(rate.svg) GB/s", from: (px(from), py(from * rate)), to: (px(ridge), top)))
    }
    return parts
  }

  /// Text that runs along a line, just above its start.
  private func along(_ text: String, from: (x: Double, y: Double), to: (x: Double, y: Double)) -> String {
    let degrees = atan2(to.y - from.y, to.x - from.x) * 180 / .pi
    return "<text class=\"ceiling\" x=\"14\" y=\"-5\" transform=\"translate(\(from.x.svg) \(from.y.svg)) "
      + "rotate(\(degrees.svg))\">\(text.escapedForHTML)</text>"
  }

  static func color(_ limit: BindingLimit) -> String {
    switch limit {
    case .compute: "green"
    case .memory: "orange"
    case .overhead: "violet"
    }
  }

  private func point(_ layer: LayerMeasurement, _ labels: inout LabelPlacer) -> String {
    let (cx, cy) = (px(layer.intensity), py(layer.gigaMultiplyAccumulatesPerSecond))
    let facts =
      "\(layer.name): \(layer.gigaMultiplyAccumulatesPerSecond.svg) GMAC/s, \((100 * layer.peakShare).svg)% of the peak, "
      + layer.limitText
    return "<circle class=\"\(Self.color(layer.limit))\" cx=\"\(cx.svg)\" cy=\"\(cy.svg)\" r=\"5\"><title>"
      + "\(facts.escapedForHTML)</title></circle>"
      + labels.text(layer.name, near: cx, cy, anchor: "start", style: "label", beside: 9)
  }
}

/// Keeps labels apart: each goes to the first place around its point where nothing lies.
private struct LabelPlacer {
  typealias Box = (left: Double, top: Double, right: Double, bottom: Double)
  let right, bottom: Double
  private var taken: [Box] = []

  init(right: Double, bottom: Double) {
    self.right = right
    self.bottom = bottom
  }

  mutating func reserve(_ x: Double, _ y: Double, radius: Double) {
    taken.append((x - radius, y - radius, x + radius, y + radius))
  }

  mutating func reserve(line left: Double, _ right: Double, at y: Double) {
    taken.append((left, y - 1, right, y + 1))
  }

  /// - Parameter gap: Distance from the point; 0 for text that starts or ends there.
  mutating func text(
    _ text: String, near x: Double, _ y: Double, anchor: String, style: String, beside gap: Double = 0
  ) -> String {
    let width = 7.6 * Double(text.count)
    var places: [(x: Double, y: Double, anchor: String)] = []
    for step in 0..<12 {
      // Beside, then further and further above and below.
      let dy = 14.0 * Double((step + 1) / 2) * (step % 2 == 0 ? 1 : -1)
      if gap > 0 {
        places += [(x + gap, y + 4 + dy, "start"), (x - gap, y + 4 + dy, "end")]
      } else {
        places.append((x, y + dy, anchor))
      }
    }
    let free = places.first { place in
      let box = box(place.x, place.y, place.anchor, width)
      guard box.left >= 0, box.right <= right, box.top >= 0, box.bottom <= bottom else { return false }
      return !taken.contains { overlap($0, box) }
    }
    let place = free ?? places[0]
    taken.append(box(place.x, place.y, place.anchor, width))
    return "<text class=\"\(style)\" x=\"\(place.x.svg)\" y=\"\(place.y.svg)\" text-anchor=\"\(place.anchor)\">"
      + "\(text.escapedForHTML)</text>"
  }

  private func box(_ x: Double, _ y: Double, _ anchor: String, _ width: Double) -> Box {
    let left = anchor == "end" ? x - width : x
    return (left, y - 11, left + width, y + 3)
  }

  private func overlap(_ a: Box, _ b: Box) -> Bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
  }
}
