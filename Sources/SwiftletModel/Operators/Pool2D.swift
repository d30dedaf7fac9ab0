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

extension Pool2D.Reduction {
  /// The field's name, the tag in files (Format.md), and whether the output depends on how many cells a window has.
  private var entry: (name: StaticString, tag: UInt8, hasDivisor: Bool) {
    switch self {
    case .max: ("max_pool2d", 3, false)
    case .average: ("average_pool2d", 4, true)
    }
  }

  public var name: StaticString { entry.name }
  public var tag: UInt8 { entry.tag }
  public var quantizationRule: QuantizationRule {
    switch self {
    case .max: .inheritsInput
    case .average: .ownRangeOrInput
    }
  }

  /// Whether `countsPadding` and `divisorOverride` mean something.
  public var hasDivisor: Bool { entry.hasDivisor }
}

extension Pool2D {
  public var traits: OperatorTraits {
    switch reduction {
    case .max:
      OperatorTraits(
        channels: .passes, affine: .passesPositiveGainsInChannels, commutesWithMonotone: true)
    case .average:
      OperatorTraits(channels: .passes, affine: isPlainMean ? .passesInChannels : .blocks)
    }
  }

  /// Whether an affine map of a channel passes through: mean(a * x + b) = a * mean(x) + b.
  private var isPlainMean: Bool { reduction == .average && !countsPadding && divisorOverride == nil }

  /// Whether the multiplier of every divisor exists, and no sum of a window passes an accumulator.
  func hasMultipliers(on input: Shape, from: Quantization, to: Quantization) -> Bool {
    guard reduction.hasDivisor else { return true }
    // The largest divisor gives the smallest multiplier.
    let (cells, divisor) = bounds(on: input)
    return cells <= 1 << 22
      && FixedPointMultiplier(input: from.scale, output: to.scale, count: max(cells, divisor)) != nil
  }
}
