import SwiftletModel

/// Small models that between them use every operator and every encoding.
enum SampleModels {
  /// Every operator of float models, residual, with names, labels and provenance.
  static let float: Model = {
    var builder = ModelBuilder(input: Shape(height: 9, width: 8, channels: 2))
    let same = SlidingWindow(kernel: Size2D(height: 3, width: 2), padding: .sameLower)
    let add = { (builder: inout ModelBuilder, op: Operator, inputs: [Int]?) -> Int in
      try! builder.add(op, inputs: inputs)
    }
    let stem = add(&builder, .conv2D(Conv2D(filters: 4, window: same, groups: 2, activation: .relu)), nil)
    _ = add(&builder, .batchNorm(BatchNorm()), nil)
    let tail = add(
      &builder,
      .conv2D(
        .depthwise(
          channels: 4,
          window: SlidingWindow(kernel: Size2D(3), dilation: Size2D(2), padding: .uniform(2)),
          activation: .boundedReLU(Scale(6)!))), nil)
    let sum = add(&builder, .add(Add(activation: .relu)), [stem, tail])
    _ = add(&builder, .concat(Concat()), [sum, 0])
    _ = add(
      &builder,
      .pool2D(
        Pool2D(
          .average,
          window: SlidingWindow(kernel: Size2D(3), stride: Size2D(2), padding: .uniform(1), roundsUp: true),
          countsPadding: true, divisorOverride: 7)), nil)
    _ = add(&builder, .pool2D(Pool2D(.max, window: SlidingWindow(kernel: Size2D(2), stride: Size2D(2)))), nil)
    _ = add(&builder, .activation(.boundedReLU(Scale(0.3)!)), nil)
    let count = builder.model.values[builder.last].shape.count
    _ = add(&builder, .reshape(.to(Shape(height: 1, width: 2, channels: count / 2))), nil)
    _ = add(&builder, .reshape(.flatten), nil)
    _ = add(&builder, .dropout(Dropout(rate: 0.25)), nil)
    _ = try! builder.add(.dense(Dense(units: 3)), name: Array("logits".utf8))
    _ = add(&builder, .softmax(Softmax()), nil)
    var model = try! builder.build(outputs: [builder.last, sum])
    randomize(&model)
    model.metadata = Metadata(
      labels: ["zero", "one", "zwölf"].map { Array($0.utf8) },
      normalization: Normalization(mean: [0.1, 0.2], standardDeviation: [0.3, 0.4]),
      provenance: Provenance(
        tool: Array("test".utf8), data: [], note: Array("a note".utf8),
        split: Provenance.Split(seed: 7, validationCount: 50, hash: 0x1234_5678_9ABC_DEF0),
        accuracies: [.init(.validation, correct: 49, total: 50), .init(.test, correct: 3, total: 4)]))
    return model
  }()

  private static func randomize(_ model: inout Model) {
    var generator = SplitMix64(seed: 1)
    for node in model.nodes.indices {
      for parameter in model.nodes[node].parameters.indices {
        let count = model.nodes[node].parameters[parameter].count
        model.nodes[node].parameters[parameter].storage = .float32(
          (0..<count).map { _ in generator.next() % 3 == 0 ? generator.nextUnit() - 0.5 : 0 })
      }
    }
    // A running variance is not negative.
    for node in model.nodes.indices where model.nodes[node].parameters.count == 4 {
      let variance = model.nodes[node].parameters[3].floats ?? []
      model.nodes[node].parameters[3].storage = .float32(variance.map(abs))
    }
  }

  /// conv -> pool -> dense, quantized; weights drawn by `weight`.
  static func quantized(
    filters: Int = 5, units: Int = 40, scale: (Int) -> Scale = { Scale(halfPower: -14 - $0 % 3)! },
    weight: (inout SplitMix64) -> Int8
  ) -> Model {
    var builder = ModelBuilder(input: Shape(height: 8, width: 8, channels: 1))
    try! builder.add(.conv2D(Conv2D(filters: filters, window: SlidingWindow(kernel: Size2D(3)), activation: .relu)))
    try! builder.add(.pool2D(Pool2D(.max, window: SlidingWindow(kernel: Size2D(2), stride: Size2D(2)))))
    try! builder.add(.reshape(.flatten))
    try! builder.add(.dense(Dense(units: units)))
    var model = try! builder.build()
    var generator = SplitMix64(seed: 3)
    let activation = Quantization(scale: Scale(0.02)!, zeroPoint: 3)
    for index in model.values.indices {
      model.values[index].element = .uint8
      model.values[index].quantization = index == 0 ? .image : activation
    }
    model.values[4].element = .int32
    model.values[4].quantization = Quantization(scale: Scale(halfPower: -30)!, zeroPoint: 0)
    for node in [0, 3] {
      let shape = model.nodes[node].parameters[0].shape
      model.nodes[node].parameters[0] = Tensor(
        shape: shape, storage: .int8((0..<shape.reduce(1, *)).map { _ in weight(&generator) }),
        scales: (0..<shape[0]).map(scale))
      model.nodes[node].parameters[1] = Tensor(
        shape: [shape[0]], storage: .int32((0..<shape[0]).map { Int32($0 * 37 % 100) - 50 }))
    }
    model.metadata.selfTest = SelfTest(outputHash: 0xFEED_FACE_CAFE_BEEF)
    return model
  }

  static let dense = quantized { Int8(truncatingIfNeeded: Int($0.next() % 255) - 127) }
  static let sparse = quantized { $0.next() % 20 == 0 ? Int8(truncatingIfNeeded: Int($0.next() % 254) - 126) | 1 : 0 }
  static let ternary = quantized { Int8(Int($0.next() % 3) - 1) }
  static let fourBit = quantized { [-9, -4, -1, 0, 1, 3, 6, 11][Int($0.next() % 8)] }
  static let zeros = quantized(scale: { _ in .one }) { _ in 0 }
}
