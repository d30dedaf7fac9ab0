import SwiftletBytes
import SwiftletImages

/// An image of pseudo-random samples in one of PNG's forms, with what its pixels are: written from the specification,
/// without the decoder's tables.
struct PNGVariant: CustomStringConvertible, Sendable {
  enum Transparency: String, CaseIterable, Sendable {
    case none
    /// A color of some pixels, or a palette with alpha values for its first half.
    case used
    /// A color that no pixel has but for its lower bits, or a palette with opaque alpha values.
    case unused
  }

  var colorType, depth: Int
  var isInterlaced: Bool
  var transparency: Transparency
  var width, height: Int
  /// Row by row, the samples of a pixel together.
  let samples: [Int]
  let palette: [UInt8]
  let alphas: [UInt8]
  let key: [Int]

  var description: String {
    "type \(colorType), depth \(depth)\(isInterlaced ? ", interlaced" : ""), \(transparency), \(width) x \(height)"
  }

  static let forms = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
  /// Sizes at which passes of an interlaced image are empty, and others around the 8 x 8 of its pattern.
  static let sizes = [(1, 1), (1, 7), (6, 1), (3, 2), (5, 5), (4, 9), (8, 8), (9, 17), (21, 10)]

  static func all(_ colorType: Int, isInterlaced: Bool) -> [PNGVariant] {
    forms[colorType]!.flatMap { depth in
      (colorType < 4 ? Transparency.allCases : [.none]).flatMap { transparency in
        sizes.map { PNGVariant(colorType, depth, isInterlaced, transparency, $0.0, $0.1) }
      }
    }
  }

  init(
    _ colorType: Int, _ depth: Int, _ isInterlaced: Bool, _ transparency: Transparency, _ width: Int, _ height: Int
  ) {
    (self.colorType, self.depth, self.isInterlaced, self.transparency) = (colorType, depth, isInterlaced, transparency)
    (self.width, self.height) = (width, height)
    var state = UInt64(colorType * 1000 + depth * 10 + width)
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let count = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType]!
    var samples = (0..<width * height * count).map { _ in random(1 << depth) }
    // A color of the upper bytes of 16 bits must not be enough to be transparent.
    let absent = 1 << depth - 1
    samples = samples.map { colorType < 3 && transparency == .unused && $0 == absent ? absent - 1 : $0 }
    self.samples = samples
    let colors = colorType == 3 ? 1 << depth : 0
    palette = (0..<colors * 3).map { _ in UInt8(random(256)) }
    alphas = transparency == .none ? [] : (0..<colors / 2).map { _ in transparency == .used ? UInt8(random(256)) : 255 }
    let isKeyed = colorType < 3 && transparency != .none
    key = isKeyed ? transparency == .used ? Array(samples[0..<count]) : Array(repeating: absent, count: count) : []
  }

  var sampleCount: Int { samples.count / (width * height) }

  /// floor(v * 255 / maximum + 0.5), as section 13.12 has it.
  private func rescaled(_ sample: Int) -> UInt8 {
    UInt8((Double(sample) * 255 / Double(1 << depth - 1) + 0.5).rounded(.down))
  }

  /// The pixels that the file stands for.
  var image: Image {
    var pixels: [UInt8] = []
    for start in stride(from: 0, to: samples.count, by: sampleCount) {
      let pixel = Array(samples[start..<start + sampleCount])
      if colorType == 3 {
        pixels += palette[pixel[0] * 3..<pixel[0] * 3 + 3]
        if transparency != .none { pixels.append(pixel[0] < alphas.count ? alphas[pixel[0]] : 255) }
      } else {
        pixels += pixel.map(rescaled)
        if !key.isEmpty { pixels.append(pixel == key ? 0 : 255) }
      }
    }
    return Image(width: width, height: height, channels: pixels.count / (width * height), pixels: pixels)
  }

  /// Which pass each pixel of 8 x 8 belongs to (section 8.1).
  private static let adam7 = [
    "16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777",
  ].map(Array.init)

  var file: [UInt8] {
    var rows: [UInt8] = []
    for pass in isInterlaced ? Array("1234567") : ["1"] {
      var above: [UInt8] = []
      for y in 0..<height {
        let columns = (0..<width).filter { !isInterlaced || Self.adam7[y % 8][$0 % 8] == pass }
        if columns.isEmpty { continue }
        let bits = columns.flatMap { x in
          samples[(y * width + x) * sampleCount..<(y * width + x + 1) * sampleCount].flatMap { sample in
            (0..<depth).map { (bit: Int) -> Int in sample >> (depth - 1 - bit) & 1 }
          }
        }
        let row = stride(from: 0, to: bits.count, by: 8).map { (start: Int) -> UInt8 in
          let byte = (start..<start + 8).map { (bit: Int) -> Int in bit < bits.count ? bits[bit] : 0 }
          return UInt8(byte.reduce(0) { (value: Int, bit: Int) -> Int in value << 1 | bit })
        }
        rows += filtered(
          row, above.isEmpty ? [UInt8](repeating: 0, count: row.count) : above, UInt8((y + row.count) % 5))
        above = row
      }
    }
    var builder = PNGBuilder()
    (builder.width, builder.height) = (UInt32(width), UInt32(height))
    (builder.depth, builder.colorType) = (UInt8(depth), UInt8(colorType))
    builder.interlace = isInterlaced ? 1 : 0
    var middle: [UInt8] = []
    if colorType == 3 { middle += PNGBuilder.chunk("PLTE", palette) }
    if transparency != .none {
      // Bits above the depth mean nothing.
      let words = key.map { transparency == .unused && depth < 16 ? $0 | 0x5A00 : $0 }
      middle += PNGBuilder.chunk(
        "tRNS", colorType == 3 ? alphas : words.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] })
    }
    return builder.file(middle + PNGBuilder.chunk("IDAT", try! Zlib.deflate(rows, wrapper: .zlib, effort: .fast)))
  }

  /// The row behind its filter byte (section 9.2).
  private func filtered(_ row: [UInt8], _ above: [UInt8], _ filter: UInt8) -> [UInt8] {
    let distance = max(1, sampleCount * depth / 8)
    return [filter]
      + row.indices.map { x in
        let (a, b) = (x < distance ? 0 : Int(row[x - distance]), Int(above[x]))
        let c = x < distance ? 0 : Int(above[x - distance])
        // Paeth's predictor: a, b or c, whichever is nearest to a + b - c, in this order.
        let paeth = [a, b, c].min { abs(a + b - c - $0) < abs(a + b - c - $1) }!
        return row[x] &- UInt8([0, a, b, (a + b) / 2, paeth][Int(filter)])
      }
  }
}
