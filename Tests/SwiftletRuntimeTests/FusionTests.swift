import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// What becomes one step, and that fusing changes no byte.
@Suite struct FusionTests {
  private struct Chain {
    var network = TestNetwork(seed: 9)
    let input, conv: Int

    init(_ activation: Activation = .none) throws {
      input = network.input(Shape(height: 9, width: 9, channels: 5), zeroPoint: 7)
      conv = try network.weighted(
        .conv2D(Conv2D(filters: 20, window: SlidingWindow(3), activation: activation)), input)
    }

    /// Real numbers so many steps above the zero point of the convolution's output.
    func bound(steps: Double) -> Scale {
      TestNetwork.scale((network.model.values[conv].quantization?.scale.doubleValue ?? 0) * steps)
    }
  }

  private func expect(
    _ network: TestNetwork, _ outputs: [Int], steps: [[Int]], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let model = try network.build(outputs)
    let image = model.randomInput(batch: 2, seed: 2)
    let expected = try model.outputs(.reference, [image], batch: 2)
    for table in KernelTable.supported where !table.isReference {
      #expect(
        try PreparedModel(model, kernels: table).steps.map(\.nodes) == steps, sourceLocation: sourceLocation)
      #expect(
        try model.outputs(table, [image], batch: 2, maxBatch: 2) == expected, sourceLocation: sourceLocation)
    }
  }

  @Test func activationsOfOneQuantizationNarrowTheClamp() throws {
    for (first, second) in [(20.0, 60.0), (60, 20), (0.1, 3), (3, 0.1)] {
      var chain = try Chain()
      let a = try chain.network.add(.activation(.boundedReLU(chain.bound(steps: first))), [chain.conv])
      let b = try chain.network.add(.activation(.boundedReLU(chain.bound(steps: second))), [a])
      try expect(chain.network, [b], steps: [[0, 1, 2]])
    }
  }

  @Test func anActivationThatRequantizesIsItsOwnStep() throws {
    var chain = try Chain()
    let other = Quantization(scale: chain.bound(steps: 0.7), zeroPoint: 20)
    let relu = try chain.network.add(.activation(.relu), [chain.conv], quantization: other)
    try expect(chain.network, [relu], steps: [[0], [1]])
  }

  @Test func aValueTheGraphHandsOutIsKept() throws {
    var chain = try Chain()
    let relu = try chain.network.add(.activation(.relu), [chain.conv])
    let pool = try chain.network.add(.pool2D(Pool2D(.max, window: SlidingWindow(2, stride: 2))), [relu])
    try expect(chain.network, [pool], steps: [[0, 1, 2]])
    try expect(chain.network, [pool, chain.conv], steps: [[0], [1], [2]])
    try expect(chain.network, [relu, pool], steps: [[0, 1], [2]])
  }

  @Test func aValueReadTwiceIsKept() throws {
    var chain = try Chain()
    let pool = try chain.network.add(.pool2D(Pool2D(.max, window: SlidingWindow(2, stride: 2))), [chain.conv])
    let other = try chain.network.add(.pool2D(Pool2D(.max, window: SlidingWindow(7))), [chain.conv])
    try expect(chain.network, [pool, other], steps: [[0], [1], [2]])
  }

  @Test func averagePoolsAndOverlappingWindowsAreNotFused() throws {
    for pool in [
      Pool2D(.average, window: SlidingWindow(2, stride: 2)), Pool2D(.max, window: SlidingWindow(3, stride: 2)),
      Pool2D(.max, window: SlidingWindow(2, stride: 2, padding: .uniform(1))),
    ] {
      var chain = try Chain(.relu)
      let output = try chain.network.add(.pool2D(pool), [chain.conv])
      try expect(chain.network, [output], steps: [[0], [1]])
    }
  }

  @Test func aReshapeMakesNoStep() throws {
    var chain = try Chain()
    let flat = try chain.network.add(.reshape(.flatten), [chain.conv])
    let relu = try chain.network.add(.activation(.relu), [flat])
    try expect(chain.network, [relu, chain.conv], steps: [[0], [2]])
  }
}
