import CSwiftletZlib

extension Zlib {
  /// How hard to look for the smallest result.
  public enum Effort: Sendable, Hashable {
    /// One attempt at level 9.
    case fast
    /// Many settings of zlib, the smallest result kept: 82 attempts up to 64 KiB,
    /// 21 up to 256 KiB, 2 above; about 1 s for 40 KB, 0.5 s for 1.6 MB.
    case smallest
  }

  /// Deflates `source`; the same source and effort give the same bytes with the same zlib.
  ///
  /// `blockEnds`, ascending offsets in `source` where one kind of data gives way to another, are tried as ends of
  /// deflate blocks too, so that each kind gets its own code.
  /// - Throws: `.outOfMemory`.
  public static func deflate(
    _ source: [UInt8], wrapper: Wrapper, effort: Effort = .smallest, blockEnds: [Int] = []
  ) throws(ByteError) -> [UInt8] {
    precondition(blockEnds.allSatisfy { (0...source.count).contains($0) }, "A block ends within the source.")
    var best: [UInt8]?
    for settings in DeflateSettings.candidates(byteCount: source.count, effort: effort) {
      for ends in blockEnds.isEmpty ? [[]] : [[], blockEnds] {
        // Anything not smaller than the best is abandoned as soon as it is as long.
        let result = try settings.deflate(source, wrapper: wrapper, blockEnds: ends, below: best?.count)
        if let result { best = result }
      }
    }
    guard let best else { throw ByteError(.outOfMemory, "deflate", at: 0) }
    return best
  }
}

/// One combination of zlib's settings.
struct DeflateSettings {
  var level: Int32 = 9
  var memoryLevel: Int32
  var strategy: Int32

  /// The combinations worth trying: `memoryLevel` decides where blocks are split, `strategy` what is
  /// matched, and a lower level sometimes parses luckier than a higher one.
  static func candidates(byteCount: Int, effort: Zlib.Effort) -> [DeflateSettings] {
    guard effort == .smallest else { return [DeflateSettings(memoryLevel: 9, strategy: Z_DEFAULT_STRATEGY)] }
    // What is large is mostly raw weights: nothing to match in them, and each attempt takes long.
    guard byteCount <= 1 << 18 else {
      return [
        DeflateSettings(level: 6, memoryLevel: 9, strategy: Z_DEFAULT_STRATEGY),
        DeflateSettings(memoryLevel: 9, strategy: Z_HUFFMAN_ONLY),
      ]
    }
    var settings: [DeflateSettings] = []
    let memoryLevels: ClosedRange<Int32> = byteCount <= 1 << 16 ? 1...9 : 5...9
    for memoryLevel in memoryLevels {
      for strategy in [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE] {
        settings.append(DeflateSettings(memoryLevel: memoryLevel, strategy: strategy))
      }
      guard byteCount <= 1 << 16 else { continue }
      for level: Int32 in 4...8 {
        settings.append(DeflateSettings(level: level, memoryLevel: memoryLevel, strategy: Z_DEFAULT_STRATEGY))
      }
    }
    settings.append(DeflateSettings(memoryLevel: 9, strategy: Z_FIXED))
    return settings
  }

  /// The deflated source, or nil if it is not below `limit` bytes.
  func deflate(
    _ source: [UInt8], wrapper: Zlib.Wrapper, blockEnds: [Int] = [], below limit: Int?
  ) throws(ByteError) -> [UInt8]? {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    guard swl_zlib_deflate_init(stream, level, wrapper.windowBits(), memoryLevel, strategy) == Z_OK else {
      throw ByteError(.outOfMemory, "deflate", at: 0)
    }
    defer { deflateEnd(stream) }
    let bound = Int(deflateBound(stream, UInt(source.count)))
    let capacity = min(bound, limit.map { $0 - 1 } ?? bound)
    var isComplete = false
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { output, produced in
      source.withUnsafeBufferPointer { input in
        isComplete = run(
          stream, input, blockEnds, UnsafeMutableBufferPointer(rebasing: output[..<capacity]), &produced)
      }
    }
    return isComplete ? bytes : nil
  }

  /// Feeds zlib, which counts in 32 bits, in pieces that end at `blockEnds`; true when all of it fitted.
  private func run(
    _ stream: UnsafeMutablePointer<z_stream>, _ input: UnsafeBufferPointer<UInt8>, _ blockEnds: [Int],
    _ output: UnsafeMutableBufferPointer<UInt8>, _ produced: inout Int
  ) -> Bool {
    let piece = 1 << 30
    var consumed = 0
    var ends = blockEnds[...]
    produced = 0
    while true {
      while let end = ends.first, end <= consumed { ends.removeFirst() }
      let inputCount = min(piece, (ends.first ?? input.count) - consumed)
      let outputCount = min(piece, output.count - produced)
      guard outputCount > 0, let start = output.baseAddress else { return false }
      stream.pointee.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0 + consumed) }
      stream.pointee.avail_in = UInt32(inputCount)
      stream.pointee.next_out = start + produced
      stream.pointee.avail_out = UInt32(outputCount)
      let isLast = consumed + inputCount == input.count
      let code = CSwiftletZlib.deflate(stream, isLast ? Z_FINISH : ends.isEmpty ? Z_NO_FLUSH : Z_BLOCK)
      consumed += inputCount - Int(stream.pointee.avail_in)
      produced += outputCount - Int(stream.pointee.avail_out)
      if code == Z_STREAM_END { return true }
      if code != Z_OK && code != Z_BUF_ERROR { return false }
      if inputCount == 0 && outputCount == Int(stream.pointee.avail_out) && !isLast { return false }
    }
  }
}
