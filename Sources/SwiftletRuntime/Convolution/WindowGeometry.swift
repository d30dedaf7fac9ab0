import SwiftletModel

/// A convolution's window over its padded input, as byte offsets.
final class WindowGeometry {
  let plan: WindowPlan
  /// Zero-point cells around the image that some window touches.
  let top, left, bottom, right: Int
  /// The extents of the padded image.
  let height, width: Int

  init(_ plan: WindowPlan) {
    self.plan = plan
    top = plan.rows.padBefore
    left = plan.columns.padBefore
    bottom = WindowGeometry.cellsAfter(plan.rows)
    right = WindowGeometry.cellsAfter(plan.columns)
    height = top + plan.input.height + bottom
    width = left + plan.input.width + right
  }

  private static func cellsAfter(_ axis: AxisPlan) -> Int {
    max(0, axis.position(axis.output - 1, axis.kernel - 1) + 1 - axis.input)
  }

  var isPadded: Bool { top + left + bottom + right > 0 }

  /// Bytes of the padded image, or nil where 32-bit offsets could not reach its end.
  var paddedByteCount: Int? {
    let (area, overflow) = height.multipliedReportingOverflow(by: width)
    let (count, overflow2) = area.multipliedReportingOverflow(by: plan.input.channels)
    return overflow || overflow2 || count > 1 << 30 ? nil : count
  }

  /// The byte offset of the first tap of output (`oy`, `ox`) in the padded image.
  func offset(_ oy: Int, _ ox: Int) -> Int {
    (oy * plan.rows.stride * width + ox * plan.columns.stride) * plan.input.channels
  }

  /// The steps of one group's window: taps that lie side by side in memory and in the filter make one run, cut into
  /// steps of `inputs`. `rows` of the kernel, or all.
  func steps(groups: Int, of inputs: Int, rows: Range<Int>? = nil) -> [WindowStep] {
    let channels = plan.input.channels
    let groupChannels = channels / groups
    let kernel = plan.window.kernel
    var runs: [WindowStep] = []
    for ky in rows ?? 0..<kernel.height {
      for kx in 0..<kernel.width {
        let offset = (ky * plan.rows.dilation * width + kx * plan.columns.dilation) * channels
        let first = (ky * kernel.width + kx) * groupChannels
        if let last = runs.last, last.offset + last.count == offset {
          runs[runs.count - 1].count += groupChannels
        } else {
          runs.append(WindowStep(offset: offset, first: first, count: groupChannels))
        }
      }
    }
    return WindowGeometry.cut(runs, into: inputs)
  }

  /// Bytes from a tap to the one below it.
  var rowStep: Int { plan.rows.dilation * width * plan.input.channels }

  /// The steps of a window over the `InterleavedImage` of an image of so many bytes: whole groups of four rows column by column,
  /// the rows left as `steps` has them. Fewer than those where the last step of a row is partly empty.
  func interleavedSteps(byteCount: Int) -> [WindowStep] {
    let channels = plan.input.channels
    let kernel = plan.window.kernel
    let groupedRows = kernel.height / 4 * 4
    var steps: [WindowStep] = []
    for ky in stride(from: 0, to: groupedRows, by: 4) {
      for tap in 0..<kernel.width * channels {
        let column = tap / channels * plan.columns.dilation * channels + tap % channels
        steps.append(
          WindowStep(
            offset: 4 * (byteCount + ky * rowStep + column), first: ky * kernel.width * channels + tap, count: 4,
            distance: kernel.width * channels))
      }
    }
    for step in self.steps(groups: 1, of: 4, rows: groupedRows..<kernel.height) {
      steps.append(WindowStep(offset: 4 * step.offset, first: step.first, count: step.count))
    }
    return steps
  }

  /// Steps that lie side by side in memory and in the filter as runs.
  static func joined(_ steps: [WindowStep]) -> [WindowStep] {
    var runs: [WindowStep] = []
    for step in steps {
      if let last = runs.last, last.offset + last.count == step.offset, last.first + last.count == step.first {
        runs[runs.count - 1].count += step.count
      } else {
        runs.append(step)
      }
    }
    return runs
  }

  /// Runs cut into steps of `inputs`.
  static func cut(_ runs: [WindowStep], into inputs: Int) -> [WindowStep] {
    var steps: [WindowStep] = []
    for run in runs {
      for start in stride(from: 0, to: run.count, by: inputs) {
        steps.append(
          WindowStep(offset: run.offset + start, first: run.first + start, count: min(inputs, run.count - start)))
      }
    }
    return steps
  }

  /// The offsets of the pixels whose largest accumulator each output takes, and their number per output.
  ///
  /// Without a pool an output is its own pixel. Windows of `pool` that a border cuts repeat their last pixel.
  func pixels(pooledBy pool: WindowPlan?) -> (offsets: [Int32], perWindow: Int) {
    guard let pool else {
      var offsets: [Int32] = []
      offsets.reserveCapacity(plan.output.height * plan.output.width)
      for oy in 0..<plan.output.height {
        for ox in 0..<plan.output.width { offsets.append(Int32(offset(oy, ox))) }
      }
      return (offsets, 1)
    }
    let perWindow = WindowGeometry.pixelsPerWindow(pool)
    var offsets: [Int32] = []
    offsets.reserveCapacity(pool.output.height * pool.output.width * perWindow)
    for py in 0..<pool.output.height {
      for px in 0..<pool.output.width {
        let start = offsets.count
        for ky in pool.rows.taps(py) {
          for kx in pool.columns.taps(px) {
            offsets.append(Int32(offset(pool.rows.position(py, ky), pool.columns.position(px, kx))))
          }
        }
        while offsets.count < start + perWindow { offsets.append(offsets[offsets.count - 1]) }
      }
    }
    return (offsets, perWindow)
  }

  /// The most cells any window of `pool` covers.
  static func pixelsPerWindow(_ pool: WindowPlan) -> Int {
    let rows = (0..<pool.output.height).reduce(0) { max($0, pool.rows.taps($1).count) }
    let columns = (0..<pool.output.width).reduce(0) { max($0, pool.columns.taps($1).count) }
    return rows * columns
  }
}

extension WindowPlan {
  /// The same window over an image in which every channel stands `count` times.
  func repeatingChannels(_ count: Int) throws(ShapeError) -> WindowPlan {
    let wide = Shape(height: input.height, width: input.width, channels: input.channels * count)
    return try WindowPlan(window, input: wide, channels: output.channels)
  }
}
