import Foundation
import SwiftletFloat
import SwiftletModel
import TestSupport
import Testing

@Suite struct DistillationTests {
  /// T^2 KL(softmax(t / T) || softmax(s / T)) in double precision.
  private func loss(_ student: [Double], _ teacher: [Double], _ temperature: Double) -> Double {
    func softmax(_ x: [Double]) -> [Double] {
      let e = x.map { exp($0 / temperature) }
      return e.map { $0 / e.reduce(0, +) }
    }
    let (s, t) = (softmax(student), softmax(teacher))
    return temperature * temperature * zip(t, s).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
  }

  @Test(arguments: [0.5, 1, 4])
  func gradientMatchesFiniteDifferences(_ temperature: Double) {
    let student: [Float] = [1.5, -0.5, 0.25, 2]
    let teacher: [Float] = [-1, 3, 0.5, 0]
    var gradient: [Float] = [10, 10, 10, 10]
    student.withUnsafeBufferPointer { s in
      teacher.withUnsafeBufferPointer { t in
        gradient.withUnsafeMutableBufferPointer {
          SoftmaxCrossEntropy.distill(s, teacher: t, temperature: Float(temperature), factor: 0.5, addingTo: $0)
        }
      }
    }
    for i in student.indices {
      var (up, down) = (student.map(Double.init), student.map(Double.init))
      up[i] += 1e-4
      down[i] -= 1e-4
      let t = teacher.map(Double.init)
      let expected = 0.5 * (loss(up, t, temperature) - loss(down, t, temperature)) / 2e-4
      #expect(abs(Double(gradient[i]) - 10 - expected) < 1e-4)
    }
  }

  /// Weight 0 is plain training; weight 1 ignores the label; half is the mean of both.
  @Test func theWeightMixesLabelAndTeacher() throws {
    var builder = ModelBuilder(input: Shape(vector: 3))
    try builder.add(.dense(Dense(units: 2)))
    var model = try builder.build()
    model.nodes[0].parameters[0].storage = .float32([0.5, -1, 2, 1, 0.25, -0.5])
    func gradient(_ targets: SoftTargets?, label: UInt8) throws -> [Float] {
      let network = try FloatNetwork(model, maximumBatch: 2)
      _ = network.trainingPass(count: 2, labels: [label, label], key: 0, softTargets: targets) { sample, input in
        for i in input.indices { input[i] = Float(sample + i) / 2 }
      }
      return network.parameters[0].gradientValues
    }
    func targets(_ weight: Float) -> SoftTargets { SoftTargets(logits: [1, 0, 0, 2], weight: weight, temperature: 2) }
    let plain = try gradient(nil, label: 1)
    #expect(try gradient(targets(0), label: 1) == plain)
    let taught = try gradient(targets(1), label: 1)
    #expect(try gradient(targets(1), label: 0) == taught)
    #expect(taught != plain)
    for (both, (a, b)) in zip(try gradient(targets(0.5), label: 1), zip(plain, taught)) {
      #expect(abs(both - (a + b) / 2) < 1e-6)
    }
  }

  /// The derivative of the value transform reaches what lies before it, and only that.
  @Test func gradientTransformIsTheDerivativeOfTheValueTransform() throws {
    var builder = ModelBuilder(input: Shape(vector: 3))
    let hidden = try builder.add(.dense(Dense(units: 4)))
    try builder.add(.dense(Dense(units: 2)))
    var draws = Draws(5)
    var model = try builder.build()
    for node in 0..<2 {
      model.nodes[node].parameters[0].storage = .float32(draws.floats(model.nodes[node].parameters[0].count))
    }
    // The doubled hidden layer equals one with doubled weights, whose gradients are half.
    var doubled = model
    doubled.nodes[0].parameters[0].storage = .float32(model.nodes[0].parameters[0].floats!.map { 2 * $0 })
    func run(_ model: Model, factor: Float) throws -> [[Float]] {
      let network = try FloatNetwork(model, maximumBatch: 2)
      if factor != 1 {
        network.valueTransform = { value, y in if value == hidden { for i in y.indices { y[i] *= factor } } }
        network.gradientTransform = { value, _, dy in if value == hidden { for i in dy.indices { dy[i] *= factor } } }
      }
      _ = network.trainingPass(count: 2, labels: [0, 1], key: 0) { sample, input in
        for i in input.indices { input[i] = Float(sample + i) / 2 }
      }
      return network.parameters.map(\.gradientValues)
    }
    let (a, b) = (try run(model, factor: 2), try run(doubled, factor: 1))
    for (x, y) in zip(a[0], b[0]) { #expect(abs(x - 2 * y) < 1e-5) }
    for (x, y) in zip(a[2] + a[3], b[2] + b[3]) { #expect(abs(x - y) < 1e-5) }
  }
}
