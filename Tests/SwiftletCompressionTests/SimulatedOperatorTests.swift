import SwiftletCompression
import SwiftletFloat
import SwiftletModel
import Testing

/// The operators without weights that quantization-aware training computes in integers.
@Suite struct SimulatedOperatorTests {
  private static let shape = Shape(height: 3, width: 4, channels: 2)

  private struct Case {
    let op: Operator
    let from: [Quantization]
    let to: Quantization
  }

  private static func quantization(_ halfPower: Int, _ zeroPoint: Int) -> Quantization {
    Quantization(scale: Scale(halfPower: halfPower)!, zeroPoint: zeroPoint)
  }

  private static func average(_ side: Int, divisor: Int? = nil) -> Operator {
    let window = SlidingWindow(kernel: Size2D(side), stride: Size2D(1), padding: .uniform(side / 2))
    return .pool2D(Pool2D(.average, window: window, countsPadding: side == 3, divisorOverride: divisor))
  }

  private static let cases = [
    Case(op: .add(Add()), from: [quantization(-9, 100), quantization(-6, 90)], to: quantization(-5, 120)),
    Case(op: .add(Add(activation: .relu)), from: [quantization(-9, 0), quantization(-9, 0)], to: quantization(-8, 0)),
    Case(op: .activation(.none), from: [quantization(-9, 100)], to: quantization(-6, 128)),
    Case(
      op: .concat(Concat()), from: [quantization(-9, 128), quantization(-8, 110), quantization(-6, 99)],
      to: quantization(-8, 110)),
    Case(op: average(2), from: [quantization(-9, 128)], to: quantization(-9, 128)),
    Case(op: average(3), from: [quantization(-9, 128)], to: quantization(-10, 90)),
    Case(op: average(3, divisor: 5), from: [quantization(-9, 128)], to: quantization(-9, 128)),
  ]

  /// Runs an operator on inputs of `shape`, each with u in -range...range.
  private func forward(_ substitute: any OperatorSubstitute, _ inputs: [[Float]], count: Int) -> [Float] {
    var output = [Float](repeating: .nan, count: count)
    let copies = inputs.map { input in
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: input.count)
      _ = buffer.initialize(from: input)
      return buffer
    }
    output.withUnsafeMutableBufferPointer { substitute.forward(copies.map { UnsafeBufferPointer($0) }, $0) }
    for copy in copies { copy.deallocate() }
    return output
  }

  private func backward(
    _ substitute: any OperatorSubstitute, _ output: [Float], _ gradient: [Float], inputs: Int, count: Int
  ) -> [[Float]] {
    let gradients = (0..<inputs).map { _ in
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
      buffer.initialize(repeating: 0)
      return buffer
    }
    defer { for buffer in gradients { buffer.deallocate() } }
    output.withUnsafeBufferPointer { y in
      gradient.withUnsafeBufferPointer { substitute.backward(y, $0, addingTo: gradients) }
    }
    return gradients.map(Array.init)
  }

  /// Over many steps the rounding evens out: the slope of the integers is the straight-through gradient.
  @Test(arguments: cases.indices)
  func gradientsAreTheSlopesOfTheIntegers(_ index: Int) throws {
    let entry = Self.cases[index]
    let shapes = entry.from.map { _ in Self.shape }
    let substitute = try #require(try entry.op.simulated(shapes, from: entry.from, to: entry.to, name: ""))
    let count = Self.shape.count
    let outputs = try entry.op.outputShape(for: shapes).count
    var random = SplitMix64(seed: UInt64(index))
    let isPositive = entry.to.zeroPoint == 0
    let inputs = entry.from.map { _ in
      (0..<count).map { _ in Float(Int(random.next() % 40)) + (isPositive ? 60 : -20) }
    }
    let reach: Float = 30
    let y = forward(substitute, inputs, count: outputs)
    for (position, input) in inputs.enumerated() {
      for element in 0..<count {
        let moved = [1, -1].map { (sign: Float) in
          var moved = inputs
          moved[position][element] = input[element] + sign * reach
          return forward(substitute, moved, count: outputs)
        }
        for output in 0..<outputs {
          var one = [Float](repeating: 0, count: outputs)
          one[output] = 1
          let gradient = backward(substitute, y, one, inputs: inputs.count, count: count)[position][element]
          let slope = (moved[0][output] - moved[1][output]) / (2 * reach)
          #expect(abs(gradient - slope) <= 1.01 / (2 * reach))
        }
      }
    }
  }

  /// Numerics.md's example, and the clamp: what it stops passes no gradient.
  @Test func clampsCutTheGradient() throws {
    let (half, quarter) = (Self.quantization(-2, 0), Self.quantization(-4, 0))
    let shape = Shape(height: 1, width: 1, channels: 4)
    let add = try #require(
      try Operator.add(Add(activation: .boundedReLU(Scale(20)!))).simulated(
        [shape, shape], from: [half, quarter], to: Quantization(scale: .one, zeroPoint: 3), name: ""))
    let y = forward(add, [[1, 60, -9, 39], [2, 0, 0, 1]], count: 4)
    #expect(y == [1, 20, 0, 20])
    #expect(
      backward(add, [1, 20, 0, 19], [1, 1, 1, 2], inputs: 2, count: 4) == [[0.5, 0, 0, 1], [0.25, 0, 0, 0.5]])
  }
}
