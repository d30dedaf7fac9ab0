import SwiftletFloat
import SwiftletModel

/// A smooth random displacement of every pixel: a coarse grid interpolated by uniform cubic B-splines.
struct ElasticField {
  private let columns: Int
  private let spacing: Int
  /// x and y displacements of the grid points, row by row, with one row and column of points beyond each border.
  private var points: [SIMD2<Float>]
  /// The four spline weights at each offset within a cell.
  private let weights: [SIMD4<Float>]

  init(_ height: Int, _ width: Int, spacing: Int, amplitude: Float, _ generator: inout SplitMix64) {
    self.spacing = spacing
    columns = (width - 1) / spacing + 4
    let rows = (height - 1) / spacing + 4
    points = (0..<rows * columns).map { _ in
      let bits = generator.next()
      let unit = SIMD2(Float(bits >> 40), Float(bits & 0xFF_FFFF)) * 0x1p-23 - 1
      return unit * amplitude
    }
    weights = spacing == Self.usual.count ? Self.usual : Self.weights(spacing)
  }

  private static let usual = weights(7)

  private static func weights(_ spacing: Int) -> [SIMD4<Float>] {
    (0..<spacing).map { offset in
      let t = Float(offset) / Float(spacing)
      let (t2, t3) = (t * t, t * t * t)
      return SIMD4(1 - 3 * t + 3 * t2 - t3, 4 - 6 * t2 + 3 * t3, 1 + 3 * t + 3 * t2 - 3 * t3, t3) / 6
    }
  }

  var emptyRow: [SIMD2<Float>] { Array(repeating: .zero, count: columns + ImageWarp.spareElasticPoints) }

  /// The displacements of the grid columns at image row `y`.
  func blendRows(at y: Int, into row: inout [SIMD2<Float>]) {
    let weight = weights[y % spacing]
    let first = y / spacing * columns
    for column in 0..<columns {
      let at = first + column
      row[column] =
        points[at] * weight[0] + points[at + columns] * weight[1] + points[at + 2 * columns] * weight[2]
        + points[at + 3 * columns] * weight[3]
    }
  }

  /// The displacement of every pixel of a row, from what `blendRows` made of it.
  func displacements(_ row: [SIMD2<Float>], into target: UnsafeMutableBufferPointer<SIMD2<Float>>) {
    row.withUnsafeBufferPointer { row in
      weights.withUnsafeBufferPointer { weights in
        guard let row = row.baseAddress, let weights = weights.baseAddress, let start = target.baseAddress else {
          return
        }
        ImageWarp.elasticRow(row, weights, spacing: spacing, width: target.count, into: start)
      }
    }
  }
}
