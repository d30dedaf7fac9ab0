import CSwiftletKernels
import SwiftletFloat
import TestSupport
import Testing

@Suite struct WarpTests {
  /// 32 pixels: adding 1 to the float just below 32 rounds to 33, a column and a row past the border.
  @Test(arguments: KernelTests.names)
  func positionsJustInsideTheEndReadNothingPastTheBorder(_ name: String) throws {
    let table = try #require(FloatKernels.supported.first { $0.name == name }).table
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
    table.warp_row(bordered, size, size, 1, map, 0, displacement, &out)
    #expect(out == [UInt8](repeating: 0, count: size))
    swl_warp_row_u8(bordered, size, size, 1, map, 0, displacement, &out)
    #expect(out == [UInt8](repeating: 0, count: size))
  }

  /// Every row and displacement is the definition's, to the byte and the bit, around every vector width.
  @Test(arguments: KernelTests.names, KernelTests.lengths)
  func rowsAreTheDefinitions(_ name: String, _ width: Int) throws {
    let table = try #require(FloatKernels.supported.first { $0.name == name }).table
    var draws = Draws(UInt64(width))
    for round in 0..<40 {
      let (height, channels, spacing) = (1 + round % 7, round % 5 == 0 ? 3 : 1, 1 + round % 9)
      let pitch = (width + 2) * channels
      var bordered = [Float](repeating: 0, count: (height + 2) * pitch)
      for y in 1...height {
        for x in channels..<pitch - channels { bordered[y * pitch + x] = Float(draws.generator.next() % 256) }
      }
      let columns = (width - 1) / spacing + 4
      let points = draws.floats(2 * columns) + [Float](repeating: .nan, count: Int(SWL_FLOAT_LANES))
      let weights = draws.floats(4 * spacing)
      let (first, second) = compared(count: 2 * width + 1, Float(12345)) {
        swl_elastic_row_f32(points, weights, spacing, width, &$0)
      } _: {
        table.elastic_row(points, weights, spacing, width, &$0)
      }
      #expect(first == second && first.allSatisfy { !$0.isNaN })
      let map = zip(draws.floats(6), [1, 0, 0, 0, 1, 0] as [Float]).map { $0 * 0.3 + $1 }
      let v = Float(round % height) - Float(height - 1) / 2
      let displacement = first.map { $0 * (round % 3 == 0 ? 0 : 1.5) }
      let (a, b) = compared(count: width * channels + 1, UInt8(77)) {
        swl_warp_row_u8(bordered, height, width, channels, map, v, displacement, &$0)
      } _: {
        table.warp_row(bordered, height, width, channels, map, v, displacement, &$0)
      }
      #expect(a == b)
    }
  }

  /// What two functions leave in arrays of `count` elements that start as `guardValue`.
  private func compared<T>(
    count: Int, _ guardValue: T, _ one: (inout [T]) -> Void, _ other: (inout [T]) -> Void
  ) -> ([T], [T]) {
    var (a, b) = ([T](repeating: guardValue, count: count), [T](repeating: guardValue, count: count))
    one(&a)
    other(&b)
    return (a, b)
  }
}
