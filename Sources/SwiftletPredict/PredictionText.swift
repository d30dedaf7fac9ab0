public import SwiftletBytes

extension ByteWriter {
  /// Writes a prediction for people, without an end of line: "[NAME: ][INDEX ]LABEL PROBABILITY[, LABEL PROBABILITY]...".
  public mutating func write(prediction ranked: [RankedClass], of classes: ClassLabels, name: [UInt8]?, index: Int?) {
    if let name {
      write(printable: name)
      write(text: ": ")
    }
    if let index { write(text: "", index, " ") }
    for (place, entry) in ranked.enumerated() {
      if place > 0 { write(text: ", ") }
      write(printable: classes[entry.index])
      write(text: " ")
      writeFixed(entry.probability, digits: 4)
    }
  }

  /// Writes a prediction as one JSON object on one line, without an end of line.
  public mutating func write(jsonOf ranked: [RankedClass], of classes: ClassLabels, name: [UInt8], index: Int) {
    write(text: "{\"input\": ")
    write(json: name)
    write(text: ", \"index\": ", index, ", ")
    write(fieldsOf: ranked[0], classes)
    write(text: ", \"top\": [")
    for (place, entry) in ranked.enumerated() {
      write(text: place > 0 ? ", {" : "{")
      write(fieldsOf: entry, classes)
      write(text: "}")
    }
    write(text: "]}")
  }

  private mutating func write(fieldsOf entry: RankedClass, _ classes: ClassLabels) {
    write(text: "\"label\": ")
    write(json: classes[entry.index])
    write(text: ", \"class\": ", entry.index, ", \"probability\": ")
    writeFixed(entry.probability, digits: 4)
  }
}
