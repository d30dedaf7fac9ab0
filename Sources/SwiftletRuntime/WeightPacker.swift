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
    let count = used.count * width * 4
    if case .bytes = kernels.packing {
      let packed = try memory.allocate(Int8.self, count: count)
      forEachWeight(used, filters) { step, channel, byte, weight in
        packed[(step * width + channel) * 4 + byte] = weight
      }
      return UnsafeRawPointer(packed)
    }
    let isPairs = if case .pairs = kernels.packing { true } else { false }
    let packed = try memory.allocate(Int16.self, count: count)
    forEachWeight(used, filters) { step, channel, byte, weight in
      let index =
        isPairs
        ? ((step * 2 + byte & 1) * width + channel) * 2 + byte >> 1
        : (step * 4 + byte) * width + channel
      packed[index] = Int16(weight)
    }
    return UnsafeRawPointer(packed)
  }

  /// Calls `body` for every weight of the panel, filter by filter.
  @inline(__always)
  private func forEachWeight(
    _ used: [WindowStep], _ filters: Range<Int>, _ body: (_ step: Int, _ channel: Int, _ byte: Int, Int8) -> Void
  ) {
    weights.withUnsafeBufferPointer { weights in
      guard let start = weights.baseAddress else { return }
      used.withUnsafeBufferPointer { used in
        for channel in 0..<filters.count {
          let filter = start + (filters.lowerBound + channel) * filterCount
          for index in 0..<used.count {
            let source = filter + used[index].first
            if used[index].count == 4 {
              // Written out, so that what `body` computes from the byte's number is constant.
              body(index, channel, 0, source[0])
              body(index, channel, 1, source[1])
              body(index, channel, 2, source[2])
              body(index, channel, 3, source[3])
            } else {
              for byte in 0..<used[index].count { body(index, channel, byte, source[byte]) }
            }
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
