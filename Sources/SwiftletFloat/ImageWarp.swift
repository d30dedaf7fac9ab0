import CSwiftletKernels

/// Distortion of images by an affine map and a field of displacements.
package enum ImageWarp {
  /// Writes row `y` of the distorted image.
  ///
  /// - Parameters:
  ///   - bordered: The image as floats, with a border of one pixel of zeros.
  ///   - map: Where a pixel (x, y) counted from the centre reads: (a x + b y + c, d x + e y + f).
  ///   - displacement: x and y added for each pixel of the row.
  package static func row(
    _ y: Int, of bordered: UnsafePointer<Float>, _ height: Int, _ width: Int, _ channels: Int,
    _ map: UnsafePointer<Float>, _ displacement: UnsafePointer<Float>, into target: UnsafeMutablePointer<UInt8>
  ) {
    swl_warp_row_u8(
      bordered, height, width, channels, map, Float(y) - Float(height - 1) / 2, displacement, target)
  }
}
