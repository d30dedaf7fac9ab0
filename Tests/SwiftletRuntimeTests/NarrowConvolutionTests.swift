import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// Filters past the last whole vector, which a kernel of their own computes where they are few, give the plain Swift
/// kernels' bytes.
@Suite struct NarrowConvolutionTests {
  /// Every remainder that may be few, alone and beside whole vectors; runs of inputs around 64; windows around four.
  @Test(arguments: Tables.names, 0..<300 as Range<UInt64>)
  func everyRemainder(_ table: String, _ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    func number(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(random.next() % UInt64(range.count)) }
    var network = TestNetwork(seed: seed)
    let channels = [15, 16, 20, 21, 33, 63, 64, 65, 130][number(0...8)]
    let kernel = Size2D(height: number(1...3), width: number(1...4))
    let dilation = Size2D(height: number(1...2), width: number(1...2))
    let groups = number(1...2)
    let input = network.input(
      Shape(
        height: (kernel.height - 1) * dilation.height + number(1...6),
        width: (kernel.width - 1) * dilation.width + number(1...7), channels: channels * groups),
      zeroPoint: number(0...255))
    let window = SlidingWindow(
      kernel: kernel, stride: Size2D(height: number(1...2), width: number(1...2)), dilation: dilation,
      padding: .uniform(number(0...1)))
    let filters = groups * (16 * number(0...4) + number(1...5))
    let storesInt32 = number(0...4) == 0
    var output = try network.weighted(
      .conv2D(Conv2D(filters: filters, window: window, groups: groups)), input, element: storesInt32 ? .int32 : .uint8,
      spread: storesInt32 ? 1e5 : 25)
    // Multipliers too large for the upper-half shortcut.
    if number(0...4) == 0 { network.model.values[output].quantization?.scale = TestNetwork.scale(1e-9) }
    let shape = network.model.values[output].shape
    let pool = min(number(1...3), shape.height, shape.width)
    if pool > 1 && !storesInt32 {
      let poolWindow = SlidingWindow(pool, stride: number(1...pool), roundsUp: true)
      output = try network.add(.pool2D(Pool2D(.max, window: poolWindow)), [output])
    }
    let model = try network.build([output])
    let image = model.randomInput(batch: 3, seed: 11)
    let expected = try model.output(.reference, image, batch: 3)
    #expect(try model.output(Tables.table(table), image, batch: 3, maxBatch: 3) == expected)
  }

  @Test(arguments: Tables.names, [1, 2, 3, 4, 5, 18, 36, 65])
  func dense(_ table: String, _ units: Int) throws {
    for (inputs, batch) in [(63, 1), (64, 2), (130, 5), (800, 4), (800, 17)] {
      var network = TestNetwork(seed: UInt64(units + inputs))
      let input = network.input(Shape(vector: inputs), zeroPoint: 9)
      let output = try network.weighted(.dense(Dense(units: units)), input)
      try expectEqual(network.build([output]), table, batch: batch)
    }
  }

  /// Weights of some channels alone, in every run: steps of nothing but zeros are dropped, be they all.
  @Test(arguments: Tables.names)
  func zeroWeights(_ table: String) throws {
    for kept in [0, 1, 64, 100, 150] {
      var network = TestNetwork(seed: UInt64(kept))
      let input = network.input(Shape(height: 5, width: 5, channels: 150), zeroPoint: 30)
      let output = try network.weighted(.conv2D(Conv2D(filters: 19, window: SlidingWindow(3))), input)
      var model = try network.build([output])
      guard var weights = model.nodes[0].parameters[0].int8s else { preconditionFailure("weights are int8") }
      for i in weights.indices where i % 150 >= kept { weights[i] = 0 }
      model.nodes[0].parameters[0].storage = .int8(weights)
      let image = model.randomInput(batch: 1, seed: 3)
      #expect(try model.output(Tables.table(table), image) == model.output(.reference, image))
    }
  }

  /// LeNet-5's second layer: 48 filters as 125 steps of four inputs, two as ten of 64. One filter more than three is no
  /// longer worth it where a window has but 16 inputs.
  @Test func aFewFiltersTakeNoWholeVector() throws {
    guard let table = KernelTable.named(Array("avx512vnni".utf8).span) else { return }
    func packed(_ channels: Int, _ kernel: Int, _ filters: Int) throws -> Int {
      var network = TestNetwork(seed: 1)
      let input = network.input(Shape(height: 12, width: 12, channels: channels))
      let output = try network.weighted(
        .conv2D(Conv2D(filters: filters, window: SlidingWindow(kernel, stride: 2))), input)
      return try PreparedModel(network.build([output]), kernels: table).steps[0].packedByteCount
    }
    let more = try packed(20, 5, 50) - packed(20, 5, 48)
    #expect(10 * 2 * 64 <= more && more < 10 * 2 * 64 + 512)
    #expect(try packed(16, 1, 20) - packed(16, 1, 16) == 4 * 64 + 3 * 64)
  }
}
