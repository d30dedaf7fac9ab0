import CSwiftletKernels
import SwiftletFloat
import TestSupport
import Testing

/// The microkernels of every set at lengths around every vector width, against plain loops.
@Suite struct KernelTests {
  static let lengths = [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 31, 32, 33, 47, 48, 63, 64, 65, 127]
  static let names = FloatKernels.supported.map(\.name)
  private static let guardValue: Float = 12345

  private func table(_ name: String) -> swl_float_table { FloatKernels.supported.first { $0.name == name }!.table }

  /// A matrix with one guard column after `columns` and one guard row.
  private func expectClose(_ a: [Float], _ b: [Float]) {
    let worst = zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(worst < 1e-4, "off by \(worst)")
  }

  @Test(arguments: names, lengths)
  func outerProductsMatch(_ name: String, _ columns: Int) {
    var draws = Draws(1)
    for rows in [1, 2, 3, 5, 6, 8, 11, 12, 13, 25] {
      let count = 7
      let a = draws.floats(count * rows)
      let b = draws.floats(count * columns)
      let start = draws.floats(rows * (columns + 1))
      var expected = start
      for i in 0..<count {
        for j in 0..<rows {
          for c in 0..<columns { expected[j * (columns + 1) + c] += a[i * rows + j] * b[i * columns + c] }
        }
      }
      var actual = start
      a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
          let aRows = (0..<count).map { Optional(a.baseAddress! + $0 * rows) }
          let bRows = (0..<count).map { Optional(b.baseAddress! + $0 * columns) }
          table(name).outer(aRows, 0, rows, bRows, 0, columns, count, &actual, columns + 1)
        }
      }
      expectClose(actual, expected)
    }
  }

  @Test(arguments: names, lengths)
  func combinationsMatch(_ name: String, _ run: Int) {
    var draws = Draws(2)
    for segments in [1, 2, 3, 4, 5, 7] {
      let count = 5
      let pitch = run + 3
      let sources = draws.floats(count * segments * pitch)
      let factors = draws.floats(count)
      let start = draws.floats(segments * (run + 1))
      var expected = start
      for i in 0..<count {
        for s in 0..<segments {
          for r in 0..<run { expected[s * (run + 1) + r] += factors[i] * sources[(i * segments + s) * pitch + r] }
        }
      }
      var actual = start
      sources.withUnsafeBufferPointer { all in
        let addresses = (0..<count).map { Optional(all.baseAddress! + $0 * segments * pitch) }
        table(name).combine(factors, addresses, count, segments, run, pitch, &actual, run + 1)
      }
      expectClose(actual, expected)
    }
  }

  @Test(arguments: names, lengths)
  func indirectProductsMatch(_ name: String, _ columns: Int) {
    var draws = Draws(3)
    let width = (columns + 15) / 16 * 16
    for count in [1, 2, 4, 5, 6, 9, 12, 13, 25] {
      let (run, k) = (3, 6)
      let x = draws.floats(count * 20)
      let segments: [Int32] = [2, 11]
      let weights = draws.floats(k * width)
      let bias = draws.floats(width)
      for accumulate in [false, true] {
        let start = [Float](repeating: Self.guardValue, count: count * (columns + 1))
        var expected = start
        for i in 0..<count {
          for c in 0..<columns {
            var sum = bias[c]
            for s in 0..<2 {
              for r in 0..<run { sum += x[i * 20 + Int(segments[s]) + r] * weights[(s * run + r) * width + c] }
            }
            let y = min(max(sum, -0.5), 0.75)
            expected[i * (columns + 1) + c] = accumulate ? Self.guardValue + y : y
          }
        }
        var actual = start
        x.withUnsafeBufferPointer { x in
          actual.withUnsafeMutableBufferPointer { y in
            let rows = (0..<count).map { Optional(x.baseAddress! + $0 * 20) }
            let out = (0..<count).map { Optional(y.baseAddress! + $0 * (columns + 1)) }
            table(name).igemm(
              rows, count, segments, 2, run, weights, width, bias, -0.5, 0.75, out, 0, columns, accumulate ? 1 : 0)
          }
        }
        let worst = zip(actual, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(worst < (accumulate ? 2e-3 : 1e-5))
      }
    }
  }

  @Test(arguments: names)
  func packingTransposesAndPads(_ name: String) {
    for (rows, columns) in [(1, 1), (3, 9), (4, 4), (10, 25), (16, 7), (20, 33), (32, 8)] {
      let width = rows <= 16 ? 16 : 32
      var draws = Draws(4)
      let x = draws.floats(rows * columns)
      var out = [Float](repeating: Self.guardValue, count: width * columns + 1)
      table(name).pack(x, rows, columns, columns, width, &out)
      for c in 0..<columns {
        for r in 0..<width { #expect(out[c * width + r] == (r < rows ? x[r * columns + c] : 0)) }
      }
      #expect(out[width * columns] == Self.guardValue)
    }
  }

  @Test(arguments: names)
  func pooledConvolutionNamesTheFirstWinner(_ name: String) {
    // One input channel, a 1x1 filter of weight 1: the pixels themselves compete.
    let x: [Float] = [
      1, 3, 3, 2, 5, 5, 5, 5, -1, -2, -3, -4, 0, 0, 0, 7,
    ]
    var weights = [Float](repeating: 0, count: 16)
    weights[0] = 1
    let bias = [Float](repeating: 0, count: 16)
    var y = [Float](repeating: Self.guardValue, count: 4)
    var winners = [UInt8](repeating: 9, count: 4)
    x.withUnsafeBufferPointer { x in
      let windows = (0..<4).map { Optional(x.baseAddress! + 4 * $0) }
      let segment: [Int32] = [0]
      table(name).convpool(windows, 4, 1, 2, segment, 1, 1, weights, 16, bias, 0, 6, &y, &winners, 1, 1)
    }
    #expect(y == [3, 5, 0, 6])
    // Below the ReLU and above its bound nothing passes back.
    #expect(winners == [1, 0, UInt8(SWL_NO_WINNER), UInt8(SWL_NO_WINNER)])
  }

  /// On integers every order of summation is exact: outputs and winners are those of plain loops, and nothing else is
  /// written.
  @Test(arguments: names, Array(1...24) + [31, 32])
  func pooledConvolutionsMatch(_ name: String, _ columns: Int) {
    var draws = Draws(7)
    let width = columns <= 16 ? 16 : 32
    let (run, segments) = (5, 2)
    for count in [1, 2, 3, 5, 6, 7, 13] {
      let x = (0..<count * 40).map { _ in Float(Int(draws.generator.next() % 9) - 4) }
      let weights = (0..<segments * run * width).map { _ in Float(Int(draws.generator.next() % 7) - 3) }
      let bias = (0..<width).map { _ in Float(Int(draws.generator.next() % 7) - 3) }
      let segment: [Int32] = [0, 11]
      let (stepX, stepY, high) = (3, 20, Float(20))
      var expected = [Float](repeating: Self.guardValue, count: count * columns + 1)
      var expectedWinners = [UInt8](repeating: 99, count: count * columns + 1)
      for i in 0..<count {
        for c in 0..<columns {
          let sums = [0, stepX, stepY, stepX + stepY].map { step in
            (0..<segments * run).reduce(bias[c]) { sum, k in
              sum + x[i * 40 + step + Int(segment[k / run]) + k % run] * weights[k * width + c]
            }
          }
          let best = sums.max()!
          expected[i * columns + c] = min(max(best, 0), high)
          expectedWinners[i * columns + c] = best > 0 && best < high ? UInt8(sums.firstIndex(of: best)!) : 255
        }
      }
      var actual = [Float](repeating: Self.guardValue, count: count * columns + 1)
      var winners = [UInt8](repeating: 99, count: count * columns + 1)
      x.withUnsafeBufferPointer { x in
        let windows = (0..<count).map { Optional(x.baseAddress! + 40 * $0) }
        table(name).convpool(
          windows, count, stepX, stepY, segment, segments, run, weights, width, bias, 0, high, &actual, &winners,
          columns,
          columns)
      }
      #expect(actual == expected)
      #expect(winners == expectedWinners)
    }
  }

  /// Lists in the order of windows and channels, zero gradients and flat clamps left out.
  @Test(arguments: lengths)
  func gradientsAreRoutedToTheirWinners(_ channels: Int) {
    var draws = Draws(11)
    let count = 4
    let winners = (0..<count * channels).map { _ in UInt8([0, 1, 2, 3, 255][Int(draws.generator.next() % 5)]) }
    let dy = winners.map { $0 == 255 || draws.generator.next() % 4 == 0 ? 0 : 2 * draws.generator.nextUnit() - 1 }
    let memory = [Float](repeating: 0, count: 64 + 9 * channels)
    let pixel: [Int32] = [0, 1, 8, 9]
    memory.withUnsafeBufferPointer { memory in
      let base = memory.baseAddress!
      let origins = (0..<count).map { Optional(base + 11 * $0) }
      var factors = [Float](repeating: 0, count: count * channels)
      var sources = [UnsafePointer<Float>?](repeating: nil, count: count * channels)
      var counts = [Int32](repeating: 0, count: max(channels, 4))
      var bias = [Float](repeating: 1, count: channels)
      swl_route_to_filters_f32(
        origins, count, pixel, channels, winners, dy, count, &factors, &sources, &counts, &bias)
      for c in 0..<channels {
        let passing = (0..<count).filter { winners[$0 * channels + c] < 4 && dy[$0 * channels + c] != 0 }
        let list = c * count..<c * count + Int(counts[c])
        #expect(Array(factors[list]) == passing.map { dy[$0 * channels + c] })
        #expect(
          Array(sources[list]) == passing.map { base + 11 * $0 + Int(pixel[Int(winners[$0 * channels + c])]) })
        #expect(bias[c] == (0..<count).reduce(1) { $0 + dy[$1 * channels + c] })
      }
      var own = [Float](repeating: 0, count: 4 * channels)
      var filters = [UnsafePointer<Float>?](repeating: nil, count: 4 * channels)
      swl_route_to_pixels_f32(channels, winners, dy, base, 9, &own, &filters, &counts)
      for p in 0..<4 {
        let passing = (0..<channels).filter { winners[$0] == p && dy[$0] != 0 }
        let list = p * channels..<p * channels + Int(counts[p])
        #expect(Array(own[list]) == passing.map { dy[$0] })
        #expect(Array(filters[list]) == passing.map { base + 9 * $0 })
      }
    }
  }

  @Test(arguments: names, lengths)
  func winnersAreSpread(_ name: String, _ channels: Int) {
    var draws = Draws(5)
    let windows = 3
    let winners = (0..<windows * channels).map { _ in UInt8([0, 1, 2, 3, 255][Int(draws.generator.next() % 5)]) }
    let dy = draws.floats(windows * channels)
    var spread = [Float](repeating: 0, count: windows * 4 * channels)
    var bias = [Float](repeating: 1, count: channels)
    table(name).spread_winners(windows, channels, winners, dy, channels, &spread, &bias)
    for i in 0..<windows {
      for c in 0..<channels {
        for p in 0..<4 {
          #expect(spread[(i * 4 + p) * channels + c] == (winners[i * channels + c] == p ? dy[i * channels + c] : 0))
        }
      }
    }
    for c in 0..<channels {
      let sum = (0..<windows).reduce(Float(1)) {
        $0 + (winners[$1 * channels + c] == 255 ? 0 : dy[$1 * channels + c])
      }
      #expect(abs(bias[c] - sum) < 1e-5)
    }
  }
}
