/// One position of a window: the output pixel it makes, and its taps that fall on the input. Padding is left out.
public struct WindowPosition {
  /// The output pixel, its row and its column.
  public let output, oy, ox: Int
  /// Taps of the kernel along each axis; a pool's are never empty.
  public let rows, columns: Range<Int>

  @inlinable init(output: Int, oy: Int, ox: Int, rows: Range<Int>, columns: Range<Int>) {
    self.output = output
    self.oy = oy
    self.ox = ox
    self.rows = rows
    self.columns = columns
  }
}

extension WindowPlan {
  /// Visits the window's positions, output pixels in row-major order: the one walk of float, integer and simulated
  /// operators.
  @inlinable @inline(__always) public func forEachPosition(_ body: (WindowPosition) -> Void) {
    var output = 0
    for oy in 0..<self.output.height {
      let taps = rows.taps(oy)
      for ox in 0..<self.output.width {
        body(WindowPosition(output: output, oy: oy, ox: ox, rows: taps, columns: columns.taps(ox)))
        output &+= 1
      }
    }
  }

  /// Visits the taps of one position in row-major order: the input pixel under each, and its number in the kernel.
  @inlinable @inline(__always) public func forEachTap(
    of position: WindowPosition, _ body: (_ pixel: Int, _ tap: Int) -> Void
  ) {
    for ky in position.rows {
      let row = rows.position(position.oy, ky) &* input.width
      for kx in position.columns {
        body(row &+ columns.position(position.ox, kx), ky &* columns.kernel &+ kx)
      }
    }
  }
}
