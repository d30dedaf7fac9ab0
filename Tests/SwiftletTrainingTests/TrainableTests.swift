import SwiftletModel
import SwiftletTraining
import Testing

/// What no training can use is told before it begins.
@Suite struct TrainableTests {
  private func expect(_ text: String, _ build: (inout ModelBuilder) throws -> Void) throws {
    var builder = ModelBuilder(input: Shape(height: 8, width: 8, channels: 1))
    try build(&builder)
    let model = try builder.build()
    let error = #expect(throws: TrainingError.self) { try Trainer.check(model) }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    expectSentence(error?.description ?? "")
    #expect(throws: TrainingError.self) {
      try Trainer(
        model, configuration: TrainingConfiguration(), training: TrainerTests.bars(20, seed: 1),
        validation: TrainerTests.bars(4, seed: 2), threads: 1)
    }
  }

  @Test func layersThatNothingReadsAreNamed() throws {
    try expect("nothing reads the output of layer 1 (side); name it in the 'inputs' of a later layer, or remove it") {
      let stem = try $0.add(.activation(.relu))
      try $0.add(.activation(.relu), name: Array("side".utf8))
      try $0.add(.dense(Dense(units: 4)), inputs: [stem])
    }
  }

  @Test func outputsThatAreNoVectorAndNoImageOfTheInputsShapeAreRefused() throws {
    // As many elements as there are classes, but four pixels of one.
    try expect("its output is 2 x 2 x 1; end it with flatten and a dense layer of one unit per class") {
      try $0.add(.dense(Dense(units: 4)))
      try $0.add(.reshape(.to(Shape(height: 2, width: 2, channels: 1))))
    }
  }

  @Test func imagesAndClassesThatDoNotFitAreToldWithBothNumbers() throws {
    for (side, units, text) in [
      (8, 5, "5 outputs and the data 4 classes; give the last layer 4 units"), (9, 4, "the images are 8 x 8 x 1"),
    ] {
      var builder = ModelBuilder(input: Shape(height: side, width: side, channels: 1))
      try builder.add(.dense(Dense(units: units)))
      let model = try builder.build()
      let error = #expect(throws: TrainingError.self) {
        try Trainer(
          model, configuration: TrainingConfiguration(), training: TrainerTests.bars(20, seed: 1),
          validation: TrainerTests.bars(4, seed: 2), threads: 1)
      }
      #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    }
  }
}
