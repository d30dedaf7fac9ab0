import SwiftletData
import SwiftletEvaluation
import SwiftletModel
import Testing

@Suite struct PairedComparisonTests {
  /// One pixel per image, two classes: the model is a dense layer whose logits are w * x + b.
  static func model(_ weights: [Float], _ bias: [Float]) throws -> Model {
    var builder = ModelBuilder(input: Shape(vector: 1))
    try builder.add(.dense(Dense(units: weights.count)))
    var model = try builder.build()
    model.nodes[0].parameters[0].storage = .float32(weights)
    model.nodes[0].parameters[1].storage = .float32(bias)
    return model
  }

  static func data(_ pixels: [UInt8], _ labels: [UInt8], classes: Int = 3) -> Dataset {
    Dataset(
      height: 1, width: 1, channels: 1, images: pixels, labels: labels, classNames: (0..<classes).map(String.init))
  }

  @Test func predictionsAndConfusionByHand() throws {
    // Class 1 above x = 1/2, class 0 below; class 2 never; at 0 classes 0 and 2 tie, the lower wins.
    let model = try Self.model([0, 2, 0], [0, -1, 0])
    let data = Self.data([0, 255, 255, 10, 200], [0, 1, 0, 2, 1])
    let evaluation = try Evaluation.of(model, on: data)
    #expect(evaluation.predictions == [0, 1, 1, 0, 1])
    #expect(evaluation.confusion == [[1, 1, 0], [0, 2, 0], [1, 0, 0]])
    #expect(evaluation.correctCount == 3 && evaluation.accuracy == 0.6)
  }

  @Test func wrongImagesAreRefused() throws {
    let model = try Self.model([0, 2, 0], [0, -1, 0])
    #expect(throws: EvaluationError.noImages) { _ = try Evaluation.of(model, on: Self.data([], [])) }
    #expect(throws: EvaluationError.classCount(model: 3, images: 2)) {
      _ = try Evaluation.of(model, on: Self.data([0], [0], classes: 2))
    }
    let wide = Dataset(height: 1, width: 2, channels: 1, images: [0, 0], labels: [0], classNames: ["a", "b", "c"])
    #expect(
      throws: EvaluationError.imageShape(
        model: Shape(vector: 1), images: Shape(height: 1, width: 2, channels: 1))
    ) { _ = try Evaluation.of(model, on: wide) }
  }

  /// 98 images, 2 lost and 1 won: with half counts 2.5 and 1.5 of 100, 1 +- 1.96 * sqrt(4 - 0.01) points.
  @Test func intervalByHand() throws {
    // Labels decide: the first model says 1 above the middle; the second says always 0.
    let first = try Self.model([0, 2, 0], [0, -1, 0])
    let second = try Self.model([0, 0, 0], [1, 0, 0])
    // Two bright ones (label 1) are lost, one bright 0 is won, one bright 2 is wrong in another way, the rest agree.
    let pixels: [UInt8] = [255, 255, 255, 255] + Array(repeating: 0, count: 94)
    let labels: [UInt8] = [1, 1, 0, 2] + Array(repeating: 0, count: 94)
    let data = Self.data(pixels, labels)
    let comparison = PairedComparison(
      try Evaluation.of(first, on: data), try Evaluation.of(second, on: data), labels: labels)
    #expect(comparison.rightToWrong == 2 && comparison.wrongToRight == 1 && comparison.wrongToOtherWrong == 1)
    #expect(comparison.flipCount == 4)
    #expect(abs(comparison.drop - 100.0 / 98) < 1e-12)
    #expect(abs(comparison.interval.lowerBound - (1 - 3.915099)) < 1e-5)
    #expect(abs(comparison.interval.upperBound - (1 + 3.915099)) < 1e-5)
  }

  @Test func noFlipsAreNoCertainty() throws {
    let model = try Self.model([0, 2, 0], [0, -1, 0])
    let data = Self.data(Array(repeating: 0, count: 98), Array(repeating: 0, count: 98))
    let evaluation = try Evaluation.of(model, on: data)
    let comparison = PairedComparison(evaluation, evaluation, labels: data.labels)
    #expect(comparison.drop == 0 && comparison.interval.upperBound > 1.9)
  }
}
