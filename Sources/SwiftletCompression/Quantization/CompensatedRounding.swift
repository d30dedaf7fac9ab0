/// Rounds the weights of a filter one by one and lets the later ones make up for the error of the earlier.
///
/// With H the mean products of the filter's inputs, the expected squared error of the output is (w - q) H (w - q)^T.
/// The weights are rounded in order; each error is spread over the weights not yet rounded as optimal brain surgery
/// does it, through a triangular factor of H's inverse (Frantar et al. 2022, "GPTQ", section 3; for zeros that stay,
/// Frantar and Alistarh 2023, "SparseGPT").
package struct CompensatedRounding: Sendable {
  private let length: Int
  /// U, upper triangular, with the inverse of H = U^T U.
  private let factor: [Double]
  /// Added to H's diagonal, as a share of its mean.
  private static let damping = 0.01

  /// - Parameter gram: H, `[length][length]`, symmetric.
  /// - Returns: nil where H, damped, is not positive definite: nothing but zeros was seen.
  package init?(gram: [Double], length: Int) {
    precondition(gram.count == length * length, "the matrix is square")
    self.length = length
    let n = length
    let trace = (0..<n).reduce(0) { $0 + gram[$1 * n + $1] }
    guard trace > 0, trace.isFinite else { return nil }
    let damp = CompensatedRounding.damping * trace / Double(n)
    // H = R R^T with R upper triangular, from the last row up; then U = R^-1.
    var r = gram
    for i in 0..<n { r[i * n + i] += damp }
    var isDefinite = true
    r.withUnsafeMutableBufferPointer { r in
      for j in stride(from: n - 1, through: 0, by: -1) {
        let pivot = r[j * n + j]
        guard pivot > 0 else {
          isDefinite = false
          return
        }
        let root = pivot.squareRoot()
        r[j * n + j] = root
        // The column above the pivot; H is symmetric, so row j holds what is left of it, contiguously.
        let column = r.baseAddress! + j * n
        let inverse = 1 / root
        for i in 0..<j { column[i] *= inverse }
        for i in 0..<j {
          let share = column[i]
          guard share != 0 else { continue }
          let row = r.baseAddress! + i * n
          for k in 0...i { row[k] -= share * column[k] }
        }
      }
    }
    guard isDefinite else { return nil }
    factor = CompensatedRounding.inverse(transposedUpper: r, n)
  }

  /// U = R^-1, where `rows[j][i]`, i <= j, holds R[i][j].
  private static func inverse(transposedUpper rows: [Double], _ n: Int) -> [Double] {
    // R^T is lower triangular with those rows; its inverse L = U^T, row by row by forward substitution.
    var lower = [Double](repeating: 0, count: n * n)
    rows.withUnsafeBufferPointer { rows in
      lower.withUnsafeMutableBufferPointer { lower in
        for i in 0..<n {
          let row = rows.baseAddress! + i * n
          let target = lower.baseAddress! + i * n
          for k in 0..<i where row[k] != 0 {
            let source = lower.baseAddress! + k * n
            let share = row[k]
            for c in 0...k { target[c] -= share * source[c] }
          }
          let inverse = 1 / row[i]
          for c in 0..<i { target[c] *= inverse }
          target[i] = inverse
        }
      }
    }
    var upper = lower
    for i in 0..<n { for j in 0..<n { upper[i * n + j] = lower[j * n + i] } }
    return upper
  }

  /// The integers of one filter, of `grid`; weights that are 0 stay 0.
  package func round(_ weights: ArraySlice<Float>, step: Double, grid: IntegerGrid) -> [Int8] {
    precondition(weights.count == length, "a filter has as many weights as inputs")
    var rest = weights.map { Double($0) }
    var integers = [Int8](repeating: 0, count: length)
    factor.withUnsafeBufferPointer { factor in
      rest.withUnsafeMutableBufferPointer { rest in
        for (i, original) in weights.enumerated() {
          let integer = original == 0 ? 0 : grid.nearest(rest[i] / step)
          integers[i] = Int8(integer)
          let row = factor.baseAddress! + i * length
          let error = (rest[i] - integer * step) / row[i]
          guard error != 0 else { continue }
          for k in (i + 1)..<max(length, i + 1) { rest[k] -= error * row[k] }
        }
      }
    }
    return integers
  }
}
