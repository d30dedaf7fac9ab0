// Passes over all weights of a model each time it is loaded, sixteen weights at a time: once the file is inflated,
// they are most of what loading costs.

/// Sixteen s8 weights as two words.
private typealias Words = SIMD2<UInt64>

private var ones: Words { Words(repeating: 0x0101_0101_0101_0101) }

/// The sum and the sum of the magnitudes of s8 weights.
package func weightSums(_ weights: Span<Int8>) -> (sum: Int64, magnitude: Int64) {
  let bytes = unsafe weights.bytes
  let whole = weights.count & ~15
  // Weights are summed with 128 added, so that bytes are not negative.
  var biased: Int64 = 0
  var magnitude: Int64 = 0
  var first = 0
  while first < whole {
    // The 16-bit lanes hold 128 additions of two bytes each.
    let end = min(whole, first + 128 * 16)
    var biasedLanes = Words.zero
    var magnitudeLanes = Words.zero
    while first < end {
      let words = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: first, as: Words.self)
      let negative = words &>> 7 & ones
      // Two's complement negation of the negative bytes; -128 becomes 128, so no byte carries into the next.
      let absolute = (words ^ (negative &<< 8 &- negative)) &+ negative
      biasedLanes &+= pairSums(words ^ ones &<< 7)
      magnitudeLanes &+= pairSums(absolute)
      first += 16
    }
    biased += laneSum(biasedLanes)
    magnitude += laneSum(magnitudeLanes)
  }
  var sum = biased - 128 * Int64(whole)
  for index in whole..<weights.count {
    sum += Int64(weights[index])
    magnitude += abs(Int64(weights[index]))
  }
  return (sum, magnitude)
}

/// Whether -128, which no weight may be, is among `weights`.
package func containsMinimum(_ weights: Span<Int8>) -> Bool {
  let bytes = unsafe weights.bytes
  let tops = ones &<< 7
  let others = tops &- ones
  var found = Words.zero
  let whole = weights.count & ~15
  for first in stride(from: 0, to: whole, by: 16) {
    let words = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: first, as: Words.self)
    // The top bit is set, and adding 127 to the others does not carry into it: they are zero.
    found |= words & ~((words & others) &+ others)
  }
  if found & tops != .zero { return true }
  for index in whole..<weights.count where weights[index] == .min { return true }
  return false
}

/// Each pair of neighbouring bytes added, in 16-bit lanes.
@inline(__always) private func pairSums(_ words: Words) -> Words {
  let even = Words(repeating: 0x00FF_00FF_00FF_00FF)
  return (words & even) &+ (words &>> 8 & even)
}

private func laneSum(_ lanes: Words) -> Int64 {
  let even = Words(repeating: 0x0000_FFFF_0000_FFFF)
  let halves = (lanes & even) &+ (lanes &>> 16 & even)
  let sums = (halves & Words(repeating: 0xFFFF_FFFF)) &+ halves &>> 32
  return Int64(sums.x &+ sums.y)
}
