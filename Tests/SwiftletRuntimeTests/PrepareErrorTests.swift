import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// What a model must be to be prepared; every fault is an error that names the node.
@Suite struct PrepareErrorTests {
  private func network() throws -> Model {
    var network = TestNetwork(seed: 1)
    let input = network.input(Shape(height: 6, width: 6, channels: 2))
    let conv = try network.weighted(.conv2D(Conv2D(filters: 3, window: SlidingWindow(3))), input)
    let pool = try network.add(.pool2D(Pool2D(.max, window: SlidingWindow(2))), [conv])
    let logits = try network.weighted(.dense(Dense(units: 4)), pool, element: .int32, spread: 1e4)
    return try network.build([logits])
  }

  private func expectRefused(
    _ reason: PrepareError.Reason, node: Int?, _ change: (inout Model) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var model = try network()
    change(&model)
    #expect(throws: PrepareError(reason, node: node), sourceLocation: sourceLocation) { try PreparedModel(model) }
  }

  @Test func theUnchangedModelIsTaken() throws { _ = try PreparedModel(network()) }

  @Test func aFloatModelIsRefused() throws {
    var builder = ModelBuilder(input: Shape(vector: 3))
    try builder.add(.dense(Dense(units: 2)))
    let model = try builder.build()
    #expect(throws: PrepareError(.floatModel)) { try PreparedModel(model) }
  }

  @Test func missingQuantizationIsRefused() throws {
    try expectRefused(.graph(.quantization(value: 1)), node: 0) { $0.values[1].quantization = nil }
  }

  @Test func aZeroPointOutsideBytesIsRefused() throws {
    try expectRefused(.graph(.quantization(value: 1)), node: 0) { $0.values[1].quantization?.zeroPoint = 256 }
  }

  @Test func aMaxPoolThatChangesTheScaleIsRefused() throws {
    try expectRefused(.graph(.quantization(value: 2)), node: 1) { $0.values[2].quantization?.zeroPoint += 1 }
  }

  @Test func wideValuesInsideTheGraphAreRefused() throws {
    try expectRefused(.graph(.quantization(value: 1)), node: 0) { $0.values[1].element = .int32 }
  }

  @Test func anAccumulatorThatCouldOverflowIsRefused() throws {
    try expectRefused(.graph(.accumulatorOverflow(channel: 2)), node: 0) {
      $0.nodes[0].parameters[1].storage = .int32([0, 0, .max])
    }
  }

  @Test func aMultiplierOutOfRangeIsRefused() throws {
    try expectRefused(.graph(.multiplierRange(channel: 1)), node: 0) {
      $0.nodes[0].parameters[0].scales[1] = TestNetwork.scale(0x1p-50)
    }
  }

  @Test func weightsOfMinus128AreRefused() throws {
    try expectRefused(.graph(.parameterValue(index: 0, element: 5)), node: 2) {
      guard var weights = $0.nodes[2].parameters[0].int8s else { return }
      weights[5] = -128
      $0.nodes[2].parameters[0].storage = .int8(weights)
    }
  }

  @Test func missingScalesAreRefused() throws {
    try expectRefused(.graph(.parameterScales(index: 0)), node: 0) { $0.nodes[0].parameters[0].scales.removeLast() }
  }

  @Test func parametersOfAnotherShapeAreRefused() throws {
    try expectRefused(.graph(.parameterShape(index: 1)), node: 2) {
      $0.nodes[2].parameters[1] = Tensor(shape: [3], storage: .int32([0, 0, 0]))
    }
  }

  @Test func aDeclaredShapeThatIsWrongIsRefused() throws {
    let inferred = try network().values[2].shape
    let declared = Shape(height: 9, width: 9, channels: 9)
    try expectRefused(.graph(.declaredShape(declared: declared, inferred: inferred)), node: 1) {
      $0.values[2].shape = declared
    }
  }

  /// A border of 2^24 cells on each side is a valid window, but no memory holds the padded image.
  @Test(arguments: ["reference", "portable"]) func absurdPaddingTakesNoMemory(_ table: String) throws {
    var network = TestNetwork(seed: 1)
    let input = network.input(Shape(height: 3, width: 3, channels: 1))
    let window = SlidingWindow(1, stride: 1 << 24, padding: .uniform(1 << 24))
    let output = try network.weighted(.conv2D(Conv2D(filters: 1, window: window)), input)
    let model = try network.build([output])
    if table == "reference" {
      // The plain kernels skip padding instead of storing it.
      _ = try PreparedModel(model, kernels: .reference)
    } else {
      let error = #expect(throws: PrepareError.self) { try PreparedModel(model, kernels: .portable) }
      guard case .memory(let needed, let limit) = error?.reason else {
        Issue.record("refused for another reason")
        return
      }
      #expect(error?.node == 0 && needed > limit && limit == PreparedModel.memoryLimit(of: model))
    }
  }
}
