import SwiftletBytes

/// Rows of columns as text, the first column left-aligned and the rest right-aligned.
///
/// No cell breaks the table, whatever name from a file it holds: see `printable`.
package func textTable(_ rows: [[String]]) -> String {
  let cells = rows.map { $0.map { printable($0.utf8) } }
  let widths = cells.map { $0.map(\.terminalWidth) }
  let columns = widths.map(\.count).max() ?? 0
  let widest = (0..<columns).map { column in widths.map { column < $0.count ? $0[column] : 0 }.max() ?? 0 }
  return zip(cells, widths).map { row, widths in
    let aligned = row.indices.map { column in
      let fill = String(repeating: " ", count: widest[column] - widths[column])
      return column == 0 ? row[column] + fill : fill + row[column]
    }
    return aligned.joined(separator: "  ").replacing(/\s+$/, with: "")
  }.joined(separator: "\n")
}
