import SwiftletBytes
import SwiftletDiagnostics
import SwiftletImages
import SwiftletModel
import SwiftletRuntime

/// A session over a classifier, and how its outputs are told.
struct Predictor {
  /// The most images computed at a time; it bounds the memory for outputs.
  static let batch = 64

  let session: Session
  let imageSize: Int
  let classCount: Int
  let isInt32: Bool
  let quantization: Quantization
  let labels: [[UInt8]]
  let top: Int

  /// `prepared` has one input and one output.
  init(_ prepared: PreparedModel, path: UnsafePointer<CChar>, options: Options) throws(Failure) {
    let model = prepared.model
    let output = model.values[model.outputs[0]]
    guard let quantization = output.quantization else { throw Failure(path, "the output has no quantization") }
    guard output.shape.isVector else {
      throw Failure(path) { text in
        text.write(text: "the output is ")
        text.write(output.shape)
        text.write(text: ", not a vector of classes")
      }
    }
    self.quantization = quantization
    isInt32 = output.element == .int32
    classCount = output.shape.count
    labels = model.metadata.labels
    imageSize = model.values[model.inputs[0]].shape.count
    top = min(options.top, classCount)
    session = Session(prepared, threads: options.threads)
  }

  /// Runs every image of `decoded` and writes a line for each.
  func predict(
    _ decoded: DecodedInput, name: UnsafePointer<CChar>, options: Options, to output: inout Output
  ) throws(Failure) {
    var first = 0
    while first < decoded.count {
      let count = min(Predictor.batch, decoded.count - first)
      let pixels = decoded.pixels.span.extracting(first * imageSize..<(first + count) * imageSize)
      let logits = run(pixels, count: count)
      for image in 0..<count {
        let ranked = rank(Array(logits[image * classCount..<(image + 1) * classCount]))
        let index = decoded.count > 1 ? first + image : nil
        if options.isJSON {
          writeJSON(ranked, name: name, index: first + image, to: &output.text)
        } else {
          writeLine(ranked, name: options.inputs.count > 1 ? name : nil, index: index, to: &output.text)
        }
        try output.endLine()
      }
      first += count
    }
  }

  private func run(_ pixels: Span<UInt8>, count: Int) -> [Int32] {
    if isInt32 {
      var logits = [Int32](repeating: 0, count: count * classCount)
      var room = logits.mutableSpan
      session.run(pixels, batch: count, into: &room)
      return logits
    }
    var bytes = [UInt8](repeating: 0, count: count * classCount)
    var room = bytes.mutableSpan
    session.run(pixels, batch: count, into: &room)
    return bytes.map { Int32($0) - Int32(quantization.zeroPoint) }
  }

  private struct Ranked {
    var index: Int
    /// Probability in ten-thousandths.
    var share: Int
  }

  /// The `top` largest logits, ties by the lower index.
  private func rank(_ logits: [Int32]) -> [Ranked] {
    var order: [Int] = []
    order.reserveCapacity(top + 1)
    for index in logits.indices {
      if order.count == top && logits[index] <= logits[order[top - 1]] { continue }
      var place = order.count
      while place > 0 && logits[order[place - 1]] < logits[index] { place -= 1 }
      order.insert(index, at: place)
      if order.count > top { order.removeLast() }
    }
    let shares = IntegerSoftmax.tenThousandths(logits, scale: quantization.scale)
    return order.map { Ranked(index: $0, share: shares[$0]) }
  }

  private func label(_ index: Int) -> [UInt8] {
    if index < labels.count { return labels[index] }
    var text = ByteWriter()
    text.writeDecimal(index)
    return text.bytes
  }

  /// "[NAME: ][INDEX ]LABEL PROBABILITY[, LABEL PROBABILITY]..."
  private func writeLine(
    _ ranked: [Ranked], name: UnsafePointer<CChar>?, index: Int?, to text: inout ByteWriter
  ) {
    if let name {
      text.write(printable: name)
      text.write(text: ": ")
    }
    if let index { text.write(text: "", index, " ") }
    for (place, entry) in ranked.enumerated() {
      if place > 0 { text.write(text: ", ") }
      text.write(printable: label(entry.index))
      text.write(text: " ")
      text.writeFixed(entry.share, digits: 4)
    }
  }

  /// One JSON object on one line.
  private func writeJSON(_ ranked: [Ranked], name: UnsafePointer<CChar>, index: Int, to text: inout ByteWriter) {
    text.write(text: "{\"input\": ")
    text.write(json: name)
    text.write(text: ", \"index\": ", index, ", ")
    writeFields(ranked[0], to: &text)
    text.write(text: ", \"top\": [")
    for (place, entry) in ranked.enumerated() {
      text.write(text: place > 0 ? ", {" : "{")
      writeFields(entry, to: &text)
      text.write(text: "}")
    }
    text.write(text: "]}")
  }

  private func writeFields(_ entry: Ranked, to text: inout ByteWriter) {
    text.write(text: "\"label\": ")
    text.write(json: label(entry.index))
    text.write(text: ", \"class\": ", entry.index, ", \"probability\": ")
    text.writeFixed(entry.share, digits: 4)
  }
}
