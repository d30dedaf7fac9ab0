import SwiftletCompression
import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// What can never become integers is told before it is trained, and what can is let through.
@Suite struct QuantizableTests {
  private func model(_ layers: [Operator], input: Shape = Shape(height: 28, width: 28, channels: 1)) throws -> Model {
    var builder = ModelBuilder(input: input)
    for layer in layers { try builder.add(layer) }
    return try builder.build()
  }

  private static func bounded(_ bound: Double) -> Operator { .activation(.boundedReLU(Scale(bound)!)) }
  private static let dense = Operator.dense(Dense(units: 2))

  @Test func nothingLeftToComputeIsRefused() throws {
    let normalization = Normalization(mean: [0.5], standardDeviation: [0.25])
    for layers in [[Operator.dropout(Dropout(rate: 0.5))], [.softmax(Softmax())]] {
      let empty = try model(layers, input: Shape(height: 4, width: 4, channels: 1))
      let error = #expect(throws: QuantizationError.self) { try empty.checkQuantizable() }
      #expect(error?.reason == .graph(.noNodes))
      #expect("\(error!)".contains("no layer is left to compute anything"))
      // A normalization that becomes a layer is something to compute.
      var normalized = empty
      normalized.metadata.normalization = normalization
      try normalized.checkQuantizable()
    }
  }

  /// Taps beyond the input count for nothing.
  @Test func aKernelFarLargerThanItsInputIsAnAverageOfTheInput() throws {
    let window = SlidingWindow(kernel: Size2D(4000), stride: Size2D(4000), padding: .sameUpper)
    let average = try model([.pool2D(Pool2D(.average, window: window)), Self.dense])
    try average.checkQuantizable()
    let shape = average.values[0].shape
    let trained = Networks.randomized(average, seed: 2)
    let folded = try FoldedModel(trained)
    let images = Networks.images(8, of: shape, seed: 4)
    let quantized = try folded.quantized(Calibration.of(folded.model, images: images))
    let expected = images.map { LiteralIntegers(quantized).output($0) }
    for table in KernelTable.supported {
      #expect(try QuantizationTests.run(quantized, images, kernels: table) == expected, "\(table.name)")
    }
    // Padding that counts makes the divisor as large as the kernel: 2^24, and 2^34.
    for (side, isTaken) in [(1 << 12, true), (1 << 17, false)] {
      let window = SlidingWindow(kernel: Size2D(side), stride: Size2D(side), padding: .sameUpper)
      let counted = try model([.pool2D(Pool2D(.average, window: window, countsPadding: true)), Self.dense])
      let error: QuantizationError?
      do throws(QuantizationError) {
        try counted.checkQuantizable()
        error = nil
      } catch let refusal { error = refusal }
      #expect((error == nil) == isTaken)
      if let error { #expect("\(error)".contains("or a smaller window"), "\(error)") }
    }
  }

  @Test func aBoundOutOfReachOfTheInputIsRefused() throws {
    for bound in [1e-15, 1e-12, 2e-19] {
      let tiny = try model([Self.bounded(bound), .reshape(.flatten), Self.dense])
      let error = #expect(throws: QuantizationError.self, "\(bound)") { try tiny.checkQuantizable() }
      #expect(error?.node == "activation_0")
      #expect("\(error!)".contains("use a bound"), "\(error!)")
    }
    for bound in [1e-6, 0.5, 6, 1e12] {
      try model([Self.bounded(bound), .reshape(.flatten), Self.dense]).checkQuantizable()
    }
    // Behind a layer with weights training decides.
    try model([Networks.conv(2), Self.bounded(1e-15), .reshape(.flatten), Self.dense]).checkQuantizable()
  }

  @Test func theLayerThatNormalizesGetsAFreeName() throws {
    for taken in [["normalize"], ["normalize", "normalize_2"]] {
      var network = Networks.randomized(
        try model([Networks.conv(2, padding: .sameUpper), Networks.conv(2), .reshape(.flatten), Self.dense]), seed: 1)
      for (index, name) in taken.enumerated() { network.nodes[index].name = Array(name.utf8) }
      network.metadata.normalization = Normalization(mean: [0.1307], standardDeviation: [0.3081])
      let names = try FoldedModel(network).model.nodes.map { String(decoding: $0.name, as: UTF8.self) }
      #expect(names.first == "normalize_\(taken.count + 1)")
      #expect(Array(names[1...taken.count]) == taken)
    }
  }

  @Test func namesInErrorsAreFitForATerminal() {
    let name = "a\u{1B}[31m\u{202E}b"
    let texts = [
      "\(QuantizationError(.unread, node: name))", "\(PruningError.unknownLayer(name, known: [name]))",
      "\(ChannelRemovalError.empties(layer: name))",
    ]
    for text in texts { #expect(text.contains("a?[31m") && !text.unicodeScalars.contains("\u{1B}"), "\(text)") }
    for text in texts { #expect(!text.unicodeScalars.contains("\u{202E}")) }
  }
}
