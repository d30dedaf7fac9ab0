/// What one context has seen: the probability of a 1 in 65536ths, and how often it was seen.
struct BitState {
  var probability: UInt16
  var count: UInt16

  /// A context not seen yet: it starts from what the mixer's first input says then.
  static var unseen: BitState { BitState(probability: 0, count: 0) }
  static var even: BitState { BitState(probability: 1 << 15, count: 0) }
  /// Counts rise to this and stay.
  static var highestCount: UInt16 { 1000 }
}

/// The logistic function and its inverse, in integers, and reciprocals (Format.md, Tables).
///
/// Logits are natural logarithms of odds in 256ths, -2047...2047.
final class LogisticTables {
  /// 65536 / (1 + e^(-x/256)) at index x + 2047.
  let squash: UnsafeMutablePointer<UInt16>
  /// The least logit whose probability is at least 16 i + 8, for i = probability / 16.
  let stretch: UnsafeMutablePointer<Int16>
  /// 65536 / i, at most 65535.
  let reciprocal: UnsafeMutablePointer<UInt16>
  static var largestLogit: Int { 2047 }
  private static var reciprocalCount: Int { Int(BitState.highestCount) + 16 }

  init() {
    squash = .allocate(capacity: 2 * Self.largestLogit + 1)
    stretch = .allocate(capacity: 4096)
    reciprocal = .allocate(capacity: Self.reciprocalCount)
    // e^(-x/256) in 2^-32ths, by multiplying with e^(-1/256) again and again.
    var power: UInt64 = 1 << 32
    for x in 0...Self.largestLogit {
      let probability = (1 << 48) / (1 << 32 + power)
      squash[Self.largestLogit + x] = UInt16(probability)
      squash[Self.largestLogit - x] = UInt16(65536 - probability)
      power = (power * 4_278_222_805 + 1 << 31) >> 32
    }
    var x = 0
    for index in 0..<4096 {
      while x < 2 * Self.largestLogit && Int(squash[x]) < 16 * index + 8 { x += 1 }
      stretch[index] = Int16(x - Self.largestLogit)
    }
    reciprocal[0] = 65535
    for index in 1..<Self.reciprocalCount { reciprocal[index] = UInt16(min(65536 / index, 65535)) }
  }

  deinit {
    squash.deallocate()
    stretch.deallocate()
    reciprocal.deallocate()
  }
}

/// Adjusts a context after a bit; `inertia` is how many sightings its starting probability counts for.
@inline(__always) private func learn(
  _ state: UnsafeMutablePointer<BitState>, _ bit: Int, inertia: Int, _ reciprocal: UnsafeMutablePointer<UInt16>
) {
  let count = Int(state.pointee.count)
  let old = Int64(state.pointee.probability)
  let change = ((0 &- Int64(bit)) & 65535 &- old) &* Int64(reciprocal[count &+ inertia])
  state.pointee.probability = UInt16(truncatingIfNeeded: old &+ change >> 16)
  // Without a branch, which would be taken at random.
  state.pointee.count = UInt16(truncatingIfNeeded: count &+ (count < Int(BitState.highestCount) ? 1 : 0))
}

/// Mixes the predictions of several contexts in the logistic domain (Mahoney 2005, PAQ6 to lpaq), in integers.
///
/// The first input is the general one; the others enter by how far they differ from it, so a context not seen yet
/// says nothing. Weights have 16 fractional bits.
struct BitMixer: ~Copyable {
  let contexts: UnsafeMutablePointer<UnsafeMutablePointer<BitState>>
  private let weights: UnsafeMutablePointer<Int64>
  private let logits: UnsafeMutablePointer<Int64>
  private let inertia: Int
  private let rate: Int64
  private let tables: LogisticTables
  // The tables' pointers, at hand.
  private let squash, reciprocal: UnsafeMutablePointer<UInt16>
  private let stretch: UnsafeMutablePointer<Int16>
  static var largestInputCount: Int { 6 }

  /// - Parameters:
  ///   - weight: Of every input but the first when nothing has been learned, in 65536ths.
  ///   - rate: How fast weights are learned.
  init(_ tables: LogisticTables, inertia: Int, weight: Int64, rate: Int64) {
    contexts = .allocate(capacity: Self.largestInputCount)
    weights = .allocate(capacity: Self.largestInputCount)
    logits = .allocate(capacity: Self.largestInputCount)
    weights.initialize(repeating: weight, count: Self.largestInputCount)
    weights[0] = 1 << 16
    (self.inertia, self.rate) = (inertia, rate)
    self.tables = tables
    (squash, stretch, reciprocal) = (tables.squash, tables.stretch, tables.reciprocal)
  }

  deinit {
    contexts.deallocate()
    weights.deallocate()
    logits.deallocate()
  }

  /// Codes a bit by the first `count` contexts and teaches them and the weights.
  @inline(__always) func code<Coder: BitCoder>(_ bit: Int, _ coder: inout Coder, count: Int) -> Int {
    let general = contexts[0].pointee.probability
    let first = Int64(stretch[Int(general >> 4)])
    logits[0] = first
    var sum = first &* weights[0]
    for input in 1..<count {
      let state = contexts[input]
      if state.pointee.count == 0 { state.pointee.probability = general }
      let logit = Int64(stretch[Int(state.pointee.probability >> 4)]) &- first
      logits[input] = logit
      sum &+= logit &* weights[input]
    }
    let limit = Int64(LogisticTables.largestLogit)
    let logit = max(-limit, min(limit, sum >> 16))
    let probability = UInt32(squash[Int(logit &+ limit)])
    let bit = coder.code(bit, probability: probability)
    let error = (Int64(bit) << 16 &- Int64(probability)) &* rate
    for input in 0..<count {
      weights[input] &+= (logits[input] &* error) >> 18
      learn(contexts[input], bit, inertia: inertia, reciprocal)
    }
    return bit
  }
}

/// Codes bits by single contexts, for data too scarce for mixing.
struct BitLearner {
  let tables: LogisticTables

  func code<Coder: BitCoder>(_ bit: Int, _ coder: inout Coder, _ state: UnsafeMutablePointer<BitState>) -> Int {
    let probability = max(32, min(65504, UInt32(state.pointee.probability)))
    let bit = coder.code(bit, probability: probability)
    learn(state, bit, inertia: 2, tables.reciprocal)
    return bit
  }
}
