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
    FloatKernels.best.table.warp_row(
      bordered, height, width, channels, map, Float(y) - Float(height - 1) / 2, displacement, target)
  }

  /// The displacement of each of `width` pixels of a row.
  ///
  /// - Parameters:
  ///   - points: Those of the grid columns, with `SWL_FLOAT_LANES` floats after the last.
  ///   - weights: The four spline weights at each of `spacing` offsets within a cell.
  package static func elasticRow(
    _ points: UnsafePointer<SIMD2<Float>>, _ weights: UnsafePointer<SIMD4<Float>>, spacing: Int, width: Int,
    into displacement: UnsafeMutablePointer<SIMD2<Float>>
  ) {
    FloatKernels.best.table.elastic_row(
      UnsafeRawPointer(points).assumingMemoryBound(to: Float.self),
      UnsafeRawPointer(weights).assumingMemoryBound(to: Float.self), spacing, width,
      UnsafeMutableRawPointer(displacement).assumingMemoryBound(to: Float.self))
  }

  /// Points that `elasticRow` may read after the last one.
  package static var spareElasticPoints: Int { Int(SWL_FLOAT_LANES) / 2 }
}
