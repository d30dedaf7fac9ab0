import SwiftletFloat
import SwiftletModel
import TestSupport
import Testing

/// The fast executor against the plain definitions, on graphs that reach every step.
@Suite struct NetworkTests {
  enum Graph: String, CaseIterable {
    case seedLike, oddChannels, residual, normalized, depthwise, padded, grouped, dilated, activationBeforePool, wide
    case stridedBeforePool, oneChannel

    private var isOfOneChannel: Bool { [.seedLike, .stridedBeforePool, .oneChannel].contains(self) }

    func model() throws -> Model {
      let window = { (k: Int, s: Int, p: Padding) in SlidingWindow(kernel: Size2D(k), stride: Size2D(s), padding: p) }
      let maximum = Operator.pool2D(Pool2D(.max, window: window(2, 2, .valid)))
      func conv(_ filters: Int, _ window: SlidingWindow, groups: Int = 1, _ activation: Activation = .relu) -> Operator
      {
        .conv2D(Conv2D(filters: filters, window: window, groups: groups, activation: activation))
      }
      var b = ModelBuilder(input: Shape(height: 12, width: 12, channels: isOfOneChannel ? 1 : 3))
      func chain(_ operators: Operator...) throws { for op in operators { try b.add(op) } }
      switch self {
      case .seedLike:
        try chain(conv(32, window(3, 1, .valid)), maximum, conv(48, window(3, 1, .valid)), maximum)
      case .oddChannels:
        try chain(conv(5, window(5, 1, .valid), .boundedReLU(Scale(0.5)!)), maximum)
        try chain(conv(19, window(2, 1, .valid), .none), maximum)
      case .residual:
        let a = try b.add(conv(20, window(3, 1, .sameUpper)))
        let c = try b.add(conv(20, window(3, 1, .sameUpper), .none))
        let sum = try b.add(.add(Add(activation: .relu)), inputs: [a, c])
        let d = try b.add(conv(7, window(1, 1, .valid)), inputs: [sum])
        try b.add(.concat(Concat()), inputs: [d, sum, a])
        try b.add(.pool2D(Pool2D(.average, window: window(3, 2, .uniform(1)), countsPadding: true)))
      case .normalized:
        try chain(conv(16, window(3, 2, .uniform(1)), .none), .batchNorm(BatchNorm()), .activation(.relu))
        try chain(.dropout(Dropout(rate: 0.3)), conv(8, window(3, 1, .valid), .none), .batchNorm(BatchNorm()))
      case .depthwise:
        try chain(conv(24, window(1, 1, .valid)), conv(24, window(3, 2, .sameUpper), groups: 24))
        try chain(conv(48, window(3, 1, .uniform(1)), groups: 24))
      case .padded:
        try chain(conv(17, window(3, 1, .sameUpper)), maximum, conv(33, window(3, 1, .sameLower)), maximum)
      case .grouped:
        try chain(conv(32, window(3, 1, .valid)), conv(40, window(3, 2, .valid), groups: 2))
        try chain(conv(6, window(1, 1, .valid), groups: 2))
      case .dilated:
        try chain(conv(16, SlidingWindow(kernel: Size2D(3), dilation: Size2D(2), padding: .uniform(2))), maximum)
      case .activationBeforePool:
        try chain(conv(16, window(3, 1, .valid), .none), .activation(.relu), maximum)
      case .stridedBeforePool: try chain(conv(18, window(3, 2, .uniform(2))), maximum)
      case .oneChannel:
        try chain(conv(21, window(4, 1, .uniform(1))), maximum, conv(39, window(3, 1, .sameUpper)), maximum)
      case .wide:
        try chain(conv(70, window(3, 3, .valid)), .pool2D(Pool2D(.max, window: window(3, 1, .valid))))
      }
      try b.add(.reshape(.flatten))
      try b.add(.dense(Dense(units: 37, activation: .relu)))
      try b.add(.dense(Dense(units: 10)))
      try b.add(.softmax(Softmax()))
      return randomized(try b.build(), scale: 1)
    }
  }

  private static let batch = 11
  private static let labels = (0..<batch).map { UInt8($0 * 7 % 10) }

  private struct Outcome {
    var loss: LossSummary
    var output: [Float]
    var gradients: [[Float]]
  }

  private func train(_ model: Model, _ options: FloatNetwork.Options, steps: Int = 1) throws -> Outcome {
    let network = try FloatNetwork(model, maximumBatch: Self.batch, options: options)
    var draws = Draws(21)
    let x = draws.floats(network.input().count)
    _ = network.input().update(fromContentsOf: x)
    var loss = LossSummary()
    for step in 0..<steps { loss = network.trainingPass(count: Self.batch, labels: Self.labels, key: UInt64(step)) }
    let gradients = network.parameters.map(\.gradientValues)
    network.forward(count: Self.batch)
    return Outcome(loss: loss, output: Array(network.values(of: model.outputs[0])!), gradients: gradients)
  }

  private func expectClose(_ a: [Float], _ b: [Float], _ what: String) {
    #expect(a.count == b.count)
    let size = b.reduce(0) { max($0, abs($1)) }
    let worst = zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(worst <= 2e-5 * max(size, 0.05), "\(what): off by \(worst) where the largest is \(size)")
  }

  @Test(arguments: Graph.allCases, FloatKernels.supported.map(\.name))
  func everyKernelSetMatchesThePlainDefinitions(_ graph: Graph, _ name: String) throws {
    let model = try graph.model()
    let kernels = FloatKernels.supported.first { $0.name == name }!
    let plain = try train(model, FloatNetwork.Options(isReference: true))
    for keepsEveryValue in [false, true] {
      let fast = try train(model, FloatNetwork.Options(keepsEveryValue: keepsEveryValue, kernels: kernels))
      #expect(abs(fast.loss.loss - plain.loss.loss) < 1e-4 * Double(Self.batch))
      #expect(fast.loss.correct == plain.loss.correct)
      expectClose(fast.output, plain.output, "output")
      for (index, pair) in zip(fast.gradients, plain.gradients).enumerated() {
        expectClose(pair.0, pair.1, "gradient of parameter \(index)")
      }
      #expect(plain.gradients[0].contains { $0 != 0 })
    }
  }

  @Test(arguments: Graph.allCases)
  func threadsChangeNothing(_ graph: Graph) throws {
    let model = try graph.model()
    let one = try train(model, FloatNetwork.Options(threads: 1), steps: 2)
    for threads in [2, 3] {
      let several = try train(model, FloatNetwork.Options(threads: threads), steps: 2)
      #expect(several.gradients == one.gradients)
      #expect(several.output == one.output)
      #expect(several.loss == one.loss)
    }
  }

  /// The whole network by finite differences, made smooth so that they are valid: no activations, average pools. The
  /// bends and winners are covered by the plain definitions' own checks and by equality with them.
  @Test(arguments: Graph.allCases.filter { $0 != .normalized })
  func parameterGradientsMatchFiniteDifferences(_ graph: Graph) throws {
    let network = try FloatNetwork(try graph.model().smooth(), maximumBatch: Self.batch)
    var draws = Draws(31)
    let x = draws.floats(network.input().count)
    _ = network.input().update(fromContentsOf: x)
    func loss() -> Double { network.evaluate(count: Self.batch, labels: Self.labels).meanLoss }
    _ = network.trainingPass(count: Self.batch, labels: Self.labels, key: 0)
    for parameter in network.parameters {
      let gradient = parameter.gradientValues
      // The elements with the largest gradients tell the most.
      for element in gradient.indices.sorted(by: { abs(gradient[$0]) > abs(gradient[$1]) }).prefix(3) {
        let step: Float = 1e-2
        let after = { (change: Float) -> Double in
          let old = parameter.values[element]
          parameter.withMutableValues { $0[element] = old + change }
          network.parametersChanged()
          defer { parameter.withMutableValues { $0[element] = old } }
          return loss()
        }
        let expected = Float((after(step) - after(-step)) / Double(2 * step))
        #expect(
          abs(gradient[element] - expected) < 0.01 * abs(expected) + 2e-4,
          "parameter \(parameter.index) of node \(parameter.node): \(gradient[element]), differences say \(expected)")
        #expect(abs(expected) > 1e-3, "a gradient of zeros proves nothing")
      }
    }
  }

  @Test func batchNormFollowsTheBatchInTrainingAndRunningStatisticsAfterwards() throws {
    let network = try FloatNetwork(try Graph.normalized.model(), maximumBatch: Self.batch)
    var draws = Draws(5)
    let x = draws.floats(network.input().count)
    _ = network.input().update(fromContentsOf: x)
    let before = network.parameters.first { $0.role == .runningMean }!.values
    _ = network.trainingPass(count: Self.batch, labels: Self.labels, key: 0)
    let after = network.parameters.first { $0.role == .runningMean }!.values
    #expect(before != after)
    network.forward(count: Self.batch)
    #expect(network.parameters.first { $0.role == .runningMean }!.values == after)
  }

  @Test func aSmallerBatchGivesTheSameSamples() throws {
    let model = try Graph.seedLike.model()
    let network = try FloatNetwork(model, maximumBatch: Self.batch)
    var draws = Draws(6)
    let x = draws.floats(network.input().count)
    _ = network.input().update(fromContentsOf: x)
    network.forward(count: Self.batch)
    let all = Array(network.values(of: model.outputs[0])!)
    network.forward(count: 3)
    #expect(Array(network.values(of: model.outputs[0])!) == Array(all[..<30]))
  }

  @Test func fusedValuesAreAbsentUnlessKept() throws {
    let model = try Graph.seedLike.model()
    let fused = try FloatNetwork(model, maximumBatch: 2)
    fused.forward(count: 2)
    #expect(fused.values(of: 1) == nil)
    let kept = try FloatNetwork(model, maximumBatch: 2, options: FloatNetwork.Options(keepsEveryValue: true))
    kept.forward(count: 2)
    #expect(model.values.indices.allSatisfy { kept.values(of: $0)!.count == 2 * model.values[$0].shape.count })
  }

  @Test func transformsActOnCopies() throws {
    let model = try Graph.seedLike.model()
    let network = try FloatNetwork(model, maximumBatch: Self.batch)
    let plain = network.currentModel()
    network.parameterTransform = { parameter, values in
      if parameter.role == .weights { for i in values.indices { values[i] = 0 } }
    }
    network.valueTransform = { value, values in if value == 0 { values.update(repeating: 1) } }
    network.forward(count: 1)
    // With all weights zero the logits are the last bias.
    #expect(Array(network.values(of: network.logitsValue)!) == network.parameters.last!.values)
    #expect(network.currentModel() == plain)
    #expect(network.values(of: 0)!.allSatisfy { $0 == 1 })
    network.parameterTransform = nil
    network.forward(count: 1)
    #expect(Array(network.values(of: network.logitsValue)!) != network.parameters.last!.values)
  }

  @Test func aQuantizedModelIsRefused() throws {
    var model = try Graph.seedLike.model()
    model.values[0].element = .uint8
    #expect(throws: FloatNetworkError.quantizedModel) { try FloatNetwork(model) }
  }

  @Test func aNaNWeightReachesTheLoss() throws {
    let network = try FloatNetwork(try Graph.seedLike.model(), maximumBatch: Self.batch)
    network.input().update(repeating: 0.5)
    network.parameters[0].withMutableValues { $0[4] = .nan }
    let loss = network.trainingPass(count: Self.batch, labels: Self.labels, key: 0)
    #expect(loss.loss.isNaN)
  }
}

extension Model {
  fileprivate func smooth() -> Model {
    var result = self
    for index in result.nodes.indices {
      switch result.nodes[index].op {
      case .pool2D(var pool):
        pool.reduction = .average
        result.nodes[index].op = .pool2D(pool)
      case .activation: result.nodes[index].op = .activation(.none)
      case .conv2D, .dense, .add, .concat, .reshape, .softmax, .batchNorm, .dropout:
        result.nodes[index].op = result.nodes[index].op.fusing(.none) ?? result.nodes[index].op
      }
    }
    return result
  }
}
