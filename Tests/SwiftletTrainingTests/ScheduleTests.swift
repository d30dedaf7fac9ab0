import SwiftletModel
import SwiftletTraining
import Testing

@Suite struct ScheduleTests {
  @Test func schedulesHaveTheirValues() {
    #expect(LearningRateSchedule.constant.factor(progress: 7, total: 10) == 1)
    let cosine = LearningRateSchedule.cosine
    #expect(cosine.factor(progress: 0, total: 8) == 1)
    #expect(abs(cosine.factor(progress: 4, total: 8) - 0.5) < 1e-12)
    #expect(abs(cosine.factor(progress: 2, total: 8) - 0.8535533905932737) < 1e-12)
    #expect(cosine.factor(progress: 8, total: 8) < 1e-12)
    let step = LearningRateSchedule.step(epochs: 3, factor: 0.5)
    #expect([0, 2.9, 3, 5.9, 6].map { step.factor(progress: $0, total: 9) } == [1, 1, 0.5, 0.5, 0.25])
  }

  @Test func warmUpRisesFromZero() {
    var configuration = TrainingConfiguration()
    configuration.learningRate = 0.5
    configuration.warmUpEpochs = 2
    #expect([0, 0.5, 1, 2, 3].map { configuration.learningRate(progress: $0) } == [0, 0.125, 0.25, 0.5, 0.5])
  }

  @Test func initialWeightsHaveTheirVariance() throws {
    var b = ModelBuilder(input: Shape(height: 1, width: 1, channels: 300))
    try b.add(.dense(Dense(units: 500)))
    let empty = try b.build()
    for (initialization, variance) in [(Initialization.glorot, 2.0 / 800), (.he, 2.0 / 300)] {
      let model = empty.initialized(initialization, seed: 1)
      let weights = model.nodes[0].parameters[0].floats!.map(Double.init)
      let mean = weights.reduce(0, +) / Double(weights.count)
      let actual = weights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(weights.count)
      #expect(abs(actual / variance - 1) < 0.02)
      #expect(abs(mean) < 1e-3)
      #expect(model.nodes[0].parameters[1].floats!.allSatisfy { $0 == 0 })
      #expect(empty.initialized(initialization, seed: 2) != model)
    }
    let limit = (6.0 / 800).squareRoot()
    let uniform = empty.initialized(.glorot, seed: 1).nodes[0].parameters[0].floats!
    #expect(uniform.allSatisfy { abs(Double($0)) <= limit })
  }
}
