import CAllocationCounter
import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

@Suite struct SessionTests {
  /// The seed network on small images: conv, max pool, conv, max pool, dense, dense.
  static func seedNetwork(side: Int = 28, element: ElementType = .int32) throws -> Model {
    var network = TestNetwork(seed: 42)
    let input = network.input(Shape(height: side, width: side, channels: 1))
    let window = SlidingWindow(3)
    let pool = Operator.pool2D(Pool2D(.max, window: SlidingWindow(2, stride: 2)))
    let conv1 = try network.weighted(.conv2D(Conv2D(filters: 32, window: window, activation: .relu)), input)
    let pool1 = try network.add(pool, [conv1])
    let conv2 = try network.weighted(.conv2D(Conv2D(filters: 64, window: window, activation: .relu)), pool1)
    let pool2 = try network.add(pool, [conv2])
    let flat = try network.add(.reshape(.flatten), [pool2])
    let dense1 = try network.weighted(.dense(Dense(units: 128, activation: .relu)), flat)
    let logits = try network.weighted(
      .dense(Dense(units: 10)), dense1, element: element, spread: element == .int32 ? 1e5 : 25)
    return try network.build([logits])
  }

  @Test func convolutionActivationAndPoolAreOneStep() throws {
    let prepared = try PreparedModel(Self.seedNetwork(), kernels: .portable)
    #expect(prepared.steps.map(\.nodes) == [[0, 1], [2, 3], [5], [6]])
    #expect(prepared.steps[1].outputShape == Shape(height: 5, width: 5, channels: 64))
    #expect(prepared.steps.map(\.multiplyAccumulates) == [194_688, 2_230_272, 204_800, 1280])
    #expect(prepared.steps[0].kernel == Array("conv_u8s8__portable".utf8))
    #expect(prepared.steps[0].name == Array("conv2d_0".utf8))
    #expect(prepared.packedByteCount > 224_000)
    // The second layer's input and output, 13 * 13 * 32 and 5 * 5 * 64 bytes with 64 of slack, in lines of 64.
    #expect(prepared.arenaByteCount == 5504 + 1664)
    let reference = try PreparedModel(Self.seedNetwork(), kernels: .reference)
    #expect(reference.steps.map(\.nodes) == [[0], [1], [2], [3], [5], [6]])
  }

  @Test(arguments: Tables.names)
  func aBatchEqualsSingleImages(_ table: String) throws {
    let model = try Self.seedNetwork()
    for batch in [1, 2, 7, 64] {
      let images = model.randomInput(batch: batch, seed: 1)
      let single = try (0..<batch).flatMap { i in
        try model.output(Tables.table(table), Array(images[i * 784..<(i + 1) * 784]))
      }
      // A chunk of one, of all, of a part: the same bytes.
      for maxBatch in [1, 3, 64] {
        #expect(try model.output(Tables.table(table), images, batch: batch, maxBatch: maxBatch) == single)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 5])
  func threadsChangeNothing(_ threads: Int) throws {
    let model = try Self.seedNetwork(side: 14)
    let prepared = try PreparedModel(model, maxBatch: 16)
    let alone = Session(prepared)
    let shared = Session(prepared, threads: threads)
    #expect(shared.threads == threads)
    for batch in [1, 2, 5, 16, 41] {
      let images = model.randomInput(batch: batch, seed: UInt64(batch))
      var expected = [Int32](repeating: 0, count: batch * 10)
      var actual = expected
      var expectedSpan = expected.mutableSpan
      alone.run(images.span, batch: batch, into: &expectedSpan)
      var actualSpan = actual.mutableSpan
      shared.run(images.span, batch: batch, into: &actualSpan)
      #expect(actual == expected)
      #expect(Set(expected).count > 5)
    }
  }

  @Test(arguments: KernelTable.supported.map { "\($0.name)" })
  func runDoesNotAllocate(_ table: String) throws {
    let model = try Self.seedNetwork(side: 16)
    let prepared = try PreparedModel(model, maxBatch: 4, kernels: Tables.table(table))
    let session = Session(prepared)
    let images = model.randomInput(batch: 6, seed: 1)
    var logits = [Int32](repeating: 0, count: 60)
    var span = logits.mutableSpan
    // The counter counts: making an array is seen.
    let start = swl_test_allocation_count()
    try #require(start >= 0, "allocations can be counted with glibc only")
    let made = [UInt8](repeating: 1, count: Int(images[1]) + 1000)
    #expect(swl_test_allocation_count() > start)
    #expect(made.count >= 1000)

    let before = swl_test_allocation_count()
    session.run(images.span, batch: 6, into: &span)
    session.run(images.span, batch: 6, into: &span)
    let after = swl_test_allocation_count()
    #expect(after == before)
    #expect(logits.contains { $0 != 0 })
  }

  @Test func threadedRunDoesNotAllocateOnTheCaller() throws {
    let model = try Self.seedNetwork(side: 16)
    let session = Session(try PreparedModel(model, maxBatch: 4), threads: 2)
    let images = model.randomInput(batch: 6, seed: 1)
    var logits = [Int32](repeating: 0, count: 60)
    var span = logits.mutableSpan
    let before = swl_test_allocation_count()
    for _ in 0..<10 { session.run(images.span, batch: 6, into: &span) }
    #expect(swl_test_allocation_count() == before)
  }

  @Test func timesAreTakenForEveryStep() throws {
    let model = try Self.seedNetwork()
    let prepared = try PreparedModel(model)
    let session = Session(prepared)
    let image = model.randomInput(batch: 1, seed: 1)
    var logits = [Int32](repeating: 0, count: 10)
    var plain = logits
    var times = [UInt64](repeating: 0, count: prepared.steps.count)
    var logitSpan = logits.mutableSpan
    var timeSpan = times.mutableSpan
    for _ in 0..<50 { session.runTimed(image.span, into: &logitSpan, times: &timeSpan) }
    var plainSpan = plain.mutableSpan
    session.run(image.span, into: &plainSpan)
    #expect(logits == plain)
    #expect(times.allSatisfy { $0 > 0 })
    #expect(times[1] > times[3])
  }

  @Test func bytesComeOutOfU8Models() throws {
    let model = try Self.seedNetwork(element: .uint8)
    let session = Session(try PreparedModel(model))
    let image = model.randomInput(batch: 1, seed: 1)
    var bytes = [UInt8](repeating: 0, count: 10)
    var span = bytes.mutableSpan
    session.run(image.span, into: &span)
    #expect(try bytes.map { Int32($0) } == model.output(.reference, image))
  }

  /// All tables give one hash, and another seed, another weight or another sample count gives another.
  @Test func selfTestHashIsTheSameOnEveryTable() throws {
    let model = try Self.seedNetwork(side: 14)
    let proof = SelfTest(of: try PreparedModel(model, kernels: .reference), seed: 5, sampleCount: 3)
    for table in KernelTable.supported {
      #expect(proof.verify(try PreparedModel(model, kernels: table)))
    }
    let prepared = try PreparedModel(model)
    #expect(SelfTest(of: prepared, seed: 6, sampleCount: 3).outputHash != proof.outputHash)
    #expect(SelfTest(of: prepared, seed: 5, sampleCount: 2).outputHash != proof.outputHash)
    var changed = model
    guard var weights = model.nodes[0].parameters[0].int8s else { preconditionFailure("weights are int8") }
    weights[0] = weights[0] > 0 ? -127 : 127
    changed.nodes[0].parameters[0].storage = .int8(weights)
    #expect(!proof.verify(try PreparedModel(changed)))
  }

  @Test func tablesAreFoundByName() {
    #expect(KernelTable.supported.last?.isReference == true)
    func isKnown(_ name: String) -> Bool {
      let bytes = Array(name.utf8)
      return KernelTable.named(bytes.span) != nil
    }
    #expect(isKnown("portable") && isKnown("reference"))
    #expect(!isKnown("portabl") && !isKnown("Portable") && !isKnown("portable2") && !isKnown(""))
  }
}
