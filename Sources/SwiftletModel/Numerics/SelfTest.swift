/// The proof a quantized model carries: a hash of its outputs on generated inputs.
public struct SelfTest: Hashable, Sendable {
  /// The seed of `GoldenInput`.
  public var seed: UInt64
  public var sampleCount: Int
  /// `OutputHash` over the outputs of all samples in order: per sample each output in order, elements in NHWC order,
  /// s32 as 4 little-endian bytes, u8 as one.
  public var outputHash: UInt64

  public init(seed: UInt64 = 0, sampleCount: Int = 16, outputHash: UInt64) {
    self.seed = seed
    self.sampleCount = sampleCount
    self.outputHash = outputHash
  }

  /// The most samples a file may ask for.
  public static var maximumSampleCount: Int { 1024 }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the project's one generator of pseudo-random integers.
@frozen public struct SplitMix64: RandomNumberGenerator, Hashable, Sendable {
  public var state: UInt64

  @inlinable public init(seed: UInt64) { state = seed }

  @inlinable public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z &>> 31)
  }

  /// A real in 0 ..< 1 with 24 random bits.
  @inlinable public mutating func nextUnit() -> Float { Float(next() &>> 40) * 0x1p-24 }
}

/// The inputs of the self-test: bytes of SplitMix64, least significant first.
///
/// One stream runs through all samples and, within a sample, all inputs. Each element takes the next byte b of the
/// stream; the input is b where b's top bit is set, else 0, so that half the input lies at the dark end as in images.
public struct GoldenInput: Sendable {
  private var generator: SplitMix64
  private var word: UInt64 = 0
  private var left = 0

  public init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  public mutating func nextByte() -> UInt8 {
    if left == 0 {
      word = generator.next()
      left = 8
    }
    let byte = UInt8(truncatingIfNeeded: word)
    word >>= 8
    left -= 1
    return byte >= 128 ? byte : 0
  }
}

/// FNV-1a, 64 bits (Fowler, Noll and Vo), over output bytes.
@frozen public struct OutputHash: Hashable, Sendable {
  public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  public init() {}

  public mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

  public mutating func add(_ element: Int32) {
    let bits = UInt32(bitPattern: element)
    for shift in stride(from: UInt32(0), to: 32, by: 8) { add(UInt8(truncatingIfNeeded: bits >> shift)) }
  }
}
