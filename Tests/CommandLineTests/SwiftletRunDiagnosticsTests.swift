import Foundation
import SwiftletBytes
import SwiftletFormat
import SwiftletModel
import SwiftletRuntime
import Testing

@Suite struct SwiftletRunDiagnosticsTests {
  private func text(_ write: (inout ByteWriter) -> Void) -> String {
    var writer = ByteWriter()
    write(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func fixedPointKeepsLeadingZerosAndTheSign() {
    for (value, digits, expected) in [
      (9987, 4, "0.9987"), (10_000, 4, "1.0000"), (7, 4, "0.0007"), (-7, 2, "-0.07"), (-1234, 2, "-12.34"), (5, 0, "5"),
    ] { #expect(text { $0.writeFixed(value, digits: digits) } == expected) }
  }

  @Test func hexadecimalHasAllSixteenDigits() {
    #expect(text { $0.writeHex(0xAB) } == "00000000000000ab")
    #expect(text { $0.writeHex(.max) } == "ffffffffffffffff")
  }

  @Test func jsonStringsParseToTheText() throws {
    for sample in ["", "plain", "\"\\/\n\r\t\u{1}\u{7F}", "zwölf 十二 🙂"] {
      let json = text { $0.write(json: Array(sample.utf8)) }
      #expect(try JSONDecoder().decode(String.self, from: Data(json.utf8)) == sample)
    }
  }

  /// Bytes that are not UTF-8: lone continuation, overlong, surrogate, beyond U+10FFFF, cut short.
  @Test(arguments: [
    [0x80], [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
  ])
  func malformedTextIsReplacedByteForByte(_ bytes: [UInt8]) throws {
    let json = text { $0.write(json: bytes) }
    #expect(
      try JSONDecoder().decode(String.self, from: Data(json.utf8))
        == String(repeating: "\u{FFFD}", count: bytes.count))
    #expect(text { $0.write(printable: bytes) } == String(repeating: "?", count: bytes.count))
  }

  @Test func everyGraphFaultHasItsOwnText() {
    let shape = Shape(height: 1, width: 2, channels: 3)
    let reasons: [GraphError.Reason] = [
      .shape(.badShape(shape)), .shape(.badWindow(SlidingWindow(kernel: Size2D(0)))),
      .shape(.windowLargerThanInput(kernel: 9, input: 8)), .shape(.windowInPadding),
      .shape(.groupsDoNotDivide(groups: 2, inputChannels: 3, filters: 4)),
      .shape(.inputCount(expected: 1, actual: 2)), .shape(.shapesDiffer(shape, Shape(vector: 6))),
      .shape(.elementCountDiffers(from: 6, to: 7)), .shape(.badSetting(.units, value: 0)), .valueNotReady(value: 1),
      .valueMadeTwice(value: 1), .valueNeverMade(value: 1), .declaredShape(declared: shape, inferred: shape),
      .parameterShape(index: 0), .parameterElement(index: 0), .parameterValue(index: 0, element: 5),
      .parameterScales(index: 0), .quantization(value: 2), .floatOnly, .accumulatorOverflow(channel: 3),
      .multiplierRange(channel: 3), .overLimit, .tooMany(.nodes, count: 5, limit: 4), .noNodes, .endpoints,
    ]
    let texts = reasons.map { reason in text { reason.write(to: &$0) } }
    #expect(Set(texts).count == reasons.count)
    #expect(texts.allSatisfy { $0.count > 20 && !$0.contains("\n") })
  }

  @Test func errorsNameTheNodeTheFieldAndTheByte() throws {
    let model = try GoldenModel("int8-residual").model
    let fault = GraphError(.floatOnly, node: 0)
    #expect(text { fault.write(to: &$0, model: model) }.hasPrefix("node 0 (stem): "))
    #expect(text { GraphError(.floatOnly, node: 1).write(to: &$0, model: model) }.hasPrefix("node 1 (conv2d_1): "))
    #expect(text { GraphError(.floatOnly, node: 99).write(to: &$0, model: model) }.hasPrefix("node 99: "))
    let format = ModelFormatError(.badValue, "scale", at: 17)
    #expect(text { format.write(to: &$0) }.hasPrefix("scale at byte 17 of the inflated content: "))
    let prepare = PrepareError(.graph(.floatOnly), node: 0)
    #expect(text { prepare.write(to: &$0, model: model) }.hasPrefix("node 0 (stem): "))
    #expect(text { PrepareError(.unknownKernels).write(to: &$0) }.contains("portable, reference"))
  }
}
