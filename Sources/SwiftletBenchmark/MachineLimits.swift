import CSwiftletKernels
import CSwiftletPlatform
import Foundation

/// A level of memory and how fast one core reads from it.
public struct MemoryLevel: Hashable, Sendable, Codable {
  /// `L1`, `L2`, `L3` or `memory`.
  public var name: String
  /// The most bytes it holds; nil for memory.
  public var capacity: Int?
  public var gigabytesPerSecond: Double

  public init(name: String, capacity: Int?, gigabytesPerSecond: Double) {
    self.name = name
    self.capacity = capacity
    self.gigabytesPerSecond = gigabytesPerSecond
  }

  enum CodingKeys: String, CodingKey {
    case name, capacity
    case gigabytesPerSecond = "gb_s"
  }
}

/// What one core of this CPU can do at best, measured here and now.
public struct MachineLimits: Hashable, Sendable, Codable {
  public var cpu: String
  /// The kernel table whose multiply-accumulate instruction `peak` belongs to.
  public var kernels: String
  /// 10^9 multiply-accumulates per second with nothing to load.
  public var peak: Double
  /// Ordered from the smallest; at least one.
  public var memory: [MemoryLevel]

  enum CodingKeys: String, CodingKey {
    case cpu, kernels, memory
    case peak = "peak_gmac_s"
  }

  public init(cpu: String, kernels: String, peak: Double, memory: [MemoryLevel]) {
    self.cpu = cpu
    self.kernels = kernels
    self.peak = peak
    self.memory = memory
  }

  /// Measures the peak of a kernel table and the levels of memory up to the one that holds `workingSet` bytes.
  ///
  /// - Parameter workingSet: nil measures every level. Some 30 ms each, and 0.2 s for memory itself.
  public static func measured(kernels: String, workingSet: Int? = nil) -> MachineLimits {
    MachineLimits(
      cpu: cpuName, kernels: kernels, peak: Self.peak(ofKernels: kernels), memory: Self.memory(upTo: workingSet))
  }

  /// The greater of both in each limit: a disturbance only ever lowers a measured limit.
  public func combined(with other: MachineLimits) -> MachineLimits {
    var result = self
    result.peak = max(peak, other.peak)
    for (index, level) in other.memory.enumerated() where index < memory.count && memory[index].name == level.name {
      result.memory[index].gigabytesPerSecond = max(memory[index].gigabytesPerSecond, level.gigabytesPerSecond)
    }
    return result
  }

  /// The smallest measured level that holds `workingSet` bytes, or the last.
  public func level(holding workingSet: Int) -> MemoryLevel {
    memory.first { level in level.capacity.map { $0 >= workingSet } ?? true } ?? memory[memory.count - 1]
  }

  // MARK: Compute

  /// The measured peak of a kernel table's multiply-accumulate instruction, in 10^9 per second on one core: `vpdpbusd`
  /// on 512 bits, `vpmaddwd` and an addition on 256, `sdot`, `smlal`; the best that baseline code can do for others.
  static func peak(ofKernels name: String) -> Double {
    let function = peakFunction(name)
    let rounds: UInt32 = 50_000
    let fastest = fastestNanoseconds(seconds: 0.04) { _ = function(rounds) }
    return Double(rounds) * Double(SWL_PEAK_ROUND) / fastest
  }

  static func peakFunction(_ name: String) -> @convention(c) (UInt32) -> UInt32 {
    #if arch(x86_64)
      let features = swl_cpu_features()
      if name.hasPrefix("avx512"), features & UInt32(SWL_CPU_AVX512VNNI) != 0 { return swl_peak__avx512vnni }
      if name.hasPrefix("avx2"), features & UInt32(SWL_CPU_AVX2) != 0 { return swl_peak__avx2 }
    #elseif arch(arm64)
      if name == "neondot", swl_cpu_features() & UInt32(SWL_CPU_NEONDOT) != 0 { return swl_peak__neondot }
      if name == "neon" { return swl_peak__neon }
    #endif
    return swl_peak__portable
  }

  // MARK: Memory

  static func memory(upTo workingSet: Int?) -> [MemoryLevel] {
    let caches = CacheSizes.ofThisMachine
    let levels = [("L1", caches.first), ("L2", caches.second), ("L3", caches.third)]
    var result: [MemoryLevel] = []
    var below = 0
    for (name, capacity) in levels where capacity > below {
      // Half the level, but well past the level below it.
      let byteCount = min(max(capacity / 2, 2 * below), capacity * 3 / 4)
      result.append(
        MemoryLevel(name: name, capacity: capacity, gigabytesPerSecond: readRate(min(byteCount, 16 << 20))))
      below = capacity
      if let workingSet, workingSet <= capacity { return result }
    }
    let beyondCaches = min(max(4 * caches.third, 64 << 20), 256 << 20)
    result.append(MemoryLevel(name: "memory", capacity: nil, gigabytesPerSecond: readRate(beyondCaches)))
    return result
  }

  static var readFunction: @convention(c) (UnsafeRawPointer?, Int, UInt32) -> UInt64 {
    #if arch(x86_64)
      let features = swl_cpu_features()
      if features & UInt32(SWL_CPU_AVX512VNNI) != 0 { return swl_read__avx512 }
      if features & UInt32(SWL_CPU_AVX2) != 0 { return swl_read__avx2 }
    #endif
    return swl_read__portable
  }

  /// The rate at which one core reads a buffer of some bytes again and again, in 10^9 bytes per second.
  private static func readRate(_ wanted: Int) -> Double {
    let byteCount = max(512, wanted / 512 * 512)
    guard let buffer = swl_aligned_alloc(64, byteCount) else { return 0 }
    defer { swl_aligned_free(buffer) }
    buffer.initializeMemory(as: UInt8.self, repeating: 1, count: byteCount)
    let rounds = UInt32(max(1, (4 << 20) / byteCount))
    let read = readFunction
    let fastest = fastestNanoseconds(seconds: 0.03) { _ = read(buffer, byteCount, rounds) }
    return Double(byteCount) * Double(rounds) / fastest
  }

  private static func fastestNanoseconds(seconds: Double, _ body: () -> Void) -> Double {
    let end = swl_clock_ns() + UInt64(seconds * 1e9)
    var fastest = UInt64.max
    var count = 0
    while count < 3 || swl_clock_ns() < end {
      let before = swl_clock_ns()
      body()
      fastest = min(fastest, swl_clock_ns() - before)
      count += 1
    }
    return Double(max(fastest, 1))
  }
}

/// The data caches that one core sees, in bytes; 0 where there is none.
struct CacheSizes: Hashable, Sendable {
  var first, second, third: Int

  /// What the system says, or common sizes where it says nothing.
  static var ofThisMachine: CacheSizes {
    var sizes = [0, 0, 0]
    for index in 0..<8 {
      let folder = "/sys/devices/system/cpu/cpu0/cache/index\(index)/"
      guard let type = text(folder + "type"), type != "Instruction",
        let level = text(folder + "level").flatMap(Int.init),
        (1...3).contains(level), let size = text(folder + "size").flatMap(parse)
      else { continue }
      sizes[level - 1] = size
    }
    guard sizes[0] > 0 else { return CacheSizes(first: 32 << 10, second: 1 << 20, third: 16 << 20) }
    return CacheSizes(first: sizes[0], second: sizes[1], third: sizes[2])
  }

  /// Bytes from `32K`, `1024K` or `1M`.
  static func parse(_ text: String) -> Int? {
    let factors: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    guard let last = text.last else { return nil }
    if let factor = factors[last] { return Int(text.dropLast()).map { $0 * factor } }
    return Int(text)
  }

  private static func text(_ path: String) -> String? {
    try? String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

extension MachineLimits {
  /// The CPU's name, and on x86 its family and model, for names given by hypervisors say little.
  public static var cpuName: String {
    guard let information = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return "unknown CPU" }
    var facts: [String: String] = [:]
    for line in information.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2, facts[parts[0]] == nil { facts[parts[0]] = parts[1] }
    }
    guard let name = facts["model name"] else { return facts["CPU part"].map { "ARM part \($0)" } ?? "unknown CPU" }
    guard let family = facts["cpu family"], let model = facts["model"] else { return name }
    return "\(name) (family \(family), model \(model))"
  }
}
