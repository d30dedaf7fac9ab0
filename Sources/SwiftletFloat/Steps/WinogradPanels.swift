import CSwiftletKernels
import SwiftletModel

/// The filters of a fused convolution and pool in the form of Winograd's F(2x2, 3x3) (Lavin and Gray 2016): one tile is
/// one pool window, and takes 16 products per channel and filter instead of 36.
final class WinogradPanels: @unchecked Sendable {
  private let panels: PackedPanels
  private let channels: Int
  private let transformed: [FloatBuffer]
  /// Per panel, whether its present weights may be transformed.
  private let isUsable: UnsafeMutablePointer<Bool>
  /// One worker's transformed windows.
  private let scratch: [FloatBuffer]
  /// Windows whose transform stays in the second-level cache; whole blocks of every kernel.
  private static let windows = 48

  /// Nil where the filters are not 3x3 with stride 1, or have too few channels for the transform to pay.
  init?(_ op: Conv2D, channels: Int, _ panels: PackedPanels, workers: Int) {
    guard op.window.kernel == Size2D(3), op.window.stride == Size2D(1), op.window.dilation == Size2D(1),
      op.groups == 1, channels >= 8, op.filters >= 8
    else { return nil }
    self.panels = panels
    self.channels = channels
    transformed = panels.panels.map { FloatBuffer(16 * channels * $0.width) }
    isUsable = .allocate(capacity: panels.panels.count)
    isUsable.initialize(repeating: false, count: panels.panels.count)
    scratch = (0..<workers).map { _ in FloatBuffer(16 * (Self.windows * channels + Int(SWL_FLOAT_LANES))) }
  }

  deinit { isUsable.deallocate() }

  /// Transforms a panel that was packed anew.
  ///
  /// The transform brings in quarters and larger sums than the plain one. With integers, of at most `integerLimit` as
  /// inputs, it is used only where every sum of quarters stays exact.
  func prepare(_ task: Int, integerLimit: Float?, _ table: swl_float_table) {
    let width = panels.panels[task].width
    table.winograd_filters(panels.address(panels.panels[task]), channels, width, transformed[task].pointer)
    guard let integerLimit else {
      isUsable[task] = true
      return
    }
    // A transformed input is the sum of four.
    let greatest = 4 * integerLimit * table.winograd_reach(transformed[task].pointer, channels, width)
    isUsable[task] = greatest < Float(1 << 22)
  }

  func isUsable(_ panel: Int) -> Bool { isUsable[panel] }

  /// Convolves and pools `count` windows with the panels that may be transformed.
  ///
  /// - Parameters:
  ///   - steps: From a window's first pixel to the next one in its row, and to the next row.
  ///   - bounds: What the activation clamps to.
  ///   - bias, out, winners: Those of the first filter.
  func convolve(
    _ windows: AddressList, count: Int, steps: (x: Int, y: Int), bounds: (low: Float, high: Float),
    bias: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, _ winners: UnsafeMutablePointer<UInt8>?,
    filters: Int, worker: Int, _ table: swl_float_table
  ) {
    guard panels.panels.indices.contains(where: { isUsable[$0] }) else { return }
    let inputs = scratch[worker].pointer
    for start in stride(from: 0, to: count, by: Self.windows) {
      let taken = min(Self.windows, count - start)
      table.winograd_input(windows + start, taken, steps.x, steps.y, channels, inputs)
      for (index, panel) in panels.panels.enumerated() where isUsable[index] {
        let at = start * filters + panel.first
        table.winograd_convpool(
          inputs, taken, channels, transformed[index].pointer, panel.width, bias + panel.first, bounds.low, bounds.high,
          out + at, winners.map { $0 + at }, filters, panel.columns)
      }
    }
  }
}
