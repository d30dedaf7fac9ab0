import SwiftletModel

/// A 3x3 convolution cut into tiles of 2x2 outputs for the Winograd transform F(2x2, 3x3) of Lavin and Gray, "Fast
/// Algorithms for Convolutional Neural Networks" (2015); Numerics.md shows why it is exact.
struct WinogradPlan {
  let tileRows, tileColumns: Int
  /// The pool's windows are the tiles.
  let isPooled: Bool
  /// Tiles transformed at a time.
  let tileBlock: Int
  let groupInputs, groupOutputs: Int

  /// Rows or columns of a tile's input.
  static var span: Int { 4 }
  /// Products for each pair of channels of a tile.
  static var points: Int { span * span }
  /// Output channels in one panel.
  static var panel: Int { 16 }

  /// Nil where the transform does not apply or takes longer than the plain sum.
  init?(_ plan: WindowPlan, _ conv: Conv2D, pooledBy pool: WindowPlan?) {
    let window = plan.window
    guard window.kernel == Size2D(3), window.stride == Size2D(1), window.dilation == Size2D(1) else { return nil }
    groupInputs = plan.input.channels / conv.groups
    groupOutputs = conv.filters / conv.groups
    // The kernel reads 16 channels at a time.
    guard groupInputs >= 16 else { return nil }
    let pixels: Int
    if let pool {
      guard WinogradPlan.isWholeTiles(pool) else { return nil }
      (tileRows, tileColumns) = (pool.output.height, pool.output.width)
      pixels = 4 * tileRows * tileColumns
    } else {
      (tileRows, tileColumns) = ((plan.output.height + 1) / 2, (plan.output.width + 1) / 2)
      pixels = plan.output.height * plan.output.width
    }
    isPooled = pool != nil
    let tiles = tileRows * tileColumns
    // A block's products stay in the first-level cache, its transformed inputs in the second-level one.
    let most = max(6, min(30, 8192 / groupInputs))
    let blocks = (tiles + most - 1) / most
    tileBlock = (tiles + blocks - 1) / blocks
    guard cost(tiles: tiles) < directCost(pixels: pixels) else { return nil }
  }

  /// Windows of 2x2, side by side, none cut by a border.
  private static func isWholeTiles(_ pool: WindowPlan) -> Bool {
    let window = pool.window
    return window.kernel == Size2D(2) && window.stride == Size2D(2) && window.dilation == Size2D(1)
      && pool.rows.padBefore == 0 && pool.columns.padBefore == 0 && 2 * pool.output.height <= pool.input.height
      && 2 * pool.output.width <= pool.input.width
  }

  // Costs in multiply-accumulates of one group. The constants beside the products are measured (Zen 4): a tile's
  // transforms take as long as 36 per input channel and 81 per output channel; packed weights, of 32 or 18 bytes a
  // pair of channels, stream at 16 bytes in the time of 26.

  private func cost(tiles: Int) -> Int {
    let products = groupInputs * groupOutputs
    return tiles * (WinogradPlan.points * products + 36 * groupInputs + 81 * groupOutputs) + 52 * products
  }

  private func directCost(pixels: Int) -> Int {
    let products = groupInputs * groupOutputs
    return pixels * 9 * products + 29 * products
  }

  var pairs: Int { (groupInputs + 1) / 2 }
  var scratchByteCount: Int { WinogradPlan.points * tileBlock * (4 * WinogradPlan.panel + 4 * pairs) }
  var weightCount: Int { WinogradPlan.points * pairs * 2 * ((groupOutputs + 7) / 8 * 8) }

  /// 2G g (2G)^T of every filter of a group, laid out as int8_winograd_avx2.c says.
  ///
  /// `weights` are the group's, OHWI. An entry is at most 9 * 127.
  func transform(_ weights: UnsafePointer<Int8>, into packed: UnsafeMutablePointer<Int16>) {
    for filter in 0..<groupOutputs {
      let first = filter / WinogradPlan.panel * WinogradPlan.panel
      let width = groupOutputs - first > 8 ? WinogradPlan.panel : 8
      let panel = packed + first * WinogradPlan.points * pairs * 2
      for input in 0..<groupInputs {
        var rows = InlineArray<12, Int>(repeating: 0)
        for column in 0..<3 {
          let tap = weights + (filter * 9 + column) * groupInputs + input
          let (g0, g1, g2) = (Int(tap[0]), Int(tap[3 * groupInputs]), Int(tap[6 * groupInputs]))
          rows[column] = 2 * g0
          rows[3 + column] = g0 + g1 + g2
          rows[6 + column] = g0 - g1 + g2
          rows[9 + column] = 2 * g2
        }
        for row in 0..<4 {
          let (g0, g1, g2) = (rows[3 * row], rows[3 * row + 1], rows[3 * row + 2])
          let points = (2 * g0, g0 + g1 + g2, g0 - g1 + g2, 2 * g2)
          let start = ((4 * row * pairs + input / 2) * width + filter - first) * 2 + input & 1
          panel[start] = Int16(points.0)
          panel[start + 2 * pairs * width] = Int16(points.1)
          panel[start + 4 * pairs * width] = Int16(points.2)
          panel[start + 6 * pairs * width] = Int16(points.3)
        }
      }
    }
  }
}
