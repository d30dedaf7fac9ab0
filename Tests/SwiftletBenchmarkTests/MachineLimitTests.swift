import CSwiftletKernels
import SwiftletBenchmark
import SwiftletModel
import Testing

/// The limits that shares are taken of.
@Suite struct MachineLimitTests {
  private static var peaks: [(name: String, run: @convention(c) (UInt32) -> UInt32)] {
    var result: [(name: String, run: @convention(c) (UInt32) -> UInt32)] = [("portable", swl_peak__portable)]
    let features = swl_cpu_features()
    #if arch(x86_64)
      if features & UInt32(SWL_CPU_AVX2) != 0 { result.append(("avx2", swl_peak__avx2)) }
      if features & UInt32(SWL_CPU_AVX512VNNI) != 0 { result.append(("avx512vnni", swl_peak__avx512vnni)) }
    #elseif arch(arm64)
      result.append(("neon", swl_peak__neon))
      if features & UInt32(SWL_CPU_NEONDOT) != 0 { result.append(("neondot", swl_peak__neondot)) }
    #endif
    return result
  }

  private static var reads: [@convention(c) (UnsafeRawPointer?, Int, UInt32) -> UInt64] {
    var result: [@convention(c) (UnsafeRawPointer?, Int, UInt32) -> UInt64] = [swl_read__portable]
    #if arch(x86_64)
      let features = swl_cpu_features()
      if features & UInt32(SWL_CPU_AVX2) != 0 { result.append(swl_read__avx2) }
      if features & UInt32(SWL_CPU_AVX512VNNI) != 0 { result.append(swl_read__avx512) }
    #endif
    return result
  }

  /// Every product is 1, so the sum of the accumulators counts the multiply-accumulates that really happened.
  @Test func peaksDoTheWorkTheyClaim() {
    for (name, run) in Self.peaks {
      for rounds: UInt32 in [0, 1, 7, 1000, 6_000_000] {
        #expect(run(rounds) == rounds &* UInt32(SWL_PEAK_ROUND), "\(name), \(rounds) rounds")
      }
    }
  }

  @Test func readsSeeEveryByteInEveryPass() {
    let count = 2048
    let words = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: count / 8 + 8)
    defer { words.deallocate() }
    var random = SplitMix64(seed: 4)
    for index in words.indices { words.initializeElement(at: index, to: random.next()) }
    // A 64-byte boundary, and bytes behind the end that no read may take in.
    let start = (64 - Int(bitPattern: words.baseAddress) % 64) % 64 / 8
    let bytes = UnsafeMutableRawPointer(words.baseAddress! + start)
    for read in Self.reads {
      let plain = words[start..<start + count / 8].reduce(0, ^)
      #expect(read(bytes, count, 1) == plain ^ 1)
      #expect(read(bytes, count, 3) == plain ^ 3)
      #expect(read(bytes, count, 2) == 2, "two passes cancel")
      #expect(read(bytes, 0, 5) == 5)
      for byte in stride(from: 0, to: count, by: 61) {
        let word = start + byte / 8
        words[word] ^= 1 << UInt64(byte % 8 * 8)
        #expect(read(bytes, count, 1) != plain ^ 1, "byte \(byte)")
        words[word] ^= 1 << UInt64(byte % 8 * 8)
      }
    }
  }

  @Test func measuredLimitsArePossible() {
    let limits = MachineLimits.measured(kernels: "portable", workingSet: 1)
    // One multiply-accumulate per 1000 cycles, and more than any core does.
    #expect(limits.peak > 0.001 && limits.peak < 100_000)
    #expect(limits.memory.count == 1, "one byte fits the first level")
    #expect(limits.memory[0].gigabytesPerSecond > 0.01 && limits.memory[0].gigabytesPerSecond < 100_000)
    #expect(!limits.cpu.isEmpty && limits.kernels == "portable")
  }

  private let example = MachineLimits(
    cpu: "test", kernels: "avx2", peak: 100,
    memory: [
      MemoryLevel(name: "L1", capacity: 1000, gigabytesPerSecond: 90),
      MemoryLevel(name: "L2", capacity: 5000, gigabytesPerSecond: 50),
      MemoryLevel(name: "memory", capacity: nil, gigabytesPerSecond: 10),
    ])

  @Test func theSmallestLevelThatHoldsTheWorkingSetApplies() {
    #expect(example.level(holding: 0).name == "L1")
    #expect(example.level(holding: 1000).name == "L1")
    #expect(example.level(holding: 1001).name == "L2")
    #expect(example.level(holding: 5001).name == "memory")
    var caches = example
    caches.memory.removeLast()
    #expect(caches.level(holding: 1 << 40).name == "L2", "the last one measured")
  }

  @Test func combiningKeepsTheGreaterLimit() {
    var other = example
    other.peak = 120
    other.memory[0].gigabytesPerSecond = 80
    other.memory[1].gigabytesPerSecond = 60
    other.memory.removeLast()
    let both = example.combined(with: other)
    #expect(both.peak == 120)
    #expect(both.memory.map(\.gigabytesPerSecond) == [90, 60, 10])
  }

  @Test func theLimitThatBindsIsTheGreaterShareOrOverhead() {
    #expect(BindingLimit(computeShare: 0.5, memoryShare: 0.4) == .compute)
    #expect(BindingLimit(computeShare: 0.4, memoryShare: 0.5) == .memory)
    #expect(BindingLimit(computeShare: 0.29, memoryShare: 0.29) == .overhead)
    #expect(BindingLimit(computeShare: 0.3, memoryShare: 0.1) == .compute)
    #expect(BindingLimit(computeShare: 1.4, memoryShare: 0.9) == .compute, "a fast algorithm passes the peak")
  }
}
