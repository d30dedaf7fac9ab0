import SwiftletModel

/// Graphs beyond chains, on 28 x 28 images.
enum QuantizationAwareGraphs {
  static let kinds = ["residual", "concat", "depthwise", "autoencoder", "heads"]

  /// Values read twice, sums with and without activation (zero points that are not 0), concatenations of unlike scales,
  /// standalone activations, every kind of convolution in groups, padded averages, outputs that are u8.
  static func network(_ kind: String) throws -> Model? {
    var builder = ModelBuilder(input: Shape(height: 28, width: 28, channels: 1))
    switch kind {
    case "residual": try addResidual(to: &builder)
    case "concat": try addConcat(to: &builder)
    case "depthwise": try addDepthwise(to: &builder)
    case "autoencoder":
      try builder.add(Networks.conv(3, padding: .sameUpper))
      try builder.add(Networks.pool(.average))
      try builder.add(.reshape(.flatten))
      try builder.add(.dense(Dense(units: 16, activation: .relu)))
      try builder.add(.dense(Dense(units: 784, activation: .boundedReLU(.one))))
      try builder.add(.reshape(.to(Shape(height: 28, width: 28, channels: 1))))
      return Networks.randomized(try builder.build(), seed: 9)
    case "heads":
      let flat = try builder.add(.reshape(.flatten))
      let left = try builder.add(.dense(Dense(units: 10)))
      try builder.add(.dense(Dense(units: 12, activation: .relu)), inputs: [flat])
      let right = try builder.add(.dense(Dense(units: 10)))
      try builder.add(.add(Add()), inputs: [left, right])
      return Networks.randomized(try builder.build(), seed: 9)
    default: return nil
    }
    try builder.add(.reshape(.flatten))
    try builder.add(.dense(Dense(units: 10)))
    return Networks.randomized(try builder.build(), seed: 9)
  }

  private static func addResidual(to builder: inout ModelBuilder) throws {
    func residual(_ input: Int, _ activation: Activation) throws -> Int {
      try builder.add(Networks.conv(6, padding: .sameUpper), inputs: [input])
      let branch = try builder.add(Networks.conv(6, padding: .sameUpper, activation: .none))
      return try builder.add(.add(Add(activation: activation)), inputs: [branch, input])
    }
    try builder.add(Networks.conv(6))
    let first = try builder.add(Networks.pool(.max))
    let second = try residual(first, .relu)
    let third = try residual(second, .none)
    _ = try residual(try builder.add(Networks.pool(.max), inputs: [third]), .boundedReLU(Scale(2)!))
    try builder.add(Networks.pool(.average, 6))
  }

  private static func addConcat(to builder: inout ModelBuilder) throws {
    try builder.add(Networks.conv(5))
    let stem = try builder.add(Networks.pool(.max))
    let left = try builder.add(Networks.conv(3, padding: .sameUpper, activation: .none))
    let right = try builder.add(Networks.conv(7, kernel: 1), inputs: [stem])
    try builder.add(.concat(Concat()), inputs: [left, stem, right])
    let joined = try builder.add(.activation(.boundedReLU(Scale(1.2)!)))
    try builder.add(Networks.pool(.max, 3))
    let small = try builder.add(Networks.conv(4, activation: .none))
    let wide = try builder.add(
      .pool2D(Pool2D(.average, window: SlidingWindow(kernel: Size2D(7), stride: Size2D(6)))), inputs: [joined])
    try builder.add(.concat(Concat()), inputs: [small, wide])
    try builder.add(.activation(.relu))
  }

  private static func addDepthwise(to builder: inout ModelBuilder) throws {
    try builder.add(Networks.conv(8, kernel: 4))
    try builder.add(Networks.conv(8, padding: .sameUpper, groups: 8, activation: .boundedReLU(Scale(1.5)!)))
    try builder.add(Networks.conv(12, kernel: 1, activation: .none))
    try builder.add(Networks.pool(.average))
    try builder.add(Networks.conv(12, groups: 3))
    try builder.add(Networks.conv(24, padding: .sameUpper, groups: 12, activation: .none))
    try builder.add(
      .pool2D(
        Pool2D(
          .average, window: SlidingWindow(kernel: Size2D(4), stride: Size2D(3), padding: .uniform(1)),
          countsPadding: true)))
  }
}
