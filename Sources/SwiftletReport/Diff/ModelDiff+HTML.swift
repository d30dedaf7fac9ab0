import SwiftletData
import SwiftletEvaluation
import SwiftletImages
import SwiftletSearch

extension ModelDiff {
  /// The comparison as one self-contained page: facts, noise layer by layer with a plot, the images that differ most.
  ///
  /// - Parameters:
  ///   - files: What the two models are called, and the bytes of their files.
  ///   - images: What `init` compared them on, for the pictures.
  public func html(files: [(name: String, bytes: Int)], images: Dataset? = nil) -> String {
    var page = HTMLPage(files.map(\.name).joined(separator: " and "), kind: "difference")
    addSides(files, to: &page)
    if let comparison { page.add(paragraph: comparison.text + ".") }
    guard !layers.isEmpty else {
      page.add(paragraph: "The graphs differ, so layers are not compared.")
      return page.text
    }
    page.add(heading: "Layers")
    let plot = NoisePlot(layers)
    if !plot.layers.isEmpty { page.add(figure: plot.svg, legend: NoisePlot.legend) }
    addLayers(to: &page)
    addWorst(images, to: &page)
    page.add(
      note: """
        Measured by swiftlet diff. The first model is the signal: 20 dB is 10% noise, 40 dB is 1%. 'alone' is the \
        network's output when only this layer of the float model takes the other's weights; 'activations' the share of \
        a layer's noise that comes from rounding activations rather than weights.
        """)
    return page.text
  }

  private func addSides(_ files: [(name: String, bytes: Int)], to page: inout HTMLPage) {
    func row(_ name: String, _ text: (Int) -> String) -> [String] { [name] + sides.indices.map(text) }
    var rows = [
      row("type") { sides[$0].isQuantized ? "int8" : "float" },
      row("file bytes") { files[$0].bytes.grouped },
      row("parameters") { sides[$0].parameterCount.grouped },
      row("nonzero") { sides[$0].nonzeroCount.grouped },
      row("multiply-accumulates") { sides[$0].multiplyAccumulates.grouped },
      row("us per image") { sides[$0].microseconds?.svg ?? "-" },
    ]
    if let comparison, comparison.errorIncrease == nil {
      rows.append(
        row("accuracy") {
          let share = Double(sides[$0].correctCount ?? 0) / Double(max(comparison.imageCount, 1))
          return "\((100 * share).rounded(places: 2))%"
        })
    } else if comparison != nil {
      rows.append(row("explained variance") { "\((sides[$0].explainedVariance ?? 0).rounded(places: 2))%" })
    }
    page.add(table: [""] + files.map(\.name), rows)
  }

  private func addLayers(to page: inout HTMLPage) {
    page.add(
      table: ["layer", "output", "nonzero, first", "second", "weights dB", "output dB", "alone dB", "activations"],
      layers.map { layer -> [HTMLPage.Cell] in
        [
          (layer.name, nil), (layer.output, nil), (layer.nonzeroCounts?[0].grouped ?? "", nil),
          (layer.nonzeroCounts?[1].grouped ?? "", nil), (Self.text(decibels: layer.weightSQNR), nil),
          (Self.text(decibels: layer.outputSQNR), nil), (Self.text(decibels: layer.aloneSQNR), nil),
          (layer.activationBlame.map { "\(Int((100 * $0).rounded()))%" } ?? "", layer.activationBlame),
        ]
      })
  }

  private func addWorst(_ images: Dataset?, to page: inout HTMLPage) {
    guard !worstImages.isEmpty else { return }
    page.add(heading: "Largest error of the output, of \(imageCount.grouped) images")
    let pictures = worstImages.compactMap { worst -> (png: [UInt8], caption: String)? in
      let label = worst.label.isEmpty ? "" : ", label \(worst.label)"
      let answers = worst.predictions.joined(separator: " and ")
      let caption = "image \(worst.index)\(label): \(answers), error \((100 * worst.relativeError).svg)%"
      guard let images, worst.index < images.count, (1...4).contains(images.channels) else { return nil }
      let image = SwiftletImages.Image(
        width: images.width, height: images.height, channels: images.channels,
        pixels: Array(images.image(worst.index)))
      return (try? PNGEncoder.encode(image)).map { ($0, caption) }
    }
    guard pictures.count < worstImages.count else { return page.add(pictures: pictures) }
    page.add(
      table: ["image", "label", "first", "second", "error"],
      worstImages.map {
        ["\($0.index)", $0.label, $0.predictions[0], $0.predictions[1], "\((100 * $0.relativeError).svg)%"]
      })
  }
}
