import CSwiftletKernels

/// The inputs of a kernel's step, or fewer at the end of a run, of every window: where they lie and which weights meet them.
struct WindowStep {
  /// Inputs from the window's first tap; of a `WordImage`, its bytes.
  var offset: Int
  /// The weights of one filter: `count` of them from `first` on, `distance` apart.
  var first, count: Int
  var distance = 1

  /// The weights are four bytes side by side.
  var isWord: Bool { count == 4 && distance == 1 }
}

/// Lays weights out in the order a kernel reads them.
struct WeightPacker {
  let layout: PanelLayout
  let weights: [Int8]
  /// Weights of one filter.
  let filterCount: Int
  let steps: [WindowStep]

  /// The steps in which some filter of the panel has a nonzero weight; the others add nothing.
  func usedSteps(filters: Range<Int>) -> [WindowStep] {
    let presence = presence(filters: filters)
    var used: [WindowStep] = []
    used.reserveCapacity(presence.reduce(0) { $0 + ($1 != 0 ? 1 : 0) })
    for (index, bits) in presence.enumerated() where bits != 0 { used.append(steps[index]) }
    return used
  }

  /// For every step the weights of `filters` there, or-ed together: zero where none of them matters. Where every step
  /// has some, the later filters are not looked at.
  func presence(filters: Range<Int>) -> [UInt32] {
    var presence = [UInt32](repeating: 0, count: steps.count)
    weights.withUnsafeBufferPointer { weights in
      guard let start = weights.baseAddress else { return }
      presence.withUnsafeMutableBufferPointer { presence in
        // Filter by filter, in the order the weights lie in memory.
        let areNeighbours = areNeighbours
        for filter in filters {
          let first = start + filter * filterCount
          if areNeighbours {
            addWords(first + steps[0].first, to: UnsafeMutableRawBufferPointer(presence))
          } else {
            add(first, to: presence)
          }
          if filter & 3 == 3, !presence.contains(0) { return }
        }
      }
    }
    return presence
  }

  /// Whether the steps' weights are words one after the other.
  private var areNeighbours: Bool {
    for index in steps.indices where !steps[index].isWord || steps[index].first != steps[0].first + 4 * index {
      return false
    }
    return !steps.isEmpty
  }

  /// As `add`, for neighbouring words, sixteen bytes at a time.
  private func addWords(_ words: UnsafePointer<Int8>, to presence: UnsafeMutableRawBufferPointer) {
    guard let start = presence.baseAddress else { return }
    let words = UnsafeRawPointer(words)
    let whole = presence.count & ~15
    for first in stride(from: 0, to: whole, by: 16) {
      let sum =
        (start + first).loadUnaligned(as: SIMD2<UInt64>.self)
        | (words + first).loadUnaligned(as: SIMD2<UInt64>.self)
      (start + first).storeBytes(of: sum, as: SIMD2<UInt64>.self)
    }
    for first in stride(from: whole, to: presence.count, by: 4) {
      let sum = (start + first).loadUnaligned(as: UInt32.self) | (words + first).loadUnaligned(as: UInt32.self)
      (start + first).storeBytes(of: sum, as: UInt32.self)
    }
  }

  private func add(_ filter: UnsafePointer<Int8>, to presence: UnsafeMutableBufferPointer<UInt32>) {
    steps.withUnsafeBufferPointer { steps in
      for index in 0..<steps.count {
        let step = steps[index]
        let source = filter + step.first
        if step.isWord {
          presence[index] |= UnsafeRawPointer(source).loadUnaligned(as: UInt32.self)
        } else {
          for byte in 0..<step.count { presence[index] |= UInt32(UInt8(bitPattern: source[byte &* step.distance])) }
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
    let count = stepCount * vectors * layout.lanes * layout.packing.stepInputs
    if layout.packing == .nibbles {
      return UnsafeMutableRawPointer(try memory.allocate(Int8.self, count: count / 2))
    }
    if layout.packing.isBytes { return UnsafeMutableRawPointer(try memory.allocate(Int8.self, count: count)) }
    return UnsafeMutableRawPointer(try memory.allocate(Int16.self, count: count))
  }

  /// Writes the weights of `filters` as steps `first` and up of what `allocate` gave.
  func pack(
    _ used: [WindowStep], filters: Range<Int>, vectors: Int, at first: Int, of memory: UnsafeMutableRawPointer
  ) {
    let width = vectors * layout.lanes
    let start = first * width * layout.packing.stepInputs
    if layout.packing.isBytes {
      packBytes(used, filters, width: width, at: memory.assumingMemoryBound(to: Int8.self) + start)
      return
    }
    let packing = layout.packing
    if packing == .nibbles {
      precondition(first == 0, "steps of four-bit weights come in pairs")
      let packed = memory.assumingMemoryBound(to: UInt8.self)
      forEachWeight(used, filters) { step, channel, byte, weight in
        packed[(step / 2 * width + channel) * 4 + byte] |= (UInt8(bitPattern: weight) & 15) << UInt8(step % 2 * 4)
      }
      return
    }
    let packed = memory.assumingMemoryBound(to: Int16.self) + start
    forEachWeight(used, filters) { step, channel, byte, weight in
      let index =
        switch packing {
        case .pairs: ((step * 2 + byte & 1) * width + channel) * 2 + byte >> 1
        case .rows: (step * 4 + byte) * width + channel
        case .widened: (step * width + channel) * 2 + byte
        // Packed elsewhere.
        case .none, .bytes, .runs, .nibbles, .taps, .quads, .transformed: 0
        }
      packed[index] = Int16(weight)
    }
  }

  /// A step's weights side by side, of eight filters at a time: what is written of them lies together.
  private func packBytes(
    _ used: [WindowStep], _ filters: Range<Int>, width: Int, at packed: UnsafeMutablePointer<Int8>
  ) {
    let stepInputs = layout.packing.stepInputs
    weights.withUnsafeBufferPointer { weights in
      guard let start = weights.baseAddress else { return }
      used.withUnsafeBufferPointer { used in
        for channel in stride(from: 0, to: filters.count, by: 8) {
          let together = min(8, filters.count &- channel)
          let filter = start + (filters.lowerBound &+ channel) &* filterCount
          var row = packed + channel &* stepInputs
          for index in 0..<used.count {
            let step = used[index]
            var source = filter + step.first
            var target = row
            for _ in 0..<together {
              if step.isWord {
                UnsafeMutableRawPointer(target).storeBytes(
                  of: UnsafeRawPointer(source).loadUnaligned(as: UInt32.self), as: UInt32.self)
              } else {
                for byte in 0..<step.count { target[byte] = source[byte &* step.distance] }
              }
              source += filterCount
              target += stepInputs
            }
            row += width &* stepInputs
          }
        }
      }
    }
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
            let distance = used[index].distance
            if used[index].count == 4 {
              // Written out, so that what `body` computes from the byte's number is constant.
              body(index, channel, 0, source[0])
              body(index, channel, 1, source[distance])
              body(index, channel, 2, source[2 * distance])
              body(index, channel, 3, source[3 * distance])
            } else {
              for byte in 0..<used[index].count { body(index, channel, byte, source[byte * distance]) }
            }
          }
        }
      }
    }
  }

  /// Whether every weight of `filters` is in -8...7.
  func fitsFourBits(_ filters: Range<Int>) -> Bool {
    weights[filters.lowerBound * filterCount..<filters.upperBound * filterCount].allSatisfy { -8...7 ~= $0 }
  }

  /// Numbers of consecutive steps in which no pair of inputs (0, 1) or (2, 3) of a filter can sum more than 16 bits hold,
  /// for inputs of up to 255 and for nibbles of up to 15; 0 where one step can.
  func stepsFittingInt16(_ used: [WindowStep], filters: Range<Int>) -> (whole: Int, nibbles: Int) {
    var whole = StepRun(limit: Int32(Int16.max) / 255, count: max(used.count, 1))
    var nibbles = StepRun(limit: Int32(Int16.max) / 15, count: max(used.count, 1))
    // Before each step: the positive and the negative weights of the first pair so far, then of the second.
    var sums = [SIMD4<Int32>](repeating: .zero, count: used.count + 1)
    weights.withUnsafeBufferPointer { weights in
      guard let start = weights.baseAddress else { return }
      sums.withUnsafeMutableBufferPointer { sums in
        for filter in filters {
          var total = SIMD4<Int32>.zero
          for index in 0..<used.count {
            let source = start + filter * filterCount + used[index].first
            for position in 0..<used[index].count {
              let weight = Int32(source[position * used[index].distance])
              let first = position < 2
              let (positive, negative) = (max(0, weight), max(0, -weight))
              total &+= first ? SIMD4(positive, negative, 0, 0) : SIMD4(0, 0, positive, negative)
            }
            sums[index + 1] = total
          }
          let all = UnsafeBufferPointer(sums)
          whole.shorten(to: all)
          nibbles.shorten(to: all)
        }
      }
    }
    return (whole.count, nibbles.count)
  }

  /// Steps whose sums stay within a limit wherever they begin.
  private struct StepRun {
    let limit: Int32
    var count: Int

    /// Shortens the run, by about a quarter at a time, until it fits a filter: `sums` are its sums before each step.
    mutating func shorten(to sums: UnsafeBufferPointer<SIMD4<Int32>>) {
      while count > 0 && !fits(sums) { count = count > 4 ? count - count / 4 : count - 1 }
    }

    private func fits(_ sums: UnsafeBufferPointer<SIMD4<Int32>>) -> Bool {
      let most = SIMD4(repeating: limit)
      var isOver = SIMDMask<SIMD4<Int32>>(repeating: false)
      for first in 0..<max(0, sums.count - count) { isOver .|= sums[first + count] &- sums[first] .> most }
      return !any(isOver)
    }
  }

  /// The biases of `filters` as the kernel adds them; one that flips its activations adds 128 * sum(weights) more.
  func bias(_ folded: [Int32], _ filters: Range<Int>, flips: Bool) -> [Int32] {
    var bias = Array(folded[filters])
    if flips {
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
