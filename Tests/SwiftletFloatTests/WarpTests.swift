import CSwiftletKernels
import Testing

@Suite struct WarpTests {
  /// 32 pixels: adding 1 to the float just below 32 rounds to 33, a column and a row past the border.
  @Test func positionsJustInsideTheEndReadNothingPastTheBorder() {
    let size = 32
    let side = size + 2
    // What follows the bordered image would show in the result.
    var bordered = [Float](repeating: -1e7, count: 2 * side * side)
    for y in 0..<side {
      for x in 0..<side {
        let isInside = (1...size).contains(x) && (1...size).contains(y)
        bordered[y * side + x] = isInside ? 255 : 0
      }
    }
    let shift = Float(size).nextDown - Float(size - 1) / 2
    let displacement = [Float](repeating: shift, count: 2 * size)
    let map = [Float](repeating: 0, count: 6)
    var out = [UInt8](repeating: 9, count: size)
    swl_warp_row_u8(bordered, size, size, 1, map, 0, displacement, &out)
    #expect(out == [UInt8](repeating: 0, count: size))
  }
}
