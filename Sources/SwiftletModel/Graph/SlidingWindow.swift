/// How the border of an image is extended before a window slides over it.
public enum Padding: Hashable, Sendable {
  /// No padding: only windows that lie wholly inside the image.
  case valid
  /// Output extent ceil(input / stride); an odd padding cell goes to the bottom and right (TFLite, ONNX SAME_UPPER).
  case sameUpper
  /// Output extent ceil(input / stride); an odd padding cell goes to the top and left (ONNX SAME_LOWER).
  case sameLower
  /// The stated number of cells on each side.
  case explicit(top: Int, left: Int, bottom: Int, right: Int)

  /// The same number of cells on all four sides.
  public static func uniform(_ cells: Int) -> Padding {
    .explicit(top: cells, left: cells, bottom: cells, right: cells)
  }
}

/// The geometry shared by every operator that slides a window over an image.
public struct SlidingWindow: Hashable, Sendable {
  public var kernel, stride, dilation: Size2D
  public var padding: Padding
  /// Rounds the output extent up instead of down where the stride leaves a rest (`ceil_mode`).
  ///
  /// A window that would start in the right or bottom padding is dropped, as in PyTorch. SAME padding ignores it.
  public var roundsUp: Bool

  public init(
    kernel: Size2D, stride: Size2D = Size2D(1), dilation: Size2D = Size2D(1), padding: Padding = .valid,
    roundsUp: Bool = false
  ) {
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
    self.roundsUp = roundsUp
  }
}

/// One axis of a window fitted to an input extent.
public struct AxisPlan: Hashable, Sendable {
  public let input, output, kernel, stride, dilation, padBefore, padAfter: Int

  /// The input index under tap `tap` of output `o`; outside 0..<input it lies in the padding.
  @inlinable public func position(_ o: Int, _ tap: Int) -> Int { o * stride - padBefore + tap * dilation }

  /// The taps of output `o` that fall on the input. Empty where the whole window lies in the padding.
  @inlinable public func taps(_ o: Int) -> Range<Int> {
    let start = o * stride - padBefore
    let first = start >= 0 ? 0 : (-start + dilation - 1) / dilation
    let end = start >= input ? 0 : min(kernel, (input - 1 - start) / dilation + 1)
    return first < end ? first..<end : 0..<0
  }

  /// Whether every output has a tap on the input, told without looking at each: a small file may ask for many.
  public var coversInputEverywhere: Bool {
    // Of the windows that start before the input the first needs the most taps to reach it; of those that start on or
    // behind its first cell the last lies furthest out.
    guard let first = taps(0).first, !taps(output - 1).isEmpty else { return false }
    // What is left are windows that step over the whole input; where they do recurs with the dilation.
    guard dilation > input else { return true }
    var reached = position(0, first)
    for _ in 0..<min(dilation, output, (padBefore + stride - 1) / stride) {
      if reached >= input { return false }
      reached += stride % dilation
      if reached >= dilation { reached -= dilation }
    }
    return true
  }

  /// Whether no output has a tap off the input.
  var isInsideInput: Bool { position(0, 0) >= 0 && position(output - 1, kernel - 1) < input }

  /// The number of taps of output `o` that fall on the input or its padding; overhang from rounding up is left out.
  @inlinable public func countWithPadding(_ o: Int) -> Int {
    let start = o * stride - padBefore
    let room = input + padAfter - 1 - start
    return room < 0 ? 0 : min(kernel, room / dilation + 1)
  }
}

/// A window fitted to one input shape. Building it is the only step that can fail.
public struct WindowPlan: Hashable, Sendable {
  public let window: SlidingWindow
  public let input, output: Shape
  public let rows, columns: AxisPlan

  /// Fits `window` to `input`; the output has `channels` channels.
  ///
  /// - Throws: `ShapeError` where an extent, stride or dilation is below 1, a padding is negative or above
  ///   `Limits.extent`, or the window is larger than the padded input.
  public init(_ window: SlidingWindow, input: Shape, channels: Int) throws(ShapeError) {
    guard input.checkedCount != nil else { throw .badShape(input) }
    let pad: (top: Int, left: Int, bottom: Int, right: Int)? =
      if case .explicit(let top, let left, let bottom, let right) = window.padding { (top, left, bottom, right) } else {
        nil
      }
    rows = try AxisPlan(
      window, extent: input.height, kernel: window.kernel.height, stride: window.stride.height,
      dilation: window.dilation.height, explicit: pad.map { ($0.top, $0.bottom) })
    columns = try AxisPlan(
      window, extent: input.width, kernel: window.kernel.width, stride: window.stride.width,
      dilation: window.dilation.width, explicit: pad.map { ($0.left, $0.right) })
    self.window = window
    self.input = input
    output = Shape(height: rows.output, width: columns.output, channels: channels)
    guard output.checkedCount != nil else { throw .badShape(output) }
  }

  /// Whether no window touches padding.
  public var isInsideInput: Bool { rows.isInsideInput && columns.isInsideInput }

  /// Whether every window covers at least one input cell, as pooling demands.
  public var coversInputEverywhere: Bool { rows.coversInputEverywhere && columns.coversInputEverywhere }
}

extension AxisPlan {
  fileprivate init(
    _ window: SlidingWindow, extent: Int, kernel: Int, stride: Int, dilation: Int, explicit: (before: Int, after: Int)?
  ) throws(ShapeError) {
    guard kernel >= 1, stride >= 1, dilation >= 1, kernel <= Limits.extent, stride <= Limits.extent,
      dilation <= Limits.extent
    else { throw .badWindow(window) }
    let reach = dilation * (kernel - 1) + 1
    var before = 0
    var after = 0
    let output: Int
    switch window.padding {
    case .sameUpper, .sameLower:
      output = (extent + stride - 1) / stride
      let total = max((output - 1) * stride + reach - extent, 0)
      before = window.padding == .sameUpper ? total / 2 : total - total / 2
      after = total - before
    case .valid, .explicit:
      before = explicit?.before ?? 0
      after = explicit?.after ?? 0
      guard before >= 0, after >= 0, before <= Limits.extent, after <= Limits.extent else { throw .badWindow(window) }
      let room = extent + before + after - reach
      guard room >= 0 else { throw .windowLargerThanInput(kernel: reach, input: extent + before + after) }
      var count = (window.roundsUp ? room + stride - 1 : room) / stride + 1
      if window.roundsUp, (count - 1) * stride >= extent + before { count -= 1 }
      output = count
    }
    self.init(
      input: extent, output: output, kernel: kernel, stride: stride, dilation: dilation, padBefore: before,
      padAfter: after)
  }
}
