import CAllocationCounter
import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// Threads that share the steps of one image change nothing.
@Suite struct SharedStepTests {
  /// A network whose every kind of step is large: padded and pooled convolutions, one of few windows and many channels,
  /// depthwise, pools, an addition, a dense layer.
  static func largeNetwork(sparse: Bool = false) throws -> Model {
    var network = TestNetwork(seed: 7)
    let input = network.input(Shape(height: 58, width: 57, channels: 32), zeroPoint: 12)
    let same = SlidingWindow(3, padding: .sameUpper)
    let conv1 = try network.weighted(.conv2D(Conv2D(filters: 48, window: same, activation: .relu)), input)
    let conv2 = try network.weighted(.conv2D(.depthwise(channels: 48, multiplier: 2, window: same)), conv1)
    let conv3 = try network.weighted(.conv2D(Conv2D(filters: 48, window: SlidingWindow(1))), conv2)
    let sum = try network.add(
      .add(Add()), [conv1, conv3],
      quantization: Quantization(scale: network.model.values[conv1].quantization!.scale, zeroPoint: 90))
    let mean = try network.add(.pool2D(Pool2D(.average, window: SlidingWindow(5, padding: .sameUpper))), [sum])
    let largest = try network.add(.pool2D(Pool2D(.max, window: SlidingWindow(5, padding: .sameUpper))), [mean])
    let conv4 = try network.weighted(.conv2D(Conv2D(filters: 64, window: SlidingWindow(3, stride: 2))), largest)
    let pooled = try network.add(.pool2D(Pool2D(.max, window: SlidingWindow(4, stride: 4))), [conv4])
    let conv5 = try network.weighted(.conv2D(Conv2D(filters: 530, window: same)), pooled)
    let logits = try network.weighted(.dense(Dense(units: 300)), conv5, element: .int32, spread: 1e5)
    let model = try network.build([logits])
    guard sparse else { return model }
    return model.nodes.indices.filter { !model.nodes[$0].parameters.isEmpty }.reduce(model) {
      $0.keepingBlocks(50, ofNode: $1)
    }
  }

  @Test(arguments: Tables.names, [false, true])
  func pieceByPieceIsTheWhole(_ table: String, _ sparse: Bool) throws {
    let model = try Self.largeNetwork(sparse: sparse)
    let prepared = try PreparedModel(model, maxBatch: 3, kernels: Tables.table(table))
    // Every layer but few of them large enough on every table.
    #expect(prepared.sharedNanoseconds > 4 * prepared.otherNanoseconds)
    let alone = Session(prepared)
    for threads in [2, 3, 7] {
      let shared = Session(prepared, threads: threads)
      for batch in 1...3 {
        let images = model.randomInput(batch: batch, seed: UInt64(batch))
        var expected = [Int32](repeating: 0, count: batch * 300)
        var actual = expected
        var expectedSpan = expected.mutableSpan
        alone.run(images.span, batch: batch, into: &expectedSpan)
        for _ in 0..<3 {
          var actualSpan = actual.mutableSpan
          shared.run(images.span, batch: batch, into: &actualSpan)
          #expect(actual == expected)
        }
        #expect(Set(expected).count > 100)
      }
    }
  }

  @Test(arguments: Tables.names)
  func theLargeNetworkIsExact(_ table: String) throws {
    let model = try Self.largeNetwork()
    let images = model.randomInput(batch: 1, seed: 4)
    let expected = try model.output(.reference, images)
    #expect(try model.outputs(Tables.table(table), [images], batch: 1, threads: 2)[0] == expected)
  }

  @Test func smallNetworksAreNotShared() throws {
    let prepared = try PreparedModel(SessionTests.seedNetwork(side: 14))
    #expect(prepared.sharedNanoseconds == 0)
    #expect(prepared.otherNanoseconds > 0)
  }

  @Test func sharedStepsDoNotAllocate() throws {
    let model = try Self.largeNetwork()
    let prepared = try PreparedModel(model)
    #expect(prepared.sharedNanoseconds > 0)
    let session = Session(prepared, threads: 2)
    let image = model.randomInput(batch: 1, seed: 1)
    var logits = [Int32](repeating: 0, count: 300)
    var span = logits.mutableSpan
    session.run(image.span, into: &span)
    try #require(swl_test_allocation_count() >= 0, "allocations can be counted with glibc only")
    let before = swl_test_allocation_count()
    for _ in 0..<5 { session.run(image.span, into: &span) }
    #expect(swl_test_allocation_count() == before)
  }
}
