import SwiftletModel
import Testing

@Suite struct WindowTests {
  /// (input, kernel, stride, dilation, padding, roundsUp) -> output, from the PyTorch, ONNX and TFLite documents.
  @Test(arguments: [
    (28, 3, 1, 1, Padding.valid, false, 26),
    (11, 2, 2, 1, .valid, false, 5),
    (11, 2, 2, 1, .valid, true, 6),
    (5, 3, 2, 1, .sameUpper, false, 3),
    (6, 3, 2, 1, .sameLower, false, 3),
    (7, 3, 1, 2, .valid, false, 3),
    (4, 2, 3, 1, .uniform(1), true, 2),
    // ceil((5 + 2 - 2) / 3) + 1 = 3, and the third window would start at 6 >= 5 + 1: dropped.
    (5, 2, 3, 1, .uniform(1), true, 2),
  ])
  func outputExtent(
    _ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ padding: Padding, _ roundsUp: Bool, _ output: Int
  ) throws {
    let window = SlidingWindow(
      kernel: Size2D(kernel), stride: Size2D(stride), dilation: Size2D(dilation), padding: padding, roundsUp: roundsUp)
    let plan = try WindowPlan(window, input: Shape(height: input, width: input, channels: 1), channels: 1)
    #expect(plan.output == Shape(height: output, width: output, channels: 1))
  }

  @Test func samePaddingPutsTheOddCellWhereItSays() throws {
    let shape = Shape(height: 6, width: 6, channels: 1)
    let upper = try WindowPlan(
      SlidingWindow(kernel: Size2D(3), stride: Size2D(2), padding: .sameUpper), input: shape, channels: 1)
    let lower = try WindowPlan(
      SlidingWindow(kernel: Size2D(3), stride: Size2D(2), padding: .sameLower), input: shape, channels: 1)
    #expect(upper.rows.padBefore == 0 && upper.rows.padAfter == 1)
    #expect(lower.rows.padBefore == 1 && lower.rows.padAfter == 0)
  }

  /// Every tap range equals a count by brute force, dilation, padding and overhang included.
  @Test func tapsEqualBruteForce() throws {
    for input in 1...9 {
      for kernel in 1...4 {
        for stride in 1...3 {
          for dilation in 1...3 {
            for (pad, roundsUp) in [(0, false), (1, false), (2, true), (3, false)] {
              let window = SlidingWindow(
                kernel: Size2D(height: kernel, width: 1), stride: Size2D(height: stride, width: 1),
                dilation: Size2D(height: dilation, width: 1),
                padding: .explicit(top: pad, left: 0, bottom: pad, right: 0), roundsUp: roundsUp)
              let shape = Shape(height: input, width: 1, channels: 1)
              guard let plan = try? WindowPlan(window, input: shape, channels: 1) else { continue }
              for o in 0..<plan.rows.output {
                let inside = (0..<kernel).filter { (0..<input).contains(plan.rows.position(o, $0)) }
                #expect(Array(plan.rows.taps(o)) == inside)
                let padded = (0..<kernel).filter { (-pad..<input + pad).contains(plan.rows.position(o, $0)) }
                #expect(plan.rows.countWithPadding(o) == padded.count)
              }
            }
          }
        }
      }
    }
  }

  @Test func badWindowsAreRefused() {
    let shape = Shape(height: 4, width: 4, channels: 1)
    #expect(throws: ShapeError.windowLargerThanInput(kernel: 5, input: 4)) {
      try WindowPlan(SlidingWindow(kernel: Size2D(5)), input: shape, channels: 1)
    }
    let zeroStride = SlidingWindow(kernel: Size2D(2), stride: Size2D(0))
    #expect(throws: ShapeError.badWindow(zeroStride)) { try WindowPlan(zeroStride, input: shape, channels: 1) }
    let padded = Pool2D(.max, window: SlidingWindow(kernel: Size2D(2), stride: Size2D(2), padding: .uniform(2)))
    #expect(throws: ShapeError.windowInPadding) { try padded.plan(for: shape) }
  }

  @Test func hugeExtentsAreRefusedNotOverflown() {
    #expect(Shape(height: .max, width: 2, channels: 1).checkedCount == nil)
    #expect(Shape(height: 1 << 20, width: 1 << 20, channels: 1).checkedCount == nil)
    #expect(Shape(height: 0, width: 1, channels: 1).checkedCount == nil)
  }
}

/// conv 2 filters 3x3 -> max pool 2 -> dense 2, quantized by hand.
func tinyQuantizedModel() throws -> Model {
  var builder = ModelBuilder(input: Shape(height: 6, width: 6, channels: 1))
  try builder.add(.conv2D(Conv2D(filters: 2, window: SlidingWindow(kernel: Size2D(3)), activation: .relu)))
  try builder.add(.pool2D(Pool2D(.max, window: SlidingWindow(kernel: Size2D(2), stride: Size2D(2)))))
  try builder.add(.dense(Dense(units: 2)))
  var model = try builder.build()
  let activations = Quantization(scale: try #require(Scale(0.05)), zeroPoint: 0)
  model.values[0].quantization = .image
  model.values[1].quantization = activations
  model.values[2].quantization = activations
  model.values[3].quantization = Quantization(scale: try #require(Scale(0.001)), zeroPoint: 0)
  for index in 0..<3 { model.values[index].element = .uint8 }
  model.values[3].element = .int32
  for index in [0, 2] {
    let weights = model.nodes[index].parameters[0]
    model.nodes[index].parameters[0] = Tensor(
      shape: weights.shape, storage: .int8((0..<weights.count).map { Int8($0 % 7) - 3 }),
      scales: [try #require(Scale(0.01)), try #require(Scale(0.02))])
    model.nodes[index].parameters[1] = Tensor(shape: [2], storage: .int32([100, -100]))
  }
  return model
}

@Suite struct ModelValidationTests {
  @Test func aGoodModelPasses() throws { try tinyQuantizedModel().validate() }

  @Test func zeroPointFoldsIntoTheBias() throws {
    var model = try tinyQuantizedModel()
    model.values[0].quantization?.zeroPoint = 10
    let folded = try model.foldedChannels(ofNode: 0)
    // The weights of channel 0 are -3...3, -3, -2: their sum is -5.
    #expect(folded.bias[0] == 100 + 50)
  }

  @Test func accumulatorOverflowIsRefused() throws {
    var model = try tinyQuantizedModel()
    model.nodes[0].parameters[1].storage = .int32([Int32.max - 3000, 0])
    #expect(throws: GraphError(.accumulatorOverflow(channel: 0), node: 0)) { try model.validate() }
  }

  /// One fault each, and the reason it must give.
  static let faults: [(name: String, break: @Sendable (inout Model) -> Void, expected: GraphError)] = [
    ("cycle", { $0.nodes[0].inputs = [3] }, GraphError(.valueNotReady(value: 3), node: 0)),
    ("twice", { $0.nodes[1].output = 1 }, GraphError(.valueMadeTwice(value: 1), node: 1)),
    ("out of range", { $0.nodes[1].inputs = [99] }, GraphError(.valueNotReady(value: 99), node: 1)),
    ("never made", { $0.values.append(Value(shape: Shape(vector: 1))) }, GraphError(.valueNeverMade(value: 4))),
    ("no output", { $0.outputs = [] }, GraphError(.endpoints)),
    ("same output twice", { $0.outputs = [3, 3] }, GraphError(.endpoints)),
    (
      "minus 128", { $0.nodes[0].parameters[0].storage = .int8([-128] + Array(repeating: 0, count: 17)) },
      GraphError(.parameterValue(index: 0, element: 0), node: 0)
    ),
    (
      "missing scale", { $0.nodes[0].parameters[0].scales.removeLast() },
      GraphError(.parameterScales(index: 0), node: 0)
    ),
    (
      "float bias", { $0.nodes[0].parameters[1] = Tensor(zeros: [2]) },
      GraphError(.parameterElement(index: 1), node: 0)
    ),
    ("missing bias", { $0.nodes[0].parameters.removeLast() }, GraphError(.parameterShape(index: 1), node: 0)),
    ("wrong weights", { $0.nodes[2].parameters[0].shape = [2, 9] }, GraphError(.parameterShape(index: 0), node: 2)),
    ("zero point", { $0.values[0].quantization?.zeroPoint = 256 }, GraphError(.quantization(value: 0))),
    ("pool rescales", { $0.values[2].quantization?.zeroPoint = 1 }, GraphError(.quantization(value: 2), node: 1)),
    ("inner s32", { $0.values[1].element = .int32 }, GraphError(.quantization(value: 1), node: 0)),
    (
      "softmax", { $0.nodes[1].op = .softmax(Softmax()) },
      GraphError(
        .declaredShape(
          declared: Shape(height: 2, width: 2, channels: 2), inferred: Shape(height: 4, width: 4, channels: 2)), node: 1
      )
    ),
    (
      "tiny scale", { $0.values[3].quantization?.scale = Scale(halfPower: 124)! },
      GraphError(.multiplierRange(channel: 0), node: 2)
    ),
  ]

  @Test(arguments: faults.indices) func faultsAreNamed(_ index: Int) throws {
    let fault = Self.faults[index]
    var model = try tinyQuantizedModel()
    fault.break(&model)
    #expect(throws: fault.expected, "\(fault.name)") { try model.validate() }
  }

  @Test func notANumberIsRefusedInFloatModels() throws {
    var builder = ModelBuilder(input: Shape(vector: 2))
    try builder.add(.dense(Dense(units: 1)))
    var model = try builder.build()
    model.nodes[0].parameters[0].storage = .float32([1, .nan])
    #expect(throws: GraphError(.parameterValue(index: 0, element: 1), node: 0)) { try model.validate() }
  }

  @Test func shapesOfResidualGraphsAreInferred() throws {
    var builder = ModelBuilder(input: Shape(height: 8, width: 8, channels: 4))
    let window = SlidingWindow(kernel: Size2D(3), padding: .sameUpper)
    let first = try builder.add(.conv2D(Conv2D.depthwise(channels: 4, multiplier: 2, window: window)))
    let second = try builder.add(.conv2D(Conv2D(filters: 8, window: window, groups: 2)))
    let sum = try builder.add(.add(Add(activation: .relu)), inputs: [first, second])
    try builder.add(.concat(Concat()), inputs: [sum, 0])
    let model = try builder.build()
    #expect(model.values.last?.shape == Shape(height: 8, width: 8, channels: 12))
    #expect(model.nodes[0].parameters[0].shape == [8, 3, 3, 1])
    #expect(model.nodes[1].parameters[0].shape == [8, 3, 3, 4])
    #expect(String(decoding: model.name(ofNode: 3), as: UTF8.self) == "concat_3")
    #expect(throws: GraphError(.shape(.shapesDiffer(model.values[1].shape, model.values[0].shape)), node: 4)) {
      var wrong = builder
      try wrong.add(.add(Add()), inputs: [1, 0])
    }
  }

  @Test func seedNetworkHasTheKnownCounts() throws {
    var builder = ModelBuilder(input: Shape(height: 28, width: 28, channels: 1))
    let pool = Pool2D(.max, window: SlidingWindow(kernel: Size2D(2), stride: Size2D(2)))
    try builder.add(.conv2D(Conv2D(filters: 32, window: SlidingWindow(kernel: Size2D(3)), activation: .relu)))
    try builder.add(.pool2D(pool))
    try builder.add(.conv2D(Conv2D(filters: 64, window: SlidingWindow(kernel: Size2D(3)), activation: .relu)))
    try builder.add(.pool2D(pool))
    try builder.add(.reshape(.flatten))
    try builder.add(.dense(Dense(units: 128, activation: .relu)))
    try builder.add(.dense(Dense(units: 10)))
    try builder.add(.softmax(Softmax()))
    let model = try builder.build()
    #expect(model.parameterCount == 225_034)
    #expect(model.multiplyAccumulates == 194_688 + 2_230_272 + 204_800 + 1280)
  }
}
