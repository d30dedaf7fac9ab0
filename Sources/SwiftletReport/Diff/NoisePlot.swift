/// Signal-to-noise ratios of layers as inline SVG: a group of horizontal bars each, in dB from 0.
struct NoisePlot {
  /// What is shown of each layer, in order: its style and what it means.
  static let legend = [
    (style: "blue", text: "weights"), (style: "green", text: "output"),
    (style: "violet", text: "the network's output, this layer alone changed (short bars are sensitive layers)"),
  ]

  let layers: [ModelDiff.Layer]

  private static let width = 860.0
  private static let left = 190.0
  private static let right = 60.0
  private static let bar = 11.0
  private static let gap = 12.0

  init(_ layers: [ModelDiff.Layer]) {
    self.layers = layers.filter { !Self.ratios($0).isEmpty }
  }

  private static func ratios(_ layer: ModelDiff.Layer) -> [(style: String, decibels: Double)] {
    zip(legend, [layer.weightSQNR, layer.outputSQNR, layer.aloneSQNR]).compactMap { key, value in
      value.flatMap { $0.isNaN ? nil : (key.style, $0) }
    }
  }

  /// The end of the axis: a multiple of 10 that holds every finite ratio.
  private var limit: Double {
    let most = layers.flatMap { Self.ratios($0).map(\.decibels) }.filter(\.isFinite).max() ?? 0
    return max(10, (most / 10).rounded(.up) * 10)
  }

  private func px(_ decibels: Double) -> Double {
    Self.left + min(max(decibels, 0), limit) / limit * (Self.width - Self.left - Self.right)
  }

  var svg: String {
    var parts: [String] = []
    var y = Self.gap
    for layer in layers {
      let ratios = Self.ratios(layer)
      let middle = y + Self.bar * Double(ratios.count) / 2 + 4
      parts.append(
        "<text x=\"\((Self.left - 10).svg)\" y=\"\(middle.svg)\" text-anchor=\"end\">\(layer.name.escapedForHTML)</text>"
      )
      for (style, decibels) in ratios {
        // Equal values have no noise: the bar fills the axis.
        let end = decibels == .infinity ? limit : decibels
        parts.append(
          "<rect class=\"\(style)\" x=\"\(Self.left.svg)\" y=\"\(y.svg)\" height=\"\((Self.bar - 1).svg)\" "
            + "width=\"\(max(px(end) - Self.left, 1).svg)\"/>"
            + "<text class=\"tick\" x=\"\((px(end) + 5).svg)\" y=\"\((y + 9).svg)\">\(ModelDiff.text(decibels: decibels))</text>"
        )
        y += Self.bar
      }
      y += Self.gap
    }
    return """
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(y + 34))" role="img" aria-label="Signal-to-noise ratio of each layer">
      \(axis(bottom: y).joined(separator: "\n"))
      \(parts.joined(separator: "\n"))
      </svg>
      """
  }

  private func axis(bottom: Double) -> [String] {
    let step = limit <= 60 ? 10.0 : 20
    let ticks = stride(from: 0, through: limit, by: step).map { decibels in
      let x = px(decibels).svg
      return "<line class=\"grid\" x1=\"\(x)\" x2=\"\(x)\" y1=\"0\" y2=\"\(bottom.svg)\"/>"
        + "<text class=\"tick\" x=\"\(x)\" y=\"\((bottom + 14).svg)\" text-anchor=\"middle\">\(Int(decibels))</text>"
    }
    let middle = ((Self.left + Self.width - Self.right) / 2).svg
    return ticks + [
      "<text class=\"axis\" x=\"\(middle)\" y=\"\((bottom + 30).svg)\" text-anchor=\"middle\">signal-to-noise, dB</text>"
    ]
  }
}
