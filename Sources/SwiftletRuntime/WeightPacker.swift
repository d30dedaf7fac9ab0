/// Four input bytes, or fewer at the end of a run, of every window: where they lie and which weights meet them.
struct WindowStep {
  /// Bytes from the window's first tap.
  var offset: Int
  /// The weights of one filter, `first ..< first + count`.
  var first, count: Int
}

/// Lays weights out in the order a kernel reads them.
struct WeightPacker {
  let kernels: KernelTable
  let weights: [Int8]
  /// Weights of one filter.
  let filterCount: Int
  let steps: [WindowStep]

  /// The steps in which some filter of the panel has a nonzero weight; the others add nothing.
  func usedSteps(filters: Range<Int>) -> [WindowStep] {
    steps.filter { step in
      filters.contains { filter in
        (0..<step.count).contains { weights[filter * filterCount + step.first + $0] != 0 }
      }
    }
  }

  /// The weights of `filters`, padded with zeros to `vectors` vectors.
  func pack(
    _ used: [WindowStep], filters: Range<Int>, vectors: Int, into memory: PackedMemory
  ) throws(PrepareError) -> UnsafeRawPointer {
    let width = vectors * kernels.lanes
    let elementByteCount = kernels.packing == .bytes ? 1 : 2
    let packed = UnsafeMutableRawPointer(
      try memory.allocate(UInt8.self, count: used.count * width * 4 * elementByteCount))
    let words = packed.assumingMemoryBound(to: UInt32.self)
    let halves = packed.assumingMemoryBound(to: Int16.self)
    switch kernels.packing {
    case .bytes:
      forEachStep(used, filters) { step, channel, source, count in
        let cell = words + step * width + channel
        if count == 4 {
          // A copy: in the CPU's byte order, whatever that is.
          cell.pointee = UnsafeRawPointer(source).loadUnaligned(as: UInt32.self)
        } else {
          let bytes = UnsafeMutableRawPointer(cell).assumingMemoryBound(to: Int8.self)
          for byte in 0..<count { bytes[byte] = source[byte] }
        }
      }
    case .pairs:
      forEachStep(used, filters) { step, channel, source, count in
        let even = halves + (step * 2 * width + channel) * 2
        let odd = even + 2 * width
        if count == 4 {
          even[0] = Int16(source[0])
          even[1] = Int16(source[2])
          odd[0] = Int16(source[1])
          odd[1] = Int16(source[3])
        } else {
          for byte in 0..<count { (byte & 1 == 0 ? even : odd)[byte >> 1] = Int16(source[byte]) }
        }
      }
    case .rows:
      forEachStep(used, filters) { step, channel, source, count in
        let cell = halves + step * 4 * width + channel
        for byte in 0..<count { cell[byte * width] = Int16(source[byte]) }
      }
    }
    return UnsafeRawPointer(packed)
  }

  /// Calls `body` for every step of every filter with the step's 1...4 weights, filter by filter.
  @inline(__always)
  private func forEachStep(
    _ used: [WindowStep], _ filters: Range<Int>,
    _ body: (_ step: Int, _ channel: Int, _ source: UnsafePointer<Int8>, _ count: Int) -> Void
  ) {
    weights.withUnsafeBufferPointer { weights in
      guard let start = weights.baseAddress else { return }
      used.withUnsafeBufferPointer { used in
        for channel in 0..<filters.count {
          let filter = start + (filters.lowerBound + channel) * filterCount
          for index in 0..<used.count {
            body(index, channel, filter + used[index].first, used[index].count)
          }
        }
      }
    }
  }

  /// The sum of one filter's weights.
  func sum(ofFilter filter: Int) -> Int32 {
    var sum: Int32 = 0
    for weight in weights[filter * filterCount..<(filter + 1) * filterCount] { sum += Int32(weight) }
    return sum
  }
}
