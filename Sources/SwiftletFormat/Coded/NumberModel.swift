/// Whole numbers, signed or not, by the length of their binary form (Format.md, Numbers).
struct NumberModel: ~Copyable {
  private let learner: BitLearner
  private let contexts = ContextTable(2 + 2 * (longest + 1), .even)

  /// Numbers stay below 2^(longest + 1) - 1.
  private static var longest: Int { 31 }

  init(_ tables: LogisticTables) { learner = BitLearner(tables: tables) }

  /// Lets the next numbers count for more than those so far.
  func loosen(to limit: UInt16) { contexts.loosen(to: limit) }

  /// Codes a number from 0 to 2^32 - 2.
  func code<Coder: BitCoder>(_ value: Int64, _ coder: inout Coder) -> Int64 {
    let wanted = value + 1
    let lengths = contexts.states + 2
    var length = 0
    while length < Self.longest, learner.code(wanted >> (length + 1) != 0 ? 1 : 0, &coder, lengths + length) == 1 {
      length += 1
    }
    var found: Int64 = 1
    for bit in (0..<length).reversed() {
      let wantedBit = Int(wanted >> bit & 1)
      let isFirst = bit == length - 1
      let next =
        isFirst
        ? learner.code(wantedBit, &coder, lengths + Self.longest + 1 + length)
        : coder.code(wantedBit, probability: 1 << 15)
      found = found << 1 | Int64(next)
    }
    return found - 1
  }

  /// Codes a number of magnitude at most 2^32 - 1: whether it is zero, its sign, its magnitude.
  func codeSigned<Coder: BitCoder>(_ value: Int64, _ coder: inout Coder) -> Int64 {
    guard learner.code(value != 0 ? 1 : 0, &coder, contexts.states) == 1 else { return 0 }
    let isNegative = learner.code(value < 0 ? 1 : 0, &coder, contexts.states + 1) == 1
    let magnitude = code(abs(value) - 1, &coder) + 1
    return isNegative ? -magnitude : magnitude
  }
}

/// Bytes predicted by the two bytes before (Format.md, Bytes).
struct ByteModel: ~Copyable {
  private let mixer: BitMixer
  private let general = ContextTable(256, .even)
  private let afterOne = ContextTable(contextCount << 8)
  private let afterTwo = ContextTable(contextCount << 8)

  private static var contextCount: Int { 64 }

  init(_ tables: LogisticTables) {
    mixer = BitMixer(tables, inertia: 2, weight: 26214, rate: 12)
    // Most bytes of a graph are small, and text is below 128.
    general.states[1].probability = 1 << 13
  }

  /// Codes a byte after `one`, which came after `two`.
  func code<Coder: BitCoder>(_ byte: UInt8, after one: UInt8, _ two: UInt8, _ coder: inout Coder) -> UInt8 {
    let first = afterOne.states + (Int(one) & 63) << 8
    let second = afterTwo.states + ((Int(one) &* 5 &+ Int(two) &* 27) & 63) << 8
    var node = 1
    for bit in (0..<8).reversed() {
      mixer.contexts[0] = general.states + node
      mixer.contexts[1] = first + node
      mixer.contexts[2] = second + node
      node = node << 1 | mixer.code(Int(byte >> UInt8(bit)) & 1, &coder, count: 3)
    }
    return UInt8(truncatingIfNeeded: node)
  }
}
