import SwiftletBytes

extension PNGDecoder {
  /// The pixels, from one row of image data after the other.
  @inline(never) func readPixels(_ limit: DecodeLimit) throws(ImageError) -> Image {
    let channels = header.channels + (transparency == nil ? 0 : 1)
    let passes = header.passes
    var inflatedCount = 0
    for pass in passes { inflatedCount += (header.rowByteCount(pass.width) + 1) * pass.height }
    let pixelByteCount = header.width * header.height * channels
    try limit.check(max(inflatedCount, pixelByteCount), at: 16)
    var rows = try PNGRows(cursor.bytes, chunks: imageData, header: header, expected: inflatedCount)
    let unpacker = RowUnpacker(self, channels: channels)
    // Opaque where nothing else is said.
    var pixels = [UInt8](repeating: 255, count: pixelByteCount)
    var failure: ImageError?
    pixels.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      do throws(ImageError) {
        for pass in passes {
          for y in 0..<pass.height {
            let row = try rows.next(width: pass.width, isFirst: y == 0)
            let place = ((pass.y + y * pass.dy) * header.width + pass.x) * channels
            try unpacker.unpack(row, width: pass.width, to: start + place, step: pass.dx * channels)
          }
        }
        try rows.finish()
      } catch { failure = error }
    }
    if let failure { throw failure }
    return Image(width: header.width, height: header.height, channels: channels, pixels: pixels)
  }
}

/// Turns rows of samples of any depth into pixels: sample depths rescaled, palettes looked up, tRNS made alpha.
private struct RowUnpacker {
  private let depth, sampleCount, largest: Int
  private let scale: SampleScale
  private let isIndexed: Bool
  /// A row's bytes are its pixels.
  private let isPlain: Bool
  private let bytes: [UInt8]
  private let palette, alphas: Range<Int>
  /// The color that tRNS makes transparent, at the file's own depth; empty where there is none.
  private var key: [Int] = []

  init(_ decoder: PNGDecoder, channels: Int) {
    let header = decoder.header
    depth = header.bitDepth
    sampleCount = header.samplesPerPixel
    largest = 1 << depth - 1
    isIndexed = header.colorType == .palette
    scale = SampleScale(maximum: largest)
    isPlain = depth == 8 && channels == sampleCount && !isIndexed
    bytes = decoder.cursor.bytes
    palette = decoder.palette ?? 0..<0
    alphas = decoder.transparency ?? 0..<0
    if isIndexed { return }
    // Samples of fewer than 16 bits are the last bits of two bytes (section 11.3.1.1).
    for byte in stride(from: alphas.lowerBound, to: alphas.upperBound, by: 2) {
      key.append((Int(bytes[byte]) << 8 | Int(bytes[byte + 1])) & largest)
    }
  }

  /// Writes `width` pixels, each `step` bytes from the one before.
  @inline(never) func unpack(
    _ row: UnsafePointer<UInt8>, width: Int, to pixels: UnsafeMutablePointer<UInt8>, step: Int
  ) throws(ImageError) {
    if isPlain { return copy(row, width: width, to: pixels, step: step) }
    // Copies, since the compiler must assume that pixels are written over what a pointer leads to.
    let (depth, sampleCount, largest, scale) = (depth, sampleCount, largest, scale)
    let (isIndexed, isByte, key) = (isIndexed, depth == 8, key)
    var bit = 0
    var pixel = pixels
    for _ in 0..<width {
      var isKey = !key.isEmpty
      for channel in 0..<sampleCount {
        // Samples of 1, 2 or 4 bits lie leftmost first in the high bits; those of 16 bits fill two bytes.
        let first = Int(row[bit &>> 3])
        let word = first &<< 8 | Int(row[bit &>> 3 &+ 1])
        let sample = isByte ? first : word &>> (16 &- depth &- bit & 7) & largest
        bit &+= depth
        if isIndexed {
          try lookUp(sample, into: pixel)
        } else {
          pixel[channel] = isByte ? UInt8(truncatingIfNeeded: sample) : scale(sample)
          if isKey { isKey = sample == key[channel] }
        }
      }
      if isKey { pixel[sampleCount] = 0 }
      pixel += step
    }
  }

  private func copy(_ row: UnsafePointer<UInt8>, width: Int, to pixels: UnsafeMutablePointer<UInt8>, step: Int) {
    let sampleCount = sampleCount
    if step == sampleCount { return pixels.update(from: row, count: width * step) }
    if sampleCount == 1 {
      for x in 0..<width { pixels[x &* step] = row[x] }
      return
    }
    var (pixel, samples) = (pixels, row)
    for _ in 0..<width {
      for channel in 0..<sampleCount { pixel[channel] = samples[channel] }
      pixel += step
      samples += sampleCount
    }
  }

  @inline(never) private func lookUp(_ index: Int, into pixel: UnsafeMutablePointer<UInt8>) throws(ImageError) {
    let entry = palette.lowerBound + index * 3
    guard entry < palette.upperBound else { throw ImageError(.paletteIndex(UInt8(index)), at: palette.lowerBound) }
    for channel in 0..<3 { pixel[channel] = bytes[entry + channel] }
    if index < alphas.count { pixel[3] = bytes[alphas.lowerBound + index] }
  }
}
