import CSwiftletKernels
import SwiftletModel

/// A convolution resolved to addresses: patches are segments of contiguous floats in a padded image.
///
/// Without dilation or groups a segment is a filter row (kernel width * channels); otherwise it is one tap.
struct ConvolutionGeometry {
  let plan: WindowPlan
  let groups, filters: Int
  /// Channels of a group, and weights of one filter.
  let depth, patch: Int
  let filtersPerGroup: Int
  let paddedHeight, paddedWidth: Int
  let isPadded: Bool
  /// Offsets of the segments from a patch's origin, and the floats in each.
  let segments: [Int32]
  let run: Int
  /// Where consecutive segments are equally far apart, that distance.
  let segmentStride: Int?
  /// The origin of each output pixel's patch in the padded image.
  let origins: [Int]

  init(_ op: Conv2D, _ plan: WindowPlan) {
    self.plan = plan
    groups = op.groups
    filters = op.filters
    let channels = plan.input.channels
    let (rows, columns) = (plan.rows, plan.columns)
    depth = channels / groups
    filtersPerGroup = filters / groups
    patch = rows.kernel * columns.kernel * depth
    func extent(_ axis: AxisPlan) -> Int {
      max(axis.padBefore + axis.input, (axis.output - 1) * axis.stride + axis.dilation * (axis.kernel - 1) + 1)
    }
    paddedHeight = extent(rows)
    paddedWidth = extent(columns)
    isPadded = paddedHeight != plan.input.height || paddedWidth != plan.input.width
    let pitch = paddedWidth * channels
    if groups == 1, columns.dilation == 1 {
      segments = (0..<rows.kernel).map { Int32($0 * rows.dilation * pitch) }
      run = columns.kernel * depth
      segmentStride = rows.dilation * pitch
    } else {
      segments = (0..<rows.kernel).flatMap { ky in
        (0..<columns.kernel).map { kx in Int32(ky * rows.dilation * pitch + kx * columns.dilation * channels) }
      }
      run = depth
      segmentStride = nil
    }
    origins = (0..<rows.output).flatMap { oy in
      (0..<columns.output).map { ox in oy * rows.stride * pitch + ox * columns.stride * channels }
    }
  }

  var pixels: Int { origins.count }
  var paddedCount: Int { paddedHeight * paddedWidth * plan.input.channels }

  /// Copies an image into a zeroed padded one.
  func pad(_ image: UnsafePointer<Float>, into padded: UnsafeMutablePointer<Float>) {
    let row = plan.input.width * plan.input.channels
    forEachRow { y, at in padded.advanced(by: at).update(from: image + y * row, count: row) }
  }

  /// Adds the part of a padded image that lies on the image.
  func addUnpadded(
    _ padded: UnsafePointer<Float>, to image: UnsafeMutablePointer<Float>, _ table: swl_float_table
  ) {
    let row = plan.input.width * plan.input.channels
    forEachRow { y, at in table.add(padded + at, row, image + y * row) }
  }

  private func forEachRow(_ body: (_ y: Int, _ paddedOffset: Int) -> Void) {
    let channels = plan.input.channels
    for y in 0..<plan.input.height {
      body(y, ((y + plan.rows.padBefore) * paddedWidth + plan.columns.padBefore) * channels)
    }
  }
}

/// Weights packed for the microkernels: panels of up to 32 columns, each `[k][width]`, zero beyond the columns.
struct PackedPanels: @unchecked Sendable {
  struct FloatPanel {
    let offset, first, columns, width: Int
  }
  let panels: [FloatPanel]
  let rows: Int
  let storage: FloatBuffer

  init(rows: Int, columns: Int) {
    self.rows = rows
    var offset = 0
    panels = stride(from: 0, to: columns, by: 32).map { first in
      let count = min(32, columns - first)
      let width = count <= 16 ? 16 : 32
      defer { offset += rows * width }
      return FloatPanel(offset: offset, first: first, columns: count, width: width)
    }
    storage = FloatBuffer(offset)
  }

  func address(_ panel: FloatPanel) -> UnsafeMutablePointer<Float> { storage.pointer + panel.offset }

  /// Packs column c from row `first + c` of a row-major matrix: a transposition.
  func packTransposed(_ panel: FloatPanel, _ matrix: UnsafePointer<Float>, stride: Int, _ table: swl_float_table) {
    table.pack(matrix + panel.first * stride, panel.columns, rows, stride, panel.width, address(panel))
  }

  /// Packs columns `first...` of a row-major matrix.
  func packColumns(_ panel: FloatPanel, _ matrix: UnsafePointer<Float>, stride: Int) {
    let target = address(panel)
    for k in 0..<rows {
      target.advanced(by: k * panel.width).update(from: matrix + k * stride + panel.first, count: panel.columns)
    }
  }
}

/// A bias padded to whole panels, so that kernels may load full vectors.
func paddedBias(_ count: Int) -> FloatBuffer { FloatBuffer((count + 31) / 32 * 32) }

/// Lists of addresses for the indirect kernels.
typealias AddressList = UnsafeMutablePointer<UnsafePointer<Float>?>
typealias MutableAddressList = UnsafeMutablePointer<UnsafeMutablePointer<Float>?>
