import Foundation
import SwiftletFormat
import SwiftletModel
import SwiftletTraining
import Testing

/// What is wrong with a graph of good layers, in the words of the file.
@Suite struct ArchitectureGraphTests {
  static func parse(_ layers: String, input: String = "[28, 28, 1]") throws -> Model {
    try Architecture.parse(Data("{\"input\": \(input), \"layers\": [\(layers)]}".utf8))
  }

  private func expect(_ layers: String, input: String = "[28, 28, 1]", _ texts: String...) {
    let error = #expect(throws: ArchitectureError.self) { try Self.parse(layers, input: input) }
    guard let description = error?.description else { return }
    for text in texts { #expect(description.contains(text), "\(description)") }
    expectSentence(description)
  }

  static func conv(_ filters: Int, _ more: String = "\"kernel\": 3") -> String {
    "{\"type\": \"conv2d\", \"filters\": \(filters), \(more)}"
  }

  @Test func inputsMayBeOneNameOrAList() throws {
    let stem = "{\"type\": \"relu\", \"name\": \"stem\"}, {\"type\": \"relu\", \"name\": \"b\"}, "
    for inputs in ["\"stem\"", "[\"stem\"]"] {
      let model = try Self.parse(
        stem + "{\"type\": \"conv2d\", \"filters\": 2, \"kernel\": 1, \"inputs\": \(inputs)}")
      #expect(model.nodes[2].inputs == [1])
    }
    expect(
      stem + "{\"type\": \"relu\", \"inputs\": \"stm\"}", "layer 2 (relu) reads 'stm'", "did you mean 'stem'?",
      "input, stem, b")
    expect(
      stem + "{\"type\": \"relu\", \"inputs\": [\"stem\", \"far away\"]}", "reads 'far away'",
      "known are input, stem, b")
    expect(
      "{\"type\": \"relu\", \"inputs\": \"later\"}, {\"type\": \"relu\", \"name\": \"later\"}",
      "layer 0 (relu) reads 'later'")
  }

  @Test func unknownTypesAndKeysAreComparedWithTheKnown() {
    expect("{\"type\": \"Conv2D\", \"filters\": 2}", "unknown type 'Conv2D'", "did you mean 'conv2d'?")
    expect("{\"type\": \"batchnorm\"}", "did you mean 'batch_norm'?")
    expect("{\"type\": \"transformer\"}", "known are add, average_pool2d")
    expect("{\"type\": \"dense\", \"unit\": 3}", "unknown key 'unit'", "did you mean 'units'?")
    expect("{\"type\": \"dense\", \"units\": 3, \"kernel\": 3}", "unknown key 'kernel'", "known are")
  }

  @Test func namesAreUnique() {
    let relu = "{\"type\": \"relu\", \"name\": \"a\"}"
    expect("\(relu), \(relu)", "layer 1 (relu): the name 'a' is taken by layer 0 (relu); choose another")
    expect("{\"type\": \"relu\", \"name\": \"input\"}", "the name 'input' stands for the network's input")
    expect("{\"type\": \"relu\", \"name\": \"\(String(repeating: "a", count: 256))\"}", "'name' has 256 bytes")
    // A layer without a name gets its kind and number.
    expect(
      "{\"type\": \"relu\", \"name\": \"activation_1\"}, {\"type\": \"relu\"}",
      "layer 1 (relu) and layer 0 (relu) are both named 'activation_1'; give one another name")
  }

  @Test func shapesThatDoNotFitAreToldInTheFilesWords() {
    expect(
      Self.conv(4, "\"kernel\": 29"), "layer 0 (conv2d) does not fit an input of 28 x 28 x 1", "spans 29 cells",
      "has 28; use a smaller kernel")
    expect(
      "\(Self.conv(12)), \(Self.conv(10, "\"kernel\": 3, \"groups\": 4"))", "layer 1 (conv2d)",
      "4 groups do not divide the 10 filters: make both channels (now 12) and filters (now 10) multiples of 4")
    expect(
      "\(Self.conv(6)), \(Self.conv(8, "\"kernel\": 3, \"groups\": 4"))",
      "4 groups do not divide the 6 channels of the input")
    expect(
      "\(Self.conv(6)), \(Self.conv(9, "\"kernel\": 3, \"groups\": 4"))",
      "4 groups divide neither the 6 channels nor the 9 filters")
    expect(
      "{\"type\": \"max_pool2d\", \"kernel\": 2, \"padding\": 2}",
      "a pooling window would lie wholly in the padding; use less padding")
    expect(
      "{\"type\": \"relu\", \"name\": \"a\"}, {\"type\": \"add\", \"inputs\": [\"a\", \"a\", \"a\"]}", "layer 1 (add)",
      "takes 2 inputs, not 3; join several values by a chain of add")
    expect("{\"type\": \"add\"}", "takes 2 inputs, not 1; name as many layers in 'inputs'")
    expect("{\"type\": \"dense\", \"units\": 3, \"inputs\": [\"input\", \"input\"]}", "takes 1 input, not 2")
    expect(
      "\(Self.conv(4, "\"kernel\": 3, \"name\": \"a\"")), \(Self.conv(5, "\"kernel\": 3, \"name\": \"b\"")), "
        + "{\"type\": \"add\", \"inputs\": [\"a\", \"b\"]}",
      "the inputs have the shapes 26 x 26 x 4 and 24 x 24 x 5; add needs equal shapes")
    expect("{\"type\": \"reshape\", \"shape\": [28, 27, 1]}", "the input has 784 elements and the new shape 756")
    expect("{\"type\": \"relu\"}", input: "[20000, 20000, 1]", "'input': the shape 20000 x 20000 x 1 is too large")
  }

  /// The number is told as the file has it, not as 32 bits hold it.
  @Test func numbersThatNarrowingSpoilsAreShownAsWritten() {
    for rate in ["1", "0.99999999", "0.999999999", "-1e-60"] {
      expect(
        "{\"type\": \"dropout\", \"rate\": \(rate)}",
        "layer 0 (dropout): 'rate' must be a number from 0 to 0.9999999, below 1, not \(rate)")
    }
    for epsilon in ["-0.001", "1e-60", "1e60", "0"] {
      expect(
        "{\"type\": \"batch_norm\", \"epsilon\": \(epsilon)}",
        "layer 0 (batch_norm): 'epsilon' must be a number above 0, from 1e-45 to 3e38, not \(epsilon)")
    }
    for momentum in ["1.5", "1.000000001"] {
      expect(
        "{\"type\": \"batch_norm\", \"momentum\": \(momentum)}",
        "'momentum' must be a number from 0 to 1, not \(momentum)")
    }
    let normalized = { (mean: String, deviation: String) in
      "{\"input\": [4, 4, 1], \"normalize\": {\"mean\": [\(mean)], \"std\": [\(deviation)]}, "
        + "\"layers\": [{\"type\": \"dense\", \"units\": 2}]}"
    }
    let faults = [
      ("1e39", "1", "a mean of 1e+39 and a std of 1.0 give no numbers"),
      ("0.5", "1e-50", "a mean of 0.5 and a std of 1e-50 give no numbers"),
    ]
    for (mean, deviation, text) in faults {
      let error = #expect(throws: ArchitectureError.self) {
        try Architecture.parse(Data(normalized(mean, deviation).utf8))
      }
      #expect(error.map { "\($0)".contains(text) } ?? false, "\(String(describing: error))")
    }
  }

  @Test func aMultiplierIsToldByItsOwnName() {
    let window = "\"type\": \"depthwise_conv2d\", \"kernel\": 1"
    expect(
      "\(Self.conv(2)), {\(window), \"multiplier\": 16777216}",
      "layer 1 (depthwise_conv2d): 'multiplier' must be a whole number from 1 to 8388608, not 16777216")
  }

  /// Nothing is allocated for what passes a limit, so the refusal takes no time; what passes none can be read back.
  @Test func sizesMeetTheLimitsOfReadingBeforeAnythingIsAllocated() throws {
    let limits = ReadLimits()
    let start = ContinuousClock.now
    expect(
      Self.conv(1_000_000, "\"kernel\": 28"), "layer 0 (conv2d): the model would have 785000000 weights and biases",
      "more than the limit of \(limits.parameters)")
    let huge = 16_777_216
    expect(
      "{\"type\": \"conv2d\", \"filters\": 262144, \"kernel\": \(huge), \"padding\": \"same\"}",
      "more than 2^63 weights")
    expect(
      "{\"type\": \"dense\", \"units\": \(huge)}, {\"type\": \"dense\", \"units\": \(huge)}", "the model would have")
    let pixels = "{\"type\": \"conv2d\", \"filters\": 4, \"kernel\": 1}"
    expect(
      Array(repeating: pixels, count: 9).joined(separator: ", "), input: "[2048, 1024, 1]",
      "layer 7 (conv2d): the model would have 69206016 elements of activations",
      "more than the limit of \(limits.activations)")
    expect(
      Array(repeating: "{\"type\": \"relu\"}", count: 4097).joined(separator: ", "), input: "[1, 1, 1]", "4097 layers",
      "4096")
    #expect(ContinuousClock.now - start < .seconds(5))
    // 8191 inputs and a bias, for 8193 units: 8192 more than 2^26.
    expect("{\"type\": \"dense\", \"units\": 8193}", input: "[1, 1, 8191]", "67117056 weights")
  }
}
