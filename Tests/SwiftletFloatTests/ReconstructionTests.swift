import SwiftletFloat
import SwiftletModel
import TestSupport
import Testing

@Suite struct ReconstructionTests {
  @Test func theErrorByHand() {
    // [1, 0, 0.5] against [1, 0, 0.2]: differences 0, 0, 0.3.
    let error = ([1, 0, 0.5] as [Float]).withUnsafeBufferPointer { output in
      ([255, 0, 51] as [UInt8]).withUnsafeBufferPointer {
        MeanSquaredError.forward(output, image: $0)
      }
    }
    #expect(abs(error - 0.09 / 3) < 1e-7)
  }

  /// With a teacher: (1 - weight) of the error against the image and weight of that against the teacher.
  @Test(arguments: [nil, 0, 0.3, 1] as [Float?])
  func gradientMatchesFiniteDifferences(_ weight: Float?) {
    let output: [Float] = [0.5, -0.25, 1.5, 0]
    let image: [UInt8] = [0, 255, 100, 33]
    let teacher: [Float] = [1, 0, -0.5, 0.125]
    func loss(_ output: [Double]) -> Double {
      let errors = output.indices.map { i in
        let own = output[i] - Double(image[i]) / 255
        let taught = output[i] - Double(teacher[i])
        guard let weight else { return own * own }
        return (1 - Double(weight)) * own * own + Double(weight) * taught * taught
      }
      return errors.reduce(0, +) / 4
    }
    var gradient: [Float] = [10, 10, 10, 10]
    output.withUnsafeBufferPointer { y in
      image.withUnsafeBufferPointer { pixels in
        teacher.withUnsafeBufferPointer { t in
          gradient.withUnsafeMutableBufferPointer {
            MeanSquaredError.backward(
              y, image: pixels, teacher: weight == nil ? nil : t, weight: weight ?? 0, factor: 0.5,
              addingTo: $0)
          }
        }
      }
    }
    for i in output.indices {
      var (up, down) = (output.map(Double.init), output.map(Double.init))
      up[i] += 1e-4
      down[i] -= 1e-4
      #expect(abs(Double(gradient[i]) - 10 - 0.5 * (loss(up) - loss(down)) / 2e-4) < 1e-5)
    }
  }

  /// 4 x 3 images through a convolution, a bottleneck and back.
  private func network(changing change: (inout Model) -> Void = { _ in }) throws -> FloatNetwork {
    var b = ModelBuilder(input: Shape(height: 4, width: 3, channels: 1))
    try b.add(.conv2D(Conv2D(filters: 2, window: SlidingWindow(kernel: Size2D(2)))))
    try b.add(.reshape(.flatten))
    try b.add(.dense(Dense(units: 3)))
    try b.add(.dense(Dense(units: 12)))
    try b.add(.reshape(.to(Shape(height: 4, width: 3, channels: 1))))
    var model = randomized(try b.build())
    change(&model)
    return try FloatNetwork(model, maxBatch: 4, threads: 2)
  }

  private let images: [UInt8] = (0..<36).map { UInt8(($0 * 83 + 7) % 256) }

  @Test func everyParameterFollowsTheErrorOfTheWholeNetwork() throws {
    let network = try network()
    #expect(network.loss == .meanSquaredError)
    let summary = images.withUnsafeBufferPointer { network.train($0, labels: [], count: 3, key: 0) }
    #expect(summary.count == 3 && summary.correct == 0)
    let score = images.withUnsafeBufferPointer { network.score($0, labels: [], count: 3) }
    #expect(abs(score.loss - summary.loss) < 1e-5)
    var largest: Float = 0
    for (index, parameter) in network.parameters.enumerated() {
      for i in parameter.values.indices {
        func loss(_ nudge: Float) throws -> Double {
          let nudged = try self.network { model in
            var values = model.nodes[parameter.node].parameters[parameter.index].floats!
            values[i] += nudge
            model.nodes[parameter.node].parameters[parameter.index].storage = .float32(values)
          }
          return images.withUnsafeBufferPointer { nudged.score($0, labels: [], count: 3).meanLoss }
        }
        let expected = Float((try loss(0.01) - loss(-0.01)) / 0.02)
        let gradient = parameter.gradientValues[i]
        #expect(abs(gradient - expected) < 2e-3, "parameter \(index), element \(i): \(gradient), not \(expected)")
        largest = max(largest, abs(expected))
      }
    }
    #expect(largest > 0.05, "a gradient of zeros proves nothing")
  }

  /// Weight 0 is plain training, weight 1 takes no notice of the image.
  @Test func theTeacherTakesItsShare() throws {
    func gradient(_ targets: SoftTargets?) throws -> [Float] {
      let network = try network()
      _ = images.withUnsafeBufferPointer {
        network.train($0, labels: [], count: 3, key: 0, softTargets: targets)
      }
      return network.parameters.flatMap(\.gradientValues)
    }
    func targets(_ weight: Float) -> SoftTargets {
      SoftTargets(logits: (0..<36).map { Float($0 % 5) / 5 }, weight: weight, temperature: 3)
    }
    let (plain, taught) = (try gradient(nil), try gradient(targets(1)))
    #expect(try gradient(targets(0)) == plain && taught != plain)
    for (both, (a, b)) in zip(try gradient(targets(0.25)), zip(plain, taught)) {
      #expect(abs(both - (0.75 * a + 0.25 * b)) < 1e-5)
    }
  }

  @Test func classifiersAreTold() throws {
    var b = ModelBuilder(input: Shape(height: 1, width: 4, channels: 1))
    try b.add(.reshape(.flatten))
    try b.add(.dense(Dense(units: 4)))
    #expect(try b.build().reconstructsInput == false)
    try b.add(.reshape(.to(Shape(height: 1, width: 4, channels: 1))))
    #expect(try b.build().reconstructsInput)
    // A vector that happens to have as many elements as the input is one of class scores.
    var vector = ModelBuilder(input: Shape(vector: 4))
    try vector.add(.dense(Dense(units: 4)))
    #expect(try vector.build().reconstructsInput == false)
  }
}
