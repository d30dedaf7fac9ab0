import SwiftletModel

/// A 3x3 convolution cut into tiles of 2x2 or 4x4 outputs for the Winograd transforms F(2x2, 3x3) and F(4x4, 3x3) of
/// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015); Numerics.md shows why they are exact.
struct WinogradPlan {
  /// Outputs of a tile along each axis: 2 or 4.
  let size: Int
  let tileRows, tileColumns: Int
  /// Outputs are the largest accumulators of 2x2 pixels.
  let isPooled: Bool
  let groupInputs, groupOutputs: Int
  /// The sum of |weight| of the layer's heaviest filter.
  private let heaviest: Int

  /// Inputs of a tile along each axis.
  var span: Int { size + 2 }
  /// Products for each pair of channels of a tile.
  var points: Int { span * span }
  /// Output channels in one panel.
  static var panel: Int { 16 }

  /// The plan that takes least time, nil where none applies or the plain sum is faster.
  static func best(
    _ plan: WindowPlan, _ conv: Conv2D, pooledBy pool: WindowPlan?, weights: [Int8]
  ) -> WinogradPlan? {
    let window = plan.window
    // The kernels read 16 channels at a time.
    guard window.kernel == Size2D(3), window.stride == Size2D(1), window.dilation == Size2D(1),
      plan.input.channels / conv.groups >= 16, pool.map(isWholeTiles) ?? true
    else { return nil }
    let filterCount = weights.count / conv.filters
    let heaviest = (0..<conv.filters).reduce(0) { heaviest, filter in
      max(heaviest, weights[filter * filterCount..<(filter + 1) * filterCount].reduce(0) { $0 + Int($1.magnitude) })
    }
    let output = pool?.output ?? plan.output
    var best: WinogradPlan?
    for size in [2, 4] {
      let candidate = WinogradPlan(size: size, output, plan, conv, isPooled: pool != nil, heaviest: heaviest)
      if candidate.isExact, candidate.cost < best?.cost ?? candidate.directCost(output) { best = candidate }
    }
    return best
  }

  private init(size: Int, _ output: Shape, _ plan: WindowPlan, _ conv: Conv2D, isPooled: Bool, heaviest: Int) {
    self.size = size
    self.isPooled = isPooled
    self.heaviest = heaviest
    groupInputs = plan.input.channels / conv.groups
    groupOutputs = conv.filters / conv.groups
    let outputs = isPooled ? size / 2 : size
    tileRows = (output.height + outputs - 1) / outputs
    tileColumns = (output.width + outputs - 1) / outputs
  }

  /// Windows of 2x2, side by side, none cut by a border.
  private static func isWholeTiles(_ pool: WindowPlan) -> Bool {
    let window = pool.window
    return window.kernel == Size2D(2) && window.stride == Size2D(2) && window.dilation == Size2D(1)
      && pool.rows.padBefore == 0 && pool.columns.padBefore == 0 && 2 * pool.output.height <= pool.input.height
      && 2 * pool.output.width <= pool.input.width
  }

  /// 4 * acc, or 64 * acc after the division by nine, fits 32 bits.
  private var isExact: Bool { heaviest * 255 < (size == 2 ? 1 << 29 : 1 << 25) }

  // Costs in multiply-accumulates of one group. The constants beside the products are measured (Zen 4): the time of a
  // tile's transforms per input and per output channel. Where tiles or pixels are few, streaming the packed weights
  // takes longer than multiplying them: 16 bytes, of two each, in the time of 26 products.

  private var cost: Int {
    let products = groupInputs * groupOutputs
    let (input, output) = size == 2 ? (36, isPooled ? 81 : 116) : (148, isPooled ? 300 : 485)
    return max(
      tileRows * tileColumns * (points * products + input * groupInputs + output * groupOutputs),
      points * products * 52 / 16)
  }

  /// About what one image takes on one thread, all groups: some 26 multiply-accumulates a nanosecond.
  func nanoseconds(groups: Int) -> Int { groups * cost / 26 }

  private func directCost(_ output: Shape) -> Int {
    let pixels = output.height * output.width * (isPooled ? 4 : 1)
    return 9 * groupInputs * groupOutputs * max(pixels, 52 / 16)
  }

  /// Tiles transformed at a time: their products stay in the first-level cache, or near it, and their transformed
  /// inputs in the second-level one.
  var tileBlock: Int {
    let tiles = tileRows * tileColumns
    let most = max(6, min(size == 2 ? 30 : 18, (1 << 18) / (points * groupInputs)))
    let blocks = (tiles + most - 1) / most
    return (tiles + blocks - 1) / blocks
  }

  var pairs: Int { (groupInputs + 1) / 2 }
  var scratchByteCount: Int { points * tileBlock * (4 * WinogradPlan.panel + 4 * pairs) }
  var weightCount: Int { points * pairs * 2 * ((groupOutputs + 7) / 8 * 8) }

  /// The rows of G, each scaled to integers.
  private var factors: [[Int]] {
    size == 2
      ? [[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]]
      : [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 8]]
  }

  /// G g G^T of every filter of a group, laid out as int8_winograd_avx2.c says. `weights` are the group's, OHWI.
  func transform(_ weights: UnsafePointer<Int8>, into packed: UnsafeMutablePointer<Int16>) {
    let factors = factors.flatMap { $0 }
    var half = [Int](repeating: 0, count: 3 * span)
    factors.withUnsafeBufferPointer { factors in
      half.withUnsafeMutableBufferPointer { half in
        for filter in 0..<groupOutputs {
          let first = filter / WinogradPlan.panel * WinogradPlan.panel
          let width = groupOutputs - first > 8 ? WinogradPlan.panel : 8
          let panel = packed + first * points * pairs * 2 + (filter - first) * 2
          for input in 0..<groupInputs {
            let taps = weights + filter * 9 * groupInputs + input
            for column in 0..<3 {
              let above = Int(taps[column * groupInputs])
              let middle = Int(taps[(3 + column) * groupInputs])
              let below = Int(taps[(6 + column) * groupInputs])
              if above | middle | below == 0 {
                for row in 0..<span { half[3 * row + column] = 0 }
              } else {
                for row in 0..<span {
                  half[3 * row + column] =
                    factors[3 * row] &* above &+ factors[3 * row + 1] &* middle &+ factors[3 * row + 2] &* below
                }
              }
            }
            var target = panel + input / 2 * width * 2 + input & 1
            for row in 0..<span {
              let (a, b, c) = (half[3 * row], half[3 * row + 1], half[3 * row + 2])
              for column in 0..<span {
                let value =
                  a &* factors[3 * column] &+ b &* factors[3 * column + 1] &+ c &* factors[3 * column + 2]
                target.pointee = Int16(truncatingIfNeeded: value)
                target += pairs * width * 2
              }
            }
          }
        }
      }
    }
  }
}
