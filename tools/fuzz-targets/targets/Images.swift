import SwiftletBytes
@testable import SwiftletImages

extension FuzzTarget {
  static let images = [
    FuzzTarget(
      name: "png", longestInput: 1024, dictionary: ["IHDR", "PLTE", "IDAT", "tRNS", "IEND", "gAMA"], seeds: pngSeeds
    ) { input in
      guard let form = input.first else { return }
      let file = form % 2 == 0 ? withChecksums(Array(input.dropFirst())) : pngAround(input.dropFirst())
      guard let image = measured("decoding", { try? PNGDecoder.decode(file) }) else { return }
      checkInput(file, image)
      guard image.pixels.count <= 1 << 12 else { return }
      expect((try? PNGDecoder.decode(PNGEncoder.encode(image))) == image, "an image encoded is another when decoded")
    },
    FuzzTarget(name: "pnm", longestInput: 512, dictionary: ["P2", "P3", "P5", "P6", "255", "#"], seeds: pnmSeeds) {
      let file = Array($0)
      guard let image = measured("decoding", { try? PNMDecoder.decode(file) }) else { return }
      checkInput(file, image)
    },
    FuzzTarget(name: "idx", longestInput: 512, seeds: idxSeeds) { input in
      guard let form = input.first else { return }
      let rest = Array(input.dropFirst())
      let file = form % 2 == 0 ? rest : gzipAround(rest)
      guard let read = measured("reading", { try? IDXFile(file) }) else { return }
      expect(read.values.count == read.dimensions.reduce(1, *), "another number of values than the dimensions say")
      let sizes = read.dimensions
      guard sizes.count >= 2, !sizes.contains(0) else { return }
      let (height, width) = sizes.count == 2 ? (sizes[0], sizes[1]) : (sizes[1], sizes[2])
      let decoded = try? InputDecoder.decode(
        file, height: height, width: width, channels: sizes.count == 4 ? sizes[3] : 1)
      expect(decoded?.pixels.count == read.values.count, "an IDX file of images is no input")
    },
  ]

  /// An image is an input of a model that takes its shape.
  private static func checkInput(_ file: [UInt8], _ image: Image) {
    let decoded = try? InputDecoder.decode(
      file, height: image.height, width: image.width, channels: image.channels)
    expect(decoded?.pixels.elementsEqual(image.pixels) == true, "an image is no input of its own shape")
  }

  /// The file with every chunk's checksum put right, as far as its chunks go.
  private static func withChecksums(_ input: [UInt8]) -> [UInt8] {
    var file = input
    var offset = 8
    while file.count >= 12, offset <= file.count - 12 {
      let length = (0..<4).reduce(0) { $0 << 8 | Int(file[offset + $1]) }
      guard length <= file.count - 12 - offset else { break }
      let checksum = Zlib.crc32(file[(offset + 4)..<(offset + 8 + length)])
      for byte in 0..<4 { file[offset + 8 + length + byte] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * byte)) }
      offset += 12 + length
    }
    return file
  }

  private static func chunk(_ name: String, _ content: [UInt8], to writer: inout ByteWriter) {
    writer.writeBigEndian(UInt32(content.count))
    let start = writer.count
    writer.write(bytes: Array(name.utf8))
    writer.write(bytes: content)
    writer.writeBigEndian(Zlib.crc32(writer.bytes[start...]))
  }

  /// A PNG of these bytes: width, height, depth, color type, interlace, the lengths of palette and transparency, both,
  /// and the rows.
  private static func pngAround(_ input: ArraySlice<UInt8>) -> [UInt8] {
    guard input.count >= 7 else { return [] }
    let fields = Array(input.prefix(7))
    var rest = input.dropFirst(7)
    var writer = ByteWriter()
    writer.write(bytes: PNGDecoder.signature)
    let sides = [0, 0, 0, fields[0], 0, 0, 0, fields[1]]
    chunk("IHDR", sides + [fields[2], fields[3], 0, 0, fields[4]], to: &writer)
    for (name, length) in [("PLTE", Int(fields[5]) * 3), ("tRNS", Int(fields[6]))] where length > 0 {
      chunk(name, Array(rest.prefix(length)), to: &writer)
      rest = rest.dropFirst(length)
    }
    chunk("IDAT", zlibAround(Array(rest)), to: &writer)
    chunk("IEND", [], to: &writer)
    return writer.bytes
  }

  private static func stored(_ content: [UInt8], to writer: inout ByteWriter) {
    writer.write(byte: 1)
    writer.write(UInt16(content.count))
    writer.write(~UInt16(content.count))
    writer.write(bytes: content)
  }

  private static func zlibAround(_ content: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(bytes: [0x78, 0x01])
    stored(content, to: &writer)
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in content {
      low = (low + UInt32(byte)) % 65521
      high = (high + low) % 65521
    }
    writer.writeBigEndian(high << 16 | low)
    return writer.bytes
  }

  private static func gzipAround(_ content: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(bytes: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
    stored(content, to: &writer)
    writer.write(Zlib.crc32(content))
    writer.write(UInt32(content.count))
    return writer.bytes
  }

  private static func pngSeeds() throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for channels in 1...4 {
      let pixels = (0..<channels * 12).map { UInt8(truncatingIfNeeded: $0 &* 29) }
      seeds.append([0] + (try PNGEncoder.encode(Image(width: 4, height: 3, channels: channels, pixels: pixels))))
    }
    // Every color type and depth, plain and interlaced, with and without transparency.
    for (type, depths) in [(0, [1, 2, 4, 8, 16]), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]), (6, [8, 16])] {
      for depth in depths {
        for interlace in 0...1 {
          let samples = [1, 0, 3, 1, 2, 0, 4][type]
          let row = (5 * samples * depth + 7) / 8 + 1
          let transparency = type == 3 ? 2 : type == 0 ? 2 : type == 2 ? 6 : 0
          for length in Set([0, transparency]) {
            let fields = [5, 4, depth, type, interlace, type == 3 ? 2 : 0, length].map(UInt8.init)
            let tables = [UInt8](repeating: 7, count: (type == 3 ? 6 : 0) + length)
            let rows = (0..<row * (interlace == 0 ? 4 : 6)).map { $0 % row == 0 ? $0 / row % 5 : $0 }
            seeds.append([1] + fields + tables + rows.map(UInt8.init(truncatingIfNeeded:)))
          }
        }
      }
    }
    return seeds
  }

  private static func pnmSeeds() throws -> [[UInt8]] {
    let texts = [
      "P2\n# a comment\n3 2\n255\n0 1 2\n253 254 255\n", "P3 1 2 255 1 2 3 4 5 6", "P5 3 2 255\nabcdef",
      "P6\n1 1\n255\nxyz", "P5 2 1 15\nab", "P5 1 1 65535\nab", "P2 2 1 7 3 7", "P4 3 1\n1", "P1 2 2 1 0 0 1",
    ]
    return texts.map { Array($0.utf8) }
  }

  private static func idxSeeds() throws -> [[UInt8]] {
    let files: [[UInt8]] = [
      [0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9], [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 7, 8],
      [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 3, 4],
      [0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6], [0, 0, 8, 1, 0, 0, 0, 0],
    ]
    var seeds: [[UInt8]] = []
    for file in files {
      let compressed = gzipAround(file)
      for (form, bytes) in [(0, file), (1, file), (0, compressed), (0, compressed + compressed)] as [(UInt8, [UInt8])] {
        seeds.append([form] + bytes)
      }
    }
    return seeds
  }
}
