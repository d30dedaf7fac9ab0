import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletFloat
import SwiftletModel
import SwiftletReport
import SwiftletRuntime
import SwiftletSearch
import SwiftletTraining
import Testing

@Suite struct ReconstructionEvaluationTests {
  /// Two pixels in, `gain` times as much out.
  private func model(_ gain: Float) throws -> Model {
    var b = ModelBuilder(input: Shape(height: 1, width: 2, channels: 1))
    try b.add(.reshape(.flatten))
    try b.add(.dense(Dense(units: 2)))
    try b.add(.reshape(.to(Shape(height: 1, width: 2, channels: 1))))
    var model = try b.build()
    model.nodes[1].parameters[0].storage = .float32([gain, 0, 0, gain])
    return model
  }

  private func data(_ images: [UInt8]) -> Dataset {
    Dataset(
      height: 1, width: 2, channels: 1, images: images, labels: Array(repeating: 0, count: images.count / 2),
      classNames: [])
  }

  /// Half of [0, 1], [1, 0], [1, 1], [0, 0]: errors 1/8, 1/8, 1/4, 0; each pixel's variance is 1/4.
  @Test func errorAndExplainedVarianceByHand() throws {
    let result = try Evaluation.of(model(0.5), on: data([0, 255, 255, 0, 255, 255, 0, 0]), threads: 2)
    let reconstruction = try #require(result.reconstruction)
    for (error, expected) in zip(reconstruction.squaredErrors, [0.125, 0.125, 0.25, 0]) {
      #expect(abs(error - expected) < 1e-6)
    }
    #expect(abs(reconstruction.variance - 0.25) < 1e-12)
    #expect(abs(result.quality - 50) < 1e-4)
    #expect(result.imageCount == 4 && result.confusion.isEmpty && result.provenance(.test).isEmpty)
    // The same point for both kinds: a classifier's quality is its accuracy in percent.
    let classifier = try Evaluation.of(
      PairedComparisonTests.model([0, 2, 0], [0, -1, 0]), on: PairedComparisonTests.data([0, 255, 255], [0, 1, 0]))
    #expect(abs(classifier.quality - 200.0 / 3) < 1e-12)
    #expect(classifier.provenance(.test) == [.init(.test, correct: 2, total: 3)])
  }

  @Test func imagesAllAlikeHaveNoVarianceToExplain() throws {
    let alike = data([255, 0, 255, 0])
    #expect(try Evaluation.of(model(1), on: alike).quality == 100)
    #expect(try Evaluation.of(model(0.5), on: alike).quality == 0)
  }

  /// Increases of 1/8, 1/8, 1/4 and 0 over a variance of 1/4: 50, 50, 100, 0 points; their mean is 50, their standard
  /// deviation sqrt(5000 / 3), the standard error half of that.
  @Test func theDropAndItsIntervalByHand() throws {
    let images = data([0, 255, 255, 0, 255, 255, 0, 0])
    let (exact, half) = (try Evaluation.of(model(1), on: images), try Evaluation.of(model(0.5), on: images))
    let comparison = PairedComparison(exact, half, labels: images.labels)
    #expect(abs(comparison.drop - 50) < 1e-4 && comparison.flipCount == 0 && comparison.imageCount == 4)
    let reach = 1.96 * (5000.0 / 3).squareRoot() / 2
    #expect(abs(comparison.interval.lowerBound - (50 - reach)) < 1e-3)
    #expect(abs(comparison.interval.upperBound - (50 + reach)) < 1e-3)
    let back = PairedComparison(half, exact, labels: images.labels)
    #expect(abs(back.drop + comparison.drop) < 1e-9)
    let same = PairedComparison(half, half, labels: images.labels)
    #expect(same.drop == 0 && same.interval == 0...0)
  }

  /// The integer model's score is that of its bytes as the reals they stand for.
  @Test(arguments: [true, false]) func integersCountAsTheRealsTheyStandFor(_ endsInReshape: Bool) throws {
    var b = ModelBuilder(input: Shape(height: 4, width: 4, channels: 1))
    if endsInReshape {
      try b.add(.reshape(.flatten))
      try b.add(.dense(Dense(units: 16)))
      try b.add(.reshape(.to(Shape(height: 4, width: 4, channels: 1))))
    } else {
      try b.add(.conv2D(Conv2D(filters: 1, window: SlidingWindow(kernel: Size2D(3), padding: .sameUpper))))
    }
    var model = try b.build()
    var random = SplitMix64(seed: 9)
    for node in model.nodes.indices {
      for parameter in model.nodes[node].parameters.indices {
        let count = model.nodes[node].parameters[parameter].count
        model.nodes[node].parameters[parameter].storage = .float32((0..<count).map { _ in random.nextUnit() - 0.5 })
      }
    }
    let images = Dataset(
      height: 4, width: 4, channels: 1, images: (0..<70 * 16).map { _ in UInt8(truncatingIfNeeded: random.next()) },
      labels: Array(repeating: 0, count: 70), classNames: [])
    let quantized = try model.quantized(calibratingOn: images)
    let output = quantized.values[quantized.outputs[0]]
    #expect(output.element == (endsInReshape ? .uint8 : .int32))
    let score = try #require(try Evaluation.of(quantized, on: images, threads: 2).reconstruction)
    let session = Session(try PreparedModel(quantized))
    let scale = output.quantization!.scale.doubleValue
    for index in 0..<images.count {
      var reals: [Double]
      if endsInReshape {
        var bytes = [UInt8](repeating: 0, count: 16)
        var room = bytes.mutableSpan
        session.run(images.image(index).span, into: &room)
        reals = bytes.map { scale * Double(Int($0) - output.quantization!.zeroPoint) }
      } else {
        var words = [Int32](repeating: 0, count: 16)
        var room = words.mutableSpan
        session.run(images.image(index).span, into: &room)
        reals = words.map { scale * Double($0) }
      }
      let differences = zip(reals, images.image(index)).map { $0 - Double($1) / 255 }
      let error = differences.reduce(0) { $0 + $1 * $1 } / 16
      #expect(abs(score.squaredErrors[index] - error) < 1e-9)
    }
    // Random weights give nothing back, but rounding changes their error by little.
    let float = try #require(try Evaluation.of(model, on: images).reconstruction)
    #expect(abs(float.meanSquaredError / score.meanSquaredError - 1) < 0.02)
  }

  /// Trained as integers, the error that training sees is that of the bytes that will come out; and it learns.
  @Test(arguments: [true, false]) func trainingAsIntegersSeesTheErrorOfTheBytes(_ endsInReshape: Bool) throws {
    var b = ModelBuilder(input: Shape(height: 4, width: 4, channels: 1))
    if endsInReshape {
      try b.add(.reshape(.flatten))
      try b.add(.dense(Dense(units: 5)))
      try b.add(.dense(Dense(units: 16)))
      try b.add(.reshape(.to(Shape(height: 4, width: 4, channels: 1))))
    } else {
      try b.add(.conv2D(Conv2D(filters: 1, window: SlidingWindow(kernel: Size2D(3), padding: .sameUpper))))
    }
    let model = try b.build().initialized(.glorot, seed: 4)
    var random = SplitMix64(seed: 2)
    let images = Dataset(
      height: 4, width: 4, channels: 1,
      images: (0..<300).flatMap { image in
        (0..<16).map { UInt8(random.next() % 30) + ($0 % 4 < 2 ? UInt8(image % 5 * 50) : 90) }
      }, labels: Array(repeating: 0, count: 300), classNames: [])
    let folded = try FoldedModel(model)
    let network = try QuantizationAwareNetwork(
      folded, calibration: try folded.calibrated(on: images), options: QuantizationAwareOptions(levels: [127]))
    let float = try FloatNetwork(network.trainable, maxBatch: 64, threads: 2)
    network.attach(to: float)
    let bytes = try Evaluation.of(try network.exported(), on: images)
    let error = try #require(bytes.reconstruction).meanSquaredError
    #expect(abs(float.score(images).meanLoss - error) < 1e-6 * max(1, error))

    var recipe = ShrinkRecipe(epochs: 30, floatEpochs: 0)
    recipe.quantization.levels = [127]
    recipe.training.batch = 16
    recipe.training.learningRate = 0.01
    recipe.training.augmentation = nil
    let parts = images.split(validationCount: 50, seed: 0)
    let result = try ShrinkRun(recipe).run(model, training: parts.training, validation: parts.validation)
    let before = try Evaluation.of(model, on: parts.validation).quality
    let after = try Evaluation.of(result.model, on: parts.validation).quality
    #expect(after > 60 && after > before + 20, "\(before) to \(after)")
  }

  @Test func comparisonsOfOtherKindsAreRefused() throws {
    let unlabelled = data([0, 255, 255, 0])
    var b = ModelBuilder(input: Shape(height: 1, width: 2, channels: 1))
    try b.add(.reshape(.flatten))
    try b.add(.dense(Dense(units: 2)))
    let classifier = try b.build()
    #expect(throws: EvaluationError.noLabels) { _ = try Evaluation.of(classifier, on: unlabelled) }
    var labelled = unlabelled
    labelled.classNames = ["0", "1"]
    #expect(throws: EvaluationError.kindsDiffer) { _ = try ModelDiff(model(1), classifier, images: labelled) }
  }

  /// `diff` shows the explained variances and the worst images without labels.
  @Test func modelsThatGiveBackTheirInputAreCompared() throws {
    let images = data((0..<40).map { UInt8($0 * 53 % 256) })
    let diff = try ModelDiff(model(1), model(0.5), images: images, count: 20)
    #expect(abs(diff.sides[0].explainedVariance! - 100) < 1e-6 && diff.sides[0].correctCount == nil)
    #expect(diff.comparison!.drop > 10)
    #expect(diff.worstImages.count == 8 && diff.worstImages[0].label == "")
    #expect(diff.worstImages[0].predictions[0] == "0.0")
  }
}
