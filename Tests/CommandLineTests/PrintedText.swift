import Foundation
import Testing

/// Signs of Swift's own spelling of values in a text meant for people: enumeration cases, optionals, module names.
func swiftSyntax(in text: String) -> [String] {
  let patterns = [
    // ShapeError.badConfiguration, SwiftletModel.Shape, Swift.DecodingError
    #"\b[A-Z][A-Za-z]*(Error|Reason|Failure)\.[a-z]\w*"#, #"\b(Swift|Swiftlet[A-Z]\w*|Foundation|NS[A-Z]\w+)\.\w+"#,
    // .someCase(label: and someCase(label: , which prose writes with a space before the parenthesis
    #"(^|[\s(\[:,'])\.[a-z]\w*\("#, #"\b[a-z]\w*\([a-z]\w*: "#,
    #"\bOptional\("#, #"\bnil\b"#, #"\b[A-Z]\w*\(\w+: "#, #"\[\(.*?\)\]"#, #"\b_TtC?\d"#, #"0x[0-9a-f]{8,}"#,
    #"\b\d+\.\.[.<]\d"#,
  ]
  return patterns.flatMap { pattern in
    let range = NSRange(text.startIndex..., in: text)
    let matches = (try? NSRegularExpression(pattern: pattern, options: .anchorsMatchLines))?.matches(
      in: text, range: range)
    return (matches ?? []).compactMap { Range($0.range, in: text).map { String(text[$0]) } }
  }
}

/// Characters that a terminal obeys, but the ends of lines: what no program's output may hold.
func terminalControls(in text: String) -> [Unicode.Scalar] {
  text.unicodeScalars.filter { scalar in
    scalar != "\n"
      && (scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || (0x2028...0x202E).contains(scalar.value)
        || (0x2066...0x2069).contains(scalar.value))
  }
}

/// What a program printed is for people: no Swift, no control characters.
func expectForPeople(_ result: LeanBinary.Result, sourceLocation: SourceLocation = #_sourceLocation) {
  for text in [result.output, result.error] {
    #expect(swiftSyntax(in: text).isEmpty, "\(text)", sourceLocation: sourceLocation)
    #expect(terminalControls(in: text).isEmpty, "\(text.debugDescription)", sourceLocation: sourceLocation)
  }
}

@Suite struct PrintedTextTests {
  @Test(arguments: [
    "bad: ShapeError.badConfiguration", "layer 1: .windowLargerThanInput(kernel: 3)", "diverged(epoch: 1, loss: 2)",
    "Optional(3)", "value is nil", "SwiftletModel.Shape", "Swift.DecodingError", "Shape(height: 1, width: 2)",
    "not in 0..<100", "GraphError(reason: x)",
  ])
  func swiftIsFound(_ text: String) { #expect(!swiftSyntax(in: text).isEmpty) }

  @Test(arguments: [
    "swiftlet: error: model.swl: no such file", "training diverged in epoch 1 (loss 2.5e+31): lower the learning rate",
    "(28x28x1 images): 3.5 of 10", #"{"epochs": 3, "name": "a.b(c"}"#, "labels: a, b (c: d)",
    "/tmp/x.y/Swiftlet/a.json",
    "step:EPOCHS:FACTOR", "time 3 min 05 s (now 0.001)",
  ])
  func proseIsNot(_ text: String) { #expect(swiftSyntax(in: text).isEmpty, "\(swiftSyntax(in: text))") }
}
