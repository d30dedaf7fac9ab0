import SwiftletModel

/// One axis of an output cut into tiles: as many long ones as it takes, the last half as long where that covers it.
struct WinogradAxis {
  let tiles: Int
  let endsShort: Bool
  /// Points of all tiles, and the inputs they read.
  let points, inputs: Int

  init(outputs: Int, size: Int) {
    tiles = (outputs + size - 1) / size
    // Only tiles of four have halves.
    endsShort = size == 4 && tiles * size - outputs >= 2
    points = tiles * (size + 2) - (endsShort ? 2 : 0)
    inputs = tiles * size + 2 - (endsShort ? 2 : 0)
  }
}

/// A 3x3 convolution cut into tiles of 2x2 or 4x4 outputs for the Winograd transforms F(2x2, 3x3) and F(4x4, 3x3) of
/// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015); Numerics.md shows why they are exact.
final class WinogradPlan {
  /// Outputs of a whole tile along each axis: 2 or 4.
  let size: Int
  let rows, columns: WinogradAxis
  /// Outputs are the largest accumulators of 2x2 pixels.
  let isPooled: Bool
  let groupInputs, groupOutputs: Int
  let kernels: WinogradKernels
  /// No accumulator without its start is larger, in either direction.
  private var largest = 0

  /// Inputs of a whole tile along each axis.
  var span: Int { size + 2 }
  /// Products for each pair of channels of a whole tile.
  var points: Int { span * span }

  /// The plan that takes least time, nil where none applies or the plain sum is faster. Transforming the weights counts
  /// where the plan serves only so many images.
  static func best(
    _ plan: WindowPlan, _ conv: Conv2D, pooledBy pool: WindowPlan?, weights: [Int8], _ kernels: WinogradKernels,
    transformsFor imageCount: Int? = nil
  ) -> WinogradPlan? {
    let window = plan.window
    // The kernels read 16 channels at a time. A single window is a dense layer, whose images share the weights.
    guard plan.output.height * plan.output.width > 1, window.kernel == Size2D(3), window.stride == Size2D(1),
      window.dilation == Size2D(1), plan.input.channels / conv.groups >= 16, pool.map(isWholeTiles) ?? true
    else { return nil }
    let output = pool?.output ?? plan.output
    var largest: Int?
    var best: WinogradPlan?
    for size in [2, 4] where size == 4 || kernels.has2x2 {
      let candidate = WinogradPlan(size: size, output, plan, conv, isPooled: pool != nil, kernels: kernels)
      let transform = imageCount.map { candidate.transformCost / Double($0) } ?? 0
      guard candidate.cost + transform < candidate.directCost(output), candidate.cost < best?.cost ?? .infinity else {
        continue
      }
      // Passes over all weights.
      largest = largest ?? largestSum(weights, filters: conv.filters)
      candidate.largest = largest ?? 0
      if candidate.isExact { best = candidate }
    }
    return best
  }

  private init(
    size: Int, _ output: Shape, _ plan: WindowPlan, _ conv: Conv2D, isPooled: Bool, kernels: WinogradKernels
  ) {
    self.size = size
    self.isPooled = isPooled
    self.kernels = kernels
    groupInputs = plan.input.channels / conv.groups
    groupOutputs = conv.filters / conv.groups
    rows = WinogradAxis(outputs: isPooled ? 2 * output.height : output.height, size: size)
    columns = WinogradAxis(outputs: isPooled ? 2 * output.width : output.width, size: size)
  }

  /// Windows of 2x2, side by side, none cut by a border.
  private static func isWholeTiles(_ pool: WindowPlan) -> Bool {
    let window = pool.window
    return window.kernel == Size2D(2) && window.stride == Size2D(2) && window.dilation == Size2D(1)
      && pool.rows.padBefore == 0 && pool.columns.padBefore == 0 && 2 * pool.output.height <= pool.input.height
      && 2 * pool.output.width <= pool.input.width
  }

  /// What inputs of 0...255 make of a filter at most: 255 for each positive weight, or for each negative one.
  private static func largestSum(_ weights: [Int8], filters: Int) -> Int {
    let filterCount = weights.count / filters
    var largest = 0
    for filter in 0..<filters {
      var positive = 0
      var negative = 0
      for weight in weights[filter * filterCount..<(filter + 1) * filterCount] {
        positive &+= max(Int(weight), 0)
        negative &-= min(Int(weight), 0)
      }
      largest = max(largest, positive, negative)
    }
    return largest * 255
  }

  /// 4 * acc, or 64 * acc after the division by nine, fits 32 bits.
  private var isExact: Bool { largest < (size == 2 ? 1 << 29 : 1 << 25) }

  /// 576 * acc fits as well, so the largest of them is found before the division.
  var keepsOrder: Bool { size == 4 && largest * 576 < 1 << 31 }

  /// Picoseconds of one image and group.
  private var cost: Double {
    let costs = kernels.costs
    let products = Double(groupInputs * paddedOutputs)
    let input = (size == 2 ? costs.input2x2 : costs.input4x4) * Double((groupInputs + 15) / 16 * 16)
    let output = size == 2 ? costs.output2x2 : costs.output4x4
    let tile = input + (isPooled ? output.pooled : output.plain) * Double(paddedOutputs)
    let all = rows.points * columns.points
    // Small images leave out some points.
    let read = Double(min(points, all))
    let panels = Double((groupOutputs + kernels.panel - 1) / kernels.panel)
    return max(Double(all) * costs.product * products + read * panels * costs.point, read * products * costs.weight)
      + Double(all) * tile / Double(points)
  }

  /// Picoseconds of transforming one group's weights.
  private var transformCost: Double { 6000 * Double(9 * groupInputs * groupOutputs) }

  /// Outputs of whole vectors.
  private var paddedOutputs: Int { (groupOutputs + kernels.lanes - 1) / kernels.lanes * kernels.lanes }

  /// About what one image takes on one thread, all groups.
  func nanoseconds(groups: Int) -> Int { Int(min(Double(groups) * cost / 1000, 1e15)) }

  private func directCost(_ output: Shape) -> Double {
    let outputs = output.height * output.width
    let together = kernels.costs.directPixels
    let pixels = ((isPooled ? 4 * outputs : outputs) + together - 1) / together * together
    return Double(pixels) * kernels.costs.directProduct * Double(9 * groupInputs * paddedOutputs)
      + Double(outputs) * kernels.costs.directOutput * Double(paddedOutputs)
  }

  /// Tiles transformed at a time: their products stay in the first-level cache, or near it, and their transformed
  /// inputs in the second-level one.
  func tileBlock(images: Int) -> Int {
    let tiles = rows.tiles * columns.tiles
    let most = max(6, min(size == 2 ? 30 : 12, (1 << 18) / (points * groupInputs)))
    if tiles * 2 <= most { return tiles * min(images, most / tiles) }
    let blocks = (tiles + most - 1) / most
    // Kernels keep six tiles in registers.
    let even = (tiles + blocks - 1) / blocks
    return blocks == 1 ? even : (even + 5) / 6 * 6
  }

  var pairs: Int { (groupInputs + 1) / 2 }
  func scratchByteCount(tileBlock: Int) -> Int {
    // As swl_winograd_args says: products, and inputs in an odd number of cache lines.
    points * (tileBlock * 4 * kernels.panel + ((tileBlock * 4 * pairs + 63) / 64 | 1) * 64)
  }
  var weightCount: Int { points * pairs * 2 * paddedOutputs }
}
