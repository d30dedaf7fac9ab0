import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// A convolution and the pool or addition behind it as one step, strip by strip.
@Suite struct StripTests {
  /// Random networks of one convolution and one consumer of its output.
  private struct Draw {
    var random: SplitMix64
    var network: TestNetwork

    init(seed: UInt64) {
      random = SplitMix64(seed: seed)
      network = TestNetwork(seed: seed)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
      range.lowerBound + Int(random.next() % UInt64(range.count))
    }

    mutating func one<T>(of choices: [T]) -> T { choices[number(0...choices.count - 1)] }

    /// A convolution of any kind that a kernel treats in its own way, on an image whose output is cut into strips.
    mutating func convolution(_ input: Int, filters: Int? = nil, keepsExtents: Bool) throws -> Int {
      let channels = network.model.values[input].shape.channels
      let kernel = one(of: [1, 2, 3, 3, 3, 5])
      let window = SlidingWindow(
        kernel, stride: keepsExtents ? 1 : one(of: [1, 1, 2]), dilation: one(of: [1, 1, 1, 2]),
        padding: keepsExtents
          ? .sameUpper : one(of: [.valid, .sameLower, .explicit(top: 0, left: 1, bottom: 1, right: 0)]))
      let activation = one(of: [Activation.none, .relu])
      let isDepthwise = one(of: [true, false, false, false]) && (filters ?? channels) == channels
      let conv =
        isDepthwise
        ? Conv2D.depthwise(channels: channels, window: window, activation: activation)
        : Conv2D(filters: filters ?? one(of: [33, 64, 70]), window: window, activation: activation)
      return try network.weighted(.conv2D(conv), input)
    }

    mutating func quantization(like value: Int) -> Quantization {
      let from = network.model.values[value].quantization ?? .image
      return Quantization(
        scale: TestNetwork.scale(from.scale.doubleValue * Double(number(70...160)) / 100), zeroPoint: number(0...255))
    }

    mutating func pool() -> Pool2D {
      let kernel = Size2D(height: number(1...6), width: number(1...4))
      return Pool2D(
        one(of: [.average, .average, .max]),
        window: SlidingWindow(
          kernel: kernel, stride: Size2D(height: number(1...4), width: number(1...3)),
          dilation: Size2D(height: one(of: [1, 1, 1, 2]), width: one(of: [1, 2])),
          padding: one(of: [.valid, .sameUpper, .explicit(top: kernel.height - 1, left: 0, bottom: 0, right: 0)]),
          roundsUp: one(of: [true, false])),
        countsPadding: one(of: [true, false]), divisorOverride: one(of: [nil, nil, 3]))
    }

    mutating func input(channels: [Int]) -> Int {
      network.input(
        Shape(height: number(28...60), width: number(28...60), channels: one(of: channels)), zeroPoint: number(0...9))
    }
  }

  /// Whether every table and thread count gives the reference's bytes; the number of steps in strips.
  private func check(_ model: Model, seed: UInt64) throws -> Int {
    let images = model.inputs.indices.map { model.randomInput(batch: 3, seed: seed, input: $0) }
    let expected = try model.outputs(.reference, images, batch: 3)
    var count = 0
    for table in KernelTable.supported where !table.isReference {
      for (maxBatch, threads) in [(1, 1), (3, 1), (1, 2), (3, 2)] {
        let actual = try model.outputs(table, images, batch: 3, maxBatch: maxBatch, threads: threads)
        #expect(actual == expected, "\(table.name), \(maxBatch) images at a time, \(threads) threads, seed \(seed)")
      }
      let steps = try PreparedModel(model, kernels: table).steps
      count += steps.count { $0.kernel.contains(UInt8(ascii: "+")) }
    }
    return count
  }

  @Test func anyPoolConsumesStrips() throws {
    var count = 0
    for seed in 0..<40 as Range<UInt64> {
      var draw = Draw(seed: seed)
      let conv = try draw.convolution(draw.input(channels: [1, 3, 16, 33]), keepsExtents: false)
      let pool = draw.pool()
      guard (try? pool.plan(for: draw.network.model.values[conv].shape)) != nil else { continue }
      let quantization =
        draw.one(of: [true, false]) && pool.reduction == .average ? draw.quantization(like: conv) : nil
      let output = try draw.network.add(.pool2D(pool), [conv], quantization: quantization)
      count += try check(draw.network.build([output]), seed: seed)
    }
    #expect(count > 20)
  }

  @Test func eitherOperandOfAnAdditionComesInStrips() throws {
    var count = 0
    for seed in 0..<40 as Range<UInt64> {
      var draw = Draw(seed: seed)
      let input = draw.input(channels: [16, 18, 33])
      let channels = draw.network.model.values[input].shape.channels
      // The other operand: the graph's input, also read by the convolution, or made before, and read again or not.
      let first = try draw.convolution(input, filters: channels, keepsExtents: true)
      let other = draw.one(of: [input, first])
      let conv = try draw.convolution(draw.one(of: [input, first]), filters: channels, keepsExtents: true)
      let sum = try draw.network.add(
        .add(Add(activation: draw.one(of: [.none, .relu]))), draw.one(of: [[other, conv], [conv, other]]),
        quantization: draw.quantization(like: conv))
      let relu = draw.one(of: [true, false]) ? try draw.network.add(.activation(.relu), [sum]) : sum
      let isReadAgain = draw.one(of: [true, false])
      count += try check(draw.network.build(isReadAgain ? [relu, other == input ? first : other] : [relu]), seed: seed)
    }
    #expect(count > 30)
  }

  @Test func threadsShareStrips() throws {
    for (index, pool) in [
      Pool2D(.average, window: SlidingWindow(2, stride: 2)), Pool2D(.max, window: SlidingWindow(3, stride: 2)),
      Pool2D(.average, window: SlidingWindow(5, stride: 3, padding: .sameUpper), countsPadding: true), nil,
    ].enumerated() {
      var network = TestNetwork(seed: 3)
      let input = network.input(Shape(height: 61, width: 67, channels: 16), zeroPoint: 3)
      let window = SlidingWindow(3, padding: .sameUpper)
      let conv = try network.weighted(.conv2D(Conv2D(filters: 16, window: window)), input)
      let output = try network.add(pool.map { .pool2D($0) } ?? .add(Add()), pool == nil ? [input, conv] : [conv])
      let model = try network.build([output])
      let image = model.randomInput(batch: 1, seed: 8)
      let expected = try model.outputs(.reference, [image], batch: 1)
      for table in KernelTable.supported where !table.isReference {
        let prepared = try PreparedModel(model, kernels: table)
        #expect(prepared.sharedNanoseconds > 0 && prepared.steps.count == 1, "\(table.name), \(index)")
        for threads in [2, 3, 5] {
          #expect(try model.outputs(table, [image], batch: 1, threads: threads) == expected, "\(table.name), \(index)")
        }
      }
    }
  }

  private func steps(_ network: TestNetwork, _ outputs: [Int]) throws -> [[Int]] {
    try PreparedModel(network.build(outputs), kernels: .portable).steps.map(\.nodes)
  }

  @Test func whatElseReadsARowKeepsTheWholeOutput() throws {
    var network = TestNetwork(seed: 1)
    let input = network.input(Shape(height: 48, width: 48, channels: 16))
    let same = SlidingWindow(3, padding: .sameUpper)
    let early = try network.weighted(.conv2D(Conv2D(filters: 16, window: same)), input)
    let late = try network.weighted(.conv2D(Conv2D(filters: 16, window: same)), input)
    let sum = try network.add(.add(Add()), [early, late])
    let conv = try network.weighted(.conv2D(Conv2D(filters: 16, window: same)), sum)
    var twice = network
    let double = try twice.add(.add(Add()), [conv, conv])
    #expect(try steps(twice, [double]) == [[0], [1, 2], [3], [4]])
    let pool = try network.add(.pool2D(Pool2D(.average, window: SlidingWindow(2, stride: 2))), [conv])
    #expect(try steps(network, [pool]) == [[0], [1, 2], [3, 4]])
    #expect(try steps(network, [pool, conv]) == [[0], [1, 2], [3], [4]])
    #expect(try steps(network, [pool, late]) == [[0], [1], [2], [3, 4]])
    let other = try network.add(.pool2D(Pool2D(.average, window: SlidingWindow(3, stride: 3))), [conv])
    #expect(try steps(network, [pool, other]) == [[0], [1, 2], [3], [4], [5]])
  }

  @Test func theWholeOutputTakesNoMemory() throws {
    var residual = TestNetwork(seed: 2)
    let input = residual.input(Shape(height: 48, width: 48, channels: 16))
    let point = Conv2D(filters: 16, window: SlidingWindow(1))
    let inner = try residual.weighted(.conv2D(point), input)
    let sum = try residual.add(.add(Add()), [input, try residual.weighted(.conv2D(point), inner)])
    // The sum takes the input's place, and the convolution a strip.
    #expect(try PreparedModel(residual.build([sum]), kernels: .portable).arenaByteCount < (2 * 36 + 12) << 10)

    var pooled = TestNetwork(seed: 2)
    let image = pooled.input(Shape(height: 32, width: 32, channels: 4))
    let conv = try pooled.weighted(.conv2D(Conv2D(filters: 64, window: SlidingWindow(1))), image)
    let pool = try pooled.add(.pool2D(Pool2D(.average, window: SlidingWindow(2, stride: 2))), [conv])
    #expect(try PreparedModel(pooled.build([pool]), kernels: .portable).arenaByteCount < 48 << 10)
  }
}
