import CSwiftletKernels

extension FloatKernels {
  /// sums[j] += the sum over `rows` of row[j], for `length` columns.
  package func addRows(_ rows: some Collection<UnsafePointer<Float>?>, length: Int, to sums: FloatBuffer) {
    for case let row? in rows { table.add(row, length, sums.pointer) }
  }

  /// products[i][j] += the sum over the first `count` of `rows` of row[i] * row[j], `[length][length]`.
  package func addProducts(_ rows: [UnsafePointer<Float>?], count: Int, length: Int, to products: FloatBuffer) {
    rows.withUnsafeBufferPointer { rows in
      guard let rows = rows.baseAddress else { return }
      table.outer(rows, 0, length, rows, 0, length, count, products.pointer, length)
    }
  }
}
