import SwiftletModel
import TestSupport

/// Small networks with random parameters.
enum Networks {
  static func bell(_ random: inout SplitMix64) -> Float {
    (random.nextUnit() + random.nextUnit() + random.nextUnit() + random.nextUnit() - 2) * 1.7320508
  }

  /// He-scaled weights, biases that matter, and batch statistics away from the identity.
  static func randomized(_ model: Model, seed: UInt64) -> Model {
    var random = SplitMix64(seed: seed)
    var result = model
    for index in model.nodes.indices {
      let node = model.nodes[index]
      let specs = node.op.parameterSpecs(for: model.values[node.inputs[0]].shape)
      for (position, spec) in specs.enumerated() {
        let fanIn = Float(spec.count / spec.shape[0])
        let elements: [Float] = (0..<spec.count).map { _ in
          switch spec.role {
          case .weights: bell(&random) * (2 / fanIn).squareRoot()
          case .bias, .beta, .runningMean: 0.3 * bell(&random)
          case .gamma, .runningVariance: 0.5 + random.nextUnit()
          }
        }
        result.nodes[index].parameters[position].storage = .float32(elements)
      }
    }
    return result
  }

  static func conv(
    _ filters: Int, kernel: Int = 3, padding: Padding = .valid, groups: Int = 1, activation: Activation = .relu
  ) -> Operator {
    .conv2D(
      Conv2D(
        filters: filters, window: SlidingWindow(kernel: Size2D(kernel), padding: padding), groups: groups,
        activation: activation))
  }

  static func pool(_ reduction: Pool2D.Reduction, _ side: Int = 2) -> Operator {
    .pool2D(Pool2D(reduction, window: SlidingWindow(kernel: Size2D(side), stride: Size2D(side))))
  }

  static let kinds = ["plain", "depthwise", "residual", "concat", "average", "lenet"]

  /// A network of one of `kinds` on 12 x 12 x 1 images with 6 outputs.
  static func make(_ kind: String, seed: UInt64 = 1) throws -> Model {
    var builder = ModelBuilder(input: Shape(height: 12, width: 12, channels: 1))
    try builder.add(conv(8))
    switch kind {
    case "plain":
      try builder.add(pool(.max))
      try builder.add(conv(12))
    case "depthwise":
      try builder.add(conv(8, padding: .sameUpper, groups: 8, activation: .boundedReLU(Scale(1.5)!)))
      try builder.add(conv(12, kernel: 1))
      try builder.add(pool(.max))
    case "residual":
      let skip = builder.last
      try builder.add(conv(8, padding: .sameUpper))
      let branch = try builder.add(conv(8, padding: .sameUpper, activation: .none))
      try builder.add(.add(Add(activation: .relu)), inputs: [branch, skip])
      try builder.add(pool(.average))
    case "concat":
      let left = try builder.add(pool(.max))
      let right = try builder.add(conv(6, activation: .none), inputs: [1])
      let small = try builder.add(pool(.max), inputs: [right])
      let cropped = try builder.add(conv(4, kernel: 2), inputs: [left])
      try builder.add(.concat(Concat()), inputs: [small, cropped])
      try builder.add(.activation(.relu))
    case "average":
      try builder.add(pool(.average))
      try builder.add(conv(12))
      try builder.add(pool(.average, 3))
    case "lenet":
      try builder.add(pool(.max))
      try builder.add(conv(12, activation: .none))
      try builder.add(pool(.max, 3))
    default: fatalError("unknown kind \(kind)")
    }
    try builder.add(.reshape(.flatten))
    try builder.add(.dense(Dense(units: 16, activation: .relu)))
    try builder.add(.dense(Dense(units: 6)))
    return randomized(try builder.build(), seed: seed)
  }

  static func images(_ count: Int, of shape: Shape, seed: UInt64) -> [[UInt8]] {
    var golden = GoldenInput(seed: seed)
    return (0..<count).map { _ in (0..<shape.count).map { _ in golden.nextByte() } }
  }
}
