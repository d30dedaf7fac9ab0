/// The integers that weights may become.
package enum IntegerGrid: Hashable, Sendable {
  /// Every integer in -levels ... levels.
  case uniform(levels: Int)
  /// A few values, ascending, 0 among them: a codebook.
  case codebook([Int8])

  /// The nearest of the integers; of two the one further from 0 where all are allowed, else the smaller value.
  package func nearest(_ value: Double) -> Double {
    switch self {
    case .uniform(let levels): return max(-Double(levels), min(Double(levels), value.rounded()))
    case .codebook(let values):
      var best = Double(values[0])
      for candidate in values.dropFirst() where abs(Double(candidate) - value) < abs(best - value) {
        best = Double(candidate)
      }
      return best
    }
  }

  /// The codebook of at most `size` integers in -limit ... limit, 0 among them, that weights err least from in the sum
  /// of squares: k-means in one dimension, exact by dynamic programming (Wang and Song 2011) over the 255 integers.
  ///
  /// - Parameters:
  ///   - histogram: How much each integer -127 ... 127 counts, by what its weights' squares are worth.
  ///   - size: 2 at least.
  package static func codebook(of histogram: [Double], size: Int, limit: Int) -> IntegerGrid {
    precondition(histogram.count == 255 && size >= 2 && (1...127).contains(limit), "a histogram of int8 values")
    let clusters = OrderedClusters(histogram, limit: limit)
    return .codebook(clusters.centers(count: size))
  }
}

/// Runs of consecutive integers, each standing for one value.
private struct OrderedClusters {
  private let limit: Int
  /// Sums of the weights, and of weights times value and value squared, over the integers before each.
  private var mass = [0.0], first = [0.0], second = [0.0]

  init(_ histogram: [Double], limit: Int) {
    self.limit = limit
    for (index, count) in histogram.enumerated() {
      let value = Double(index - 127)
      mass.append(mass[index] + count)
      first.append(first[index] + count * value)
      second.append(second[index] + count * value * value)
    }
  }

  /// What stands for the integers at `range` of the histogram: their mean, or 0 where it is among them, so that pruned
  /// weights stay pruned.
  private func center(_ range: Range<Int>) -> Double {
    guard !range.contains(127) else { return 0 }
    let count = mass[range.upperBound] - mass[range.lowerBound]
    let mean = count > 0 ? (first[range.upperBound] - first[range.lowerBound]) / count : Double(range.lowerBound - 127)
    return max(-Double(limit), min(Double(limit), mean.rounded()))
  }

  private func cost(_ range: Range<Int>) -> Double {
    let center = center(range)
    return second[range.upperBound] - second[range.lowerBound]
      - 2 * center * (first[range.upperBound] - first[range.lowerBound])
      + center * center * (mass[range.upperBound] - mass[range.lowerBound])
  }

  func centers(count: Int) -> [Int8] {
    let bins = mass.count - 1
    // The least error of the integers before `end` in so many clusters, and where the last of them starts.
    var least = (0...bins).map { $0 == 0 ? 0 : cost(0..<$0) }
    var starts = [[Int](repeating: 0, count: bins + 1)]
    for _ in 1..<count {
      var next = least
      // A cluster may be empty: fewer are as good where there are few values.
      var start = Array(0...bins)
      for end in 1...bins {
        for split in 1..<end where least[split] + cost(split..<end) < next[end] {
          next[end] = least[split] + cost(split..<end)
          start[end] = split
        }
      }
      least = next
      starts.append(start)
    }
    var values: Set<Int8> = [0]
    var end = bins
    for start in starts.reversed() where start[end] < end {
      values.insert(Int8(center(start[end]..<end)))
      end = start[end]
    }
    return values.sorted()
  }
}
