/// Reduces each window of an image to one value per channel.
///
/// Max pooling never sees its padding. Average pooling divides by the number of input cells under the window, or, with
/// `countsPadding`, by the cells on the input and its padding (overhang from rounding up never counts), or by
/// `divisorOverride`. PyTorch counts padding by default,
/// ONNX does not, TFLite never does.
public struct Pool2D: Hashable, Sendable {
  public enum Reduction: UInt8, CaseIterable, Sendable { case max = 0, average = 1 }
  public var reduction: Reduction
  public var window: SlidingWindow
  public var countsPadding: Bool
  public var divisorOverride: Int?

  public init(_ reduction: Reduction, window: SlidingWindow, countsPadding: Bool = false, divisorOverride: Int? = nil) {
    self.reduction = reduction
    self.window = window
    self.countsPadding = countsPadding
    self.divisorOverride = divisorOverride
  }

  /// Fits the window to `input`; every window must cover an input cell.
  public func plan(for input: Shape) throws(ShapeError) -> WindowPlan {
    if let divisorOverride {
      guard (1...Limits.elements).contains(divisorOverride) else {
        throw .badSetting(.divisor, value: Double(divisorOverride))
      }
    }
    let plan = try WindowPlan(window, input: input, channels: input.channels)
    guard plan.coversInputEverywhere else { throw .windowInPadding }
    return plan
  }

  /// Upper bounds, over all windows, of the input cells under one and of what its average divides by.
  package func bounds(on input: Shape) -> (cells: Int, divisor: Int) {
    let kernel = window.kernel
    let cells = min(kernel.height, input.height) * min(kernel.width, input.width)
    return (cells, divisorOverride ?? (countsPadding ? kernel.height * kernel.width : cells))
  }

  /// What an average over output (`oy`, `ox`) divides by.
  @inlinable public func divisor(_ plan: WindowPlan, _ oy: Int, _ ox: Int) -> Int {
    if let divisorOverride { return divisorOverride }
    if countsPadding { return plan.rows.countWithPadding(oy) * plan.columns.countWithPadding(ox) }
    return plan.rows.taps(oy).count * plan.columns.taps(ox).count
  }
}
