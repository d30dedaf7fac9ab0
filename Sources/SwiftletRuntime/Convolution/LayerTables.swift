import CSwiftletKernels
import SwiftletModel
import SwiftletReference

/// What every panel of one layer shares.
struct LayerTables {
  var layout: PanelLayout
  var pixels: UnsafePointer<Int32>
  var windowCount, windowPixels: Int
  var outputChannels: Int
  var stage: OutputStage
}

extension ProgramBuilder {
  /// The first byte of each image of the largest chunk.
  func imageOffsets(_ byteCount: Int) -> [Int32] {
    // No chunk is larger: an image's arena takes at least its bytes. Past 2^31 bytes the arena is refused.
    let most = min(maxBatch, max(PreparedModel.preferredArena / byteCount, PreparedModel.smallestChunk))
    return (0..<most).map { Int32(truncatingIfNeeded: $0 * byteCount) }
  }

  /// The clamp of the group's first node and of the activations folded into it.
  func outputStage(_ group: FusedNodes) -> OutputStage {
    let first = model.nodes[group.nodes[0]]
    var stage = OutputStage(first.op.fusedActivation, output(of: first))
    for index in group.activations {
      let node = model.nodes[index]
      stage = stage.clamped(to: OutputStage(node.op.fusedActivation, output(of: node)))
    }
    return stage
  }

  func packer(_ index: Int, _ steps: [WindowStep], _ outputChannels: Int, _ layout: PanelLayout) -> WeightPacker {
    let weights = model.nodes[index].parameters[0]
    return WeightPacker(
      layout: layout, weights: weights.int8s ?? [], filterCount: weights.count / outputChannels, steps: steps)
  }

  func arguments(_ tables: LayerTables) -> swl_conv_args {
    var arguments = swl_conv_args()
    arguments.pixels = tables.pixels
    arguments.window_count = tables.windowCount
    arguments.window_pixels = tables.windowPixels
    arguments.y_stride = tables.outputChannels * tables.stage.elementByteCount
    arguments.stores_s32 = tables.stage.storesInt32
    return arguments
  }

  func requantization(
    _ bias: [Int32], _ multipliers: [FixedPointMultiplier], width: Int, _ stage: OutputStage
  ) throws(PrepareError) -> swl_requantization {
    // Lanes past the channels get a harmless multiplier: nobody stores them.
    let rest = width - multipliers.count
    let zeros = [Int32](repeating: 0, count: rest)
    return swl_requantization(
      bias: try memory.store(bias + zeros),
      mantissa: try memory.store(multipliers.map { $0.mantissa } + zeros),
      shift: try memory.store(multipliers.map { $0.shift } + zeros.map { _ in 33 }),
      zero_point: stage.zeroPoint, lo: stage.lo, hi: stage.hi,
      high_half: multipliers.allSatisfy { $0.shift >= 33 })
  }
}
