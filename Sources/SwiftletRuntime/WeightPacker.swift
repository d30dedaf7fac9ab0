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
  func usedSteps(filters: Range<Int>) -> [WindowStep] { usedSteps(steps, filters: filters) }

  /// Those of `steps` in which some filter of the panel has a nonzero weight.
  func usedSteps(_ steps: [WindowStep], filters: Range<Int>) -> [WindowStep] {
    weights.withUnsafeBufferPointer { weights in
      steps.filter { step in
        filters.contains { filter in
          (0..<step.count).contains { weights[filter * filterCount + step.first + $0] != 0 }
        }
      }
    }
  }

  /// The weights of `filters`, padded with zeros to `vectors` vectors.
  func pack(
    _ used: [WindowStep], filters: Range<Int>, vectors: Int, into memory: PackedMemory
  ) throws(PrepareError) -> UnsafeRawPointer {
    let packed = try allocate(stepCount: used.count, vectors: vectors, in: memory)
    pack(used, filters: filters, vectors: vectors, at: 0, of: packed)
    return UnsafeRawPointer(packed)
  }

  /// Zeroed room for the weights of so many steps, `vectors` vectors wide.
  func allocate(
    stepCount: Int, vectors: Int, in memory: PackedMemory
  ) throws(PrepareError) -> UnsafeMutableRawPointer {
    let count = stepCount * vectors * kernels.lanes * 4
    if case .bytes = kernels.packing { return UnsafeMutableRawPointer(try memory.allocate(Int8.self, count: count)) }
    return UnsafeMutableRawPointer(try memory.allocate(Int16.self, count: count))
  }

  /// Writes the weights of `filters` as steps `first` and up of what `allocate` gave.
  func pack(
    _ used: [WindowStep], filters: Range<Int>, vectors: Int, at first: Int, of memory: UnsafeMutableRawPointer
  ) {
    let width = vectors * kernels.lanes
    if case .bytes = kernels.packing {
      let packed = memory.assumingMemoryBound(to: Int8.self) + first * width * 4
      forEachWeight(used, filters) { step, channel, byte, weight in
        packed[(step * width + channel) * 4 + byte] = weight
      }
      return
    }
    let isPairs = if case .pairs = kernels.packing { true } else { false }
    let packed = memory.assumingMemoryBound(to: Int16.self) + first * width * 4
    forEachWeight(used, filters) { step, channel, byte, weight in
      let index =
        isPairs
        ? ((step * 2 + byte & 1) * width + channel) * 2 + byte >> 1
        : (step * 4 + byte) * width + channel
      packed[index] = Int16(weight)
    }
  }

  /// Calls `body` for every weight of the panel, filter by filter.
  @inline(__always)
  private func forEachWeight(
    _ used: [WindowStep], _ filters: Range<Int>, _ body: (_ step: Int, _ channel: Int, _ byte: Int, Int8) -> Void
  ) {
    weights.withUnsafeBufferPointer { weights in
      guard let start = weights.baseAddress else { return }
      for channel in 0..<filters.count {
        let filter = start + (filters.lowerBound + channel) * filterCount
        for index in used.indices {
          let step = used[index]
          for byte in 0..<step.count { body(index, channel, byte, filter[step.first + byte]) }
        }
      }
    }
  }

  /// The biases of `filters` as the kernel adds them.
  func bias(_ folded: [Int32], _ filters: Range<Int>) -> [Int32] {
    var bias = Array(folded[filters])
    if kernels.flipsActivations {
      for filter in filters { bias[filter - filters.lowerBound] &+= 128 &* sum(ofFilter: filter) }
    }
    return bias
  }

  /// The sum of one filter's weights.
  private func sum(ofFilter filter: Int) -> Int32 {
    var sum: Int32 = 0
    for weight in weights[filter * filterCount..<(filter + 1) * filterCount] { sum += Int32(weight) }
    return sum
  }
}
