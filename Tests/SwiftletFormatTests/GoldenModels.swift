import SwiftletModel
import SwiftletRuntime

/// The models of models/goldens, small and free of chance.
enum GoldenModels {
  static let valid: [(name: String, model: Model)] = [
    ("example", example), ("float", SampleModels.float), ("float-tiny", floatTiny), ("int8-residual", residual),
    ("int8-dense", tested(SampleModels.dense)), ("int8-sparse", tested(SampleModels.sparse)),
    ("int8-ternary", tested(SampleModels.ternary)), ("int8-four-bits", tested(SampleModels.fourBit)),
    ("int8-zeros", tested(SampleModels.zeros)), ("int8-blocks", tested(blocks)), ("int8-bitmask", tested(bitmask)),
    ("int8-planes", tested(planes)),
  ]

  /// Written with the arithmetic coder.
  static let coded: [(name: String, model: Model)] = [
    ("coded-example", example), ("coded-residual", residual), ("coded-sparse", tested(SampleModels.sparse)),
    ("coded-four-bits", tested(SampleModels.fourBit)), ("coded-dense", tested(SampleModels.dense)),
    ("coded-zeros", tested(SampleModels.zeros)),
  ]

  /// The same model with a self-test that holds.
  static func tested(_ model: Model) -> Model {
    var result = model
    result.metadata.selfTest = SelfTest(of: try! PreparedModel(model, kernels: .reference))
    return result
  }

  /// The worked example of Format.md: two logits from a 2 x 2 image.
  static let example: Model = {
    var model = Model(
      values: [
        Value(shape: Shape(height: 2, width: 2, channels: 1), element: .uint8, quantization: .image),
        Value(
          shape: Shape(vector: 2), element: .int32,
          quantization: Quantization(scale: Scale(halfPower: -30)!, zeroPoint: 0)),
      ],
      nodes: [Node(op: .dense(Dense(units: 2)), inputs: [0], output: 1)], inputs: [0], outputs: [1])
    model.nodes[0].parameters = [
      Tensor(
        shape: [2, 4], storage: .int8([127, -1, 0, 2, -127, 1, 0, -2]),
        scales: [Scale(halfPower: -14)!, Scale(halfPower: -13)!]),
      Tensor(shape: [2], storage: .int32([-300, 5])),
    ]
    model.metadata.labels = [Array("no".utf8), Array("yes".utf8)]
    return tested(model)
  }()

  static let floatTiny: Model = {
    var builder = ModelBuilder(input: Shape(height: 1, width: 1, channels: 3))
    try! builder.add(.dense(Dense(units: 1, activation: .relu)))
    var model = try! builder.build()
    model.nodes[0].parameters[0].storage = .float32([0.5, -0.0, 1e-20])
    return model
  }()

  /// Depthwise, addition, concatenation, average pooling and a bound, on a two-channel input that is no image.
  static let residual: Model = {
    var builder = ModelBuilder(input: Shape(height: 6, width: 5, channels: 2))
    let same = SlidingWindow(kernel: Size2D(height: 3, width: 2), padding: .sameLower)
    let stem = try! builder.add(.conv2D(Conv2D(filters: 4, window: same, activation: .relu)), name: Array("stem".utf8))
    let deep = try! builder.add(
      .conv2D(
        .depthwise(
          channels: 4, window: SlidingWindow(kernel: Size2D(3), dilation: Size2D(2), padding: .uniform(2)),
          activation: .boundedReLU(Scale(1.5)!))))
    let sum = try! builder.add(.add(Add(activation: .relu)), inputs: [stem, deep])
    try! builder.add(.concat(Concat()), inputs: [sum, stem])
    try! builder.add(
      .pool2D(
        Pool2D(
          .average,
          window: SlidingWindow(kernel: Size2D(3), stride: Size2D(2), padding: .uniform(1), roundsUp: true),
          countsPadding: true, divisorOverride: 7)))
    try! builder.add(.activation(.relu))
    try! builder.add(.pool2D(Pool2D(.max, window: SlidingWindow(kernel: Size2D(2)))))
    try! builder.add(.dense(Dense(units: 3)))
    var model = try! builder.build()
    for index in model.values.indices {
      model.values[index].element = .uint8
      model.values[index].quantization = Quantization(scale: Scale(0.01 + 0.001 * Double(index))!, zeroPoint: index)
    }
    // Selections keep their input's quantization.
    model.values[7].quantization = model.values[6].quantization
    model.values[8].element = .int32
    model.values[8].quantization = Quantization(scale: Scale(0.0003)!, zeroPoint: 0)
    var generator = SplitMix64(seed: 11)
    for node in model.nodes.indices where !model.nodes[node].parameters.isEmpty {
      let shape = model.nodes[node].parameters[0].shape
      model.nodes[node].parameters = [
        Tensor(
          shape: shape,
          storage: .int8((0..<shape.reduce(1, *)).map { _ in Int8(Int(generator.next() % 255) - 127) }),
          scales: (0..<shape[0]).map { Scale(0.004 + 0.0007 * Double($0))! }),
        Tensor(shape: [shape[0]], storage: .int32((0..<shape[0]).map { Int32($0) * 1000 - 999 })),
      ]
    }
    return tested(model)
  }()

  /// Dense weights in a few blocks of 16 x 4, nothing elsewhere.
  static let blocks: Model = {
    var count = 0
    return SampleModels.quantized(filters: 16, units: 64) { generator in
      defer { count += 1 }
      let (row, column) = ((count - 144) / 144, (count - 144) % 144)
      let isOn = count >= 144 && (row / 16 * 36 + column / 4) % 13 == 0
      let value = Int8(Int(generator.next() % 255) - 127)
      return isOn ? value : 0
    }
  }()

  /// Half the weights zero by chance, the rest all different.
  static let bitmask = SampleModels.quantized(filters: 8, units: 40) {
    let word = $0.next()
    return word & 1 == 0 ? 0 : Int8(Int(word >> 8 % 127) % 127 + 1)
  }

  /// Small magnitudes whose high bits are mostly zero.
  static let planes = SampleModels.quantized(filters: 8, units: 64) {
    let word = $0.next()
    let magnitude = Int8([1, 1, 1, 2, 2, 3, 5, 9][Int(word >> 8 & 7)])
    return word & 1 == 0 ? magnitude : -magnitude
  }
}
