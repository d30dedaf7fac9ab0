import SwiftletModel

/// Networks whose batch or input normalization no weights can take up: it becomes a layer of its own.
enum AffineNetworks {
  static let kinds = [
    "padded", "first", "max pool", "add", "concat", "twice", "flatten", "depthwise", "shared", "last", "average",
    "one channel", "normalized", "normalized relu", "normalized first",
  ]

  static func make(_ kind: String, input: Shape = Shape(height: 12, width: 12, channels: 1), seed: UInt64 = 3) throws
    -> Model
  {
    var builder = ModelBuilder(input: input)
    switch kind {
    case "first":
      try addNorm(to: &builder)
      try addPadded(to: &builder)
    case "normalized": try addPadded(to: &builder)
    case "normalized relu":
      try builder.add(.activation(.relu))
      try addPadded(to: &builder)
    case "normalized first":
      // The input's normalization folds into the layer that the batch's becomes.
      try addNorm(to: &builder)
      try addPadded(to: &builder)
    default:
      let stem = try builder.add(Networks.conv(kind == "one channel" ? 1 : 5))
      try addBeforeNorm(kind, stem, to: &builder)
      try addNorm(to: &builder)
      try addAfterNorm(kind, to: &builder)
    }
    if kind != "last" {
      try builder.add(.reshape(.flatten))
      try builder.add(.dense(Dense(units: 6)))
    }
    try builder.add(.softmax(Softmax()))
    var model = Networks.randomized(try builder.build(), seed: seed)
    if kind.hasPrefix("normalized") {
      let (means, deviations): ([Float], [Float]) = ([0.1307, 0.45, 0.31], [0.3081, 0.25, 0.4])
      model.metadata.normalization = Normalization(
        mean: Array(means.prefix(input.channels)), standardDeviation: Array(deviations.prefix(input.channels)))
    }
    return model
  }

  private static func addNorm(to builder: inout ModelBuilder) throws {
    try builder.add(.batchNorm(BatchNorm()), name: Array("norm".utf8))
  }

  private static func addPadded(to builder: inout ModelBuilder) throws {
    try builder.add(Networks.conv(6, padding: .sameUpper, activation: .relu))
  }

  private static func addBeforeNorm(_ kind: String, _ stem: Int, to builder: inout ModelBuilder) throws {
    switch kind {
    case "max pool": try builder.add(Networks.pool(.max))
    case "add":
      let branch = try builder.add(Networks.conv(5, padding: .sameUpper, activation: .none))
      try builder.add(.add(Add()), inputs: [stem, branch])
    case "concat":
      let branch = try builder.add(Networks.conv(3, padding: .sameUpper, activation: .none))
      try builder.add(.concat(Concat()), inputs: [branch, stem])
    case "flatten": try builder.add(.reshape(.flatten))
    case "last":
      try builder.add(.reshape(.flatten))
      try builder.add(.dense(Dense(units: 6, activation: .relu)))
    default: break
    }
  }

  private static func addAfterNorm(_ kind: String, to builder: inout ModelBuilder) throws {
    let normalized = builder.last
    switch kind {
    case "flatten": try builder.add(.activation(.boundedReLU(Scale(1.5)!)))
    case "depthwise": try builder.add(Networks.conv(10, padding: .sameLower, groups: 5))
    case "shared":
      let branch = try builder.add(Networks.conv(5, padding: .sameUpper, activation: .none))
      try builder.add(.add(Add(activation: .relu)), inputs: [normalized, branch])
    case "average":
      let window = SlidingWindow(kernel: Size2D(3), stride: Size2D(2), padding: .uniform(1))
      try builder.add(.pool2D(Pool2D(.average, window: window, countsPadding: true)))
    case "last": break
    case "twice":
      try builder.add(.batchNorm(BatchNorm()))
      try addPadded(to: &builder)
    default: try addPadded(to: &builder)
    }
  }

  /// What the float network sees of an image.
  static func reals(_ image: [UInt8], _ model: Model) -> [Double] {
    let x = image.map { Double($0) / 255 }
    guard let normalization = model.metadata.normalization else { return x }
    let channels = normalization.mean.count
    return x.indices.map {
      (x[$0] - Double(normalization.mean[$0 % channels])) / Double(normalization.standardDeviation[$0 % channels])
    }
  }
}
