import SwiftletModel

/// A way to compute a layer, which it fits on the builder's kernels.
struct ConvolutionWay {
  /// What it takes, the plain sum of products taking 1.
  let cost: Double
  let build: () throws(PrepareError) -> (step: Step, kernel: KernelName)

  init(cost: Double, build: @escaping () throws(PrepareError) -> (step: Step, kernel: KernelName)) {
    self.cost = cost
    self.build = build
  }

  /// All ways, each nil for a layer that it does not fit; of those that take equally long the first is chosen.
  private static var all: [(ConvolutionLayer) -> ConvolutionWay?] {
    [depthwise, blockSparse, winograd, interleavedRows, batchedDense, plainSum]
  }

  /// The way that takes least time.
  static func best(_ layer: ConvolutionLayer) -> ConvolutionWay {
    var best: ConvolutionWay?
    for way in all {
      // Nothing takes less than nothing, and some ways look at all weights to know their cost.
      if best?.cost == 0 { break }
      guard let candidate = way(layer), candidate.cost < best?.cost ?? .infinity else { continue }
      best = candidate
    }
    guard let best else { preconditionFailure("the plain sum fits every layer") }
    return best
  }
}

extension ProgramBuilder {
  func convolutionStep(
    _ group: FusedNodes, _ conv: Conv2D
  ) throws(PrepareError) -> (step: Step, kernel: KernelName) {
    let input = model.values[model.nodes[group.nodes[0]].inputs[0]].shape
    return try ConvolutionWay.best(ConvolutionLayer(self, group, conv, input: input)).build()
  }

  /// A dense layer is a convolution whose window is the whole input.
  func denseStep(_ group: FusedNodes) throws(PrepareError) -> (step: Step, kernel: KernelName) {
    let node = model.nodes[group.nodes[0]]
    let conv = Conv2D(
      filters: output(of: node).shape.channels,
      window: SlidingWindow(kernel: Size2D(1), stride: Size2D(1), padding: .valid))
    let input = Shape(height: 1, width: 1, channels: model.values[node.inputs[0]].shape.count)
    return try ConvolutionWay.best(ConvolutionLayer(self, group, conv, input: input)).build()
  }
}
