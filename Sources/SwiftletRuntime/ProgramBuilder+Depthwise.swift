import CSwiftletKernels
import SwiftletModel

extension ProgramBuilder {
  /// The one panel of a depthwise convolution, with the distance between its taps' weights.
  func depthwisePanel(
    _ index: Int, _ geometry: WindowGeometry, _ tables: LayerTables
  ) throws(PrepareError) -> (panel: Panel, microkernel: Microkernel) {
    let folded: FoldedChannels
    do { folded = try model.foldedChannels(ofNode: index) } catch { throw PrepareError(error) }
    let channels = tables.outputChannels
    var arguments = self.arguments(tables)
    arguments.channels = channels
    let weights = model.nodes[index].parameters[0].int8s ?? []
    switch table.depthwise.layout.packing {
    case .taps:
      let taps = weights.count / channels
      var turned = [Int16](repeating: 0, count: weights.count)
      for channel in 0..<channels {
        for tap in 0..<taps { turned[tap * channels + channel] = Int16(weights[channel * taps + tap]) }
      }
      let offsets = tapOffsets(geometry)
      arguments.steps = try memory.store(offsets)
      arguments.step_count = offsets.count
      arguments.weights = UnsafeRawPointer(try memory.store(turned))
      arguments.requantization = try requantization(folded.bias, folded.multipliers, width: channels, tables.stage)
    case .quads:
      let quads = DepthwiseQuads(geometry.plan.window.kernel)
      let blocks = DepthwiseQuads.blocks(channels: channels)
      let offsets = tapOffsets(geometry)
      let steps = quads.taps.map { offsets[$0.tap] }
      arguments.steps = try memory.store(steps)
      arguments.step_count = steps.count
      arguments.weights = UnsafeRawPointer(try memory.store(quads.packed(weights, channels: channels, blocks)))
      arguments.requantization = try requantization(
        blocks.map { folded.bias[$0] }, blocks.map { folded.multipliers[$0] }, width: blocks.count, tables.stage)
    case .none, .bytes, .pairs, .rows, .widened, .runs, .nibbles, .transformed:
      preconditionFailure("no depthwise kernel packs its weights so")
    }
    return (
      Panel(arguments: arguments, kernel: table.conv.run, stepWeightCount: channels),
      .depthwise(weightStride: channels)
    )
  }

  /// The byte offset of each tap from the first, row by row.
  private func tapOffsets(_ geometry: WindowGeometry) -> [Int32] {
    let kernel = geometry.plan.window.kernel
    var offsets: [Int32] = []
    for ky in 0..<kernel.height {
      for kx in 0..<kernel.width {
        let cell = ky * geometry.plan.rows.dilation * geometry.width + kx * geometry.plan.columns.dilation
        offsets.append(Int32(cell * geometry.plan.input.channels))
      }
    }
    return offsets
  }
}

/// The taps of a window by fours.
struct DepthwiseQuads {
  /// Taps, numbered row by row, a multiple of four of them; those that fill up a quad add nothing.
  private(set) var taps: [(tap: Int, isFiller: Bool)] = []

  init(_ kernel: Size2D) {
    func append(_ quad: [Int]) {
      for i in 0..<4 { taps.append((quad[min(i, quad.count - 1)], i >= quad.count)) }
    }
    if kernel.width == 3, 2...3 ~= kernel.height {
      // A quad for each column: windows side by side share them.
      for kx in 0..<3 { append((0..<kernel.height).map { $0 * 3 + kx }) }
    } else {
      let count = kernel.height * kernel.width
      for first in stride(from: 0, to: count, by: 4) { append(Array(first..<min(first + 4, count))) }
    }
  }

  /// The channel of each element of the blocks of 64: neighbouring channels, the last block overlapping the one before
  /// it, or whole pixels of a layer that has fewer.
  static func blocks(channels: Int) -> [Int] {
    var result: [Int] = []
    for first in stride(from: 0, to: channels, by: 64) {
      let start = channels < 64 ? 0 : min(first, channels - 64)
      for vector in 0..<4 {
        for element in 0..<16 { result.append((start + element / 4 * 16 + vector * 4 + element % 4) % channels) }
      }
    }
    return result
  }

  /// The weights, [channel][tap] as they come, in the order of the kernel.
  func packed(_ weights: [Int8], channels: Int, _ blocks: [Int]) -> [Int8] {
    let tapCount = weights.count / channels
    var result: [Int8] = []
    result.reserveCapacity(blocks.count * taps.count)
    for block in stride(from: 0, to: blocks.count, by: 64) {
      for quad in stride(from: 0, to: taps.count, by: 4) {
        for channel in blocks[block..<block + 64] {
          for (tap, isFiller) in taps[quad..<quad + 4] {
            result.append(isFiller ? 0 : weights[channel * tapCount + tap])
          }
        }
      }
    }
    return result
  }
}
