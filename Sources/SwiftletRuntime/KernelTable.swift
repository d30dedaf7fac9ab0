import CSwiftletKernels
import CSwiftletPlatform

/// How a convolution kernel wants its weights, a step being four input bytes unless said.
enum WeightPacking: Sendable {
  /// [step][channel][4], s8.
  case bytes
  /// [step][pair][channel][2], s16; pair 0 is input bytes 0 and 2, pair 1 is 1 and 3.
  case pairs
  /// [step][4][channel], s16.
  case rows
  /// [step][channel][2], s16, a step being two inputs of an image widened to s16.
  case widened
  /// [step][channel][64], s8, a step being 64 inputs side by side.
  case runs
  /// `bytes` of which a step and the next one share each byte, its low half the first's weight.
  case nibbles

  var stepInputs: Int {
    switch self {
    case .bytes, .pairs, .rows, .nibbles: 4
    case .widened: 2
    case .runs: 64
    }
  }
  var isBytes: Bool {
    switch self {
    case .bytes, .runs: true
    case .pairs, .rows, .widened, .nibbles: false
    }
  }
  /// Bytes of one input of the image that the kernel reads.
  var inputByteCount: Int { if case .widened = self { 2 } else { 1 } }
}

/// The shape of a convolution kernel's panels.
struct PanelLayout: Sendable {
  let packing: WeightPacking
  /// Output channels in one vector, and the most vectors in a panel.
  let lanes, vectors: Int
}

/// The Winograd kernels of one instruction set, by the outputs of a tile.
final class WinogradKernels: @unchecked Sendable {
  /// Nil where no layer gains by it.
  let tiles2x2: KernelTable.Winograd?
  let tiles4x4: KernelTable.Winograd
  let names: (StaticString, StaticString)
  /// Output channels in one vector.
  let lanes: Int
  let costs: WinogradCosts

  init(
    tiles2x2: KernelTable.Winograd?, tiles4x4: @escaping KernelTable.Winograd, names: (StaticString, StaticString),
    lanes: Int, costs: WinogradCosts
  ) {
    (self.tiles2x2, self.tiles4x4, self.names) = (tiles2x2, tiles4x4, names)
    (self.lanes, self.costs) = (lanes, costs)
  }

  /// Output channels in one panel.
  var panel: Int { 2 * lanes }
}

/// Measured picoseconds (Zen 4 at 3.7 GHz), to tell which way a layer takes less time.
struct WinogradCosts: Sendable {
  /// One product, and one of the direct convolution.
  let product, directProduct: Double
  /// Reading one packed weight: what bounds layers of few tiles.
  let weight: Double
  /// What a point takes beside its products, for each panel.
  let point: Double
  /// Transforming one input channel of a tile.
  let input2x2, input4x4: Double
  /// Restoring and storing one output channel of a tile.
  let output2x2, output4x4: (plain: Double, pooled: Double)
  /// Storing one output of the direct convolution.
  let directOutput: Double
  /// Pixels that the direct convolution computes together.
  let directPixels: Int
  /// Layers of so few nonzero blocks take less time by those.
  let sparseShare: Double
}

/// The kernels of one instruction set, chosen once when a model is prepared.
///
/// Every table gives the same bytes; `reference` runs the plain Swift kernels that define them.
public final class KernelTable: @unchecked Sendable {
  typealias Convolution = @convention(c) (UnsafePointer<swl_conv_args>?) -> Void
  typealias Sparse = @convention(c) (UnsafePointer<swl_sparse_args>?) -> Void
  typealias Depthwise = @convention(c) (UnsafePointer<swl_depthwise_args>?) -> Void
  typealias Pool = @convention(c) (UnsafePointer<swl_pool_args>?) -> Void
  typealias Winograd = @convention(c) (UnsafePointer<swl_winograd_args>?) -> Void
  typealias Words = @convention(c) (UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<UInt8>?) -> Void
  typealias Addition = @convention(c) (UnsafePointer<swl_add_args>?) -> Void

  /// `reference`, `portable`, `avx2`, `avx512vnni`, `neon` or `neondot`.
  public let name: StaticString
  /// Bits of `swl_cpu_features`.
  let requires: UInt32
  let layout: PanelLayout
  /// The kernel flips the activations' top bit; its bias then holds 128 * sum(weights) more.
  let flipsActivations: Bool
  let convolution: Convolution
  let sparse: Sparse
  let depthwise: Depthwise
  let maxPool, meanPool: Pool
  let addition: Addition
  /// For one window per image, which then are many; nil where `convolution` does that as well.
  let dense: Convolution?
  let denseLayout: PanelLayout?
  let denseName: StaticString
  /// For panels of up to four output channels, which leave most lanes of `convolution` empty; nil where there is none.
  let few: Convolution?
  /// For dense panels of `layout` whose weights fit four bits; nil where there is none.
  let nibbles: Convolution?
  /// Nil where no transform was measured to pay on this instruction set.
  let winograd: WinogradKernels?
  /// Writes an image's bytes as words for `WordImage`; nil where the convolution kernel has no use for them.
  let words: Words?
  /// The sparse kernel's, where it is not `layout`.
  let sparseLayout: PanelLayout?
  let depthwisePacking: DepthwisePacking
  let convolutionName, sparseName, depthwiseName, maxPoolName, meanPoolName, additionName: StaticString

  init(
    name: StaticString, requires: UInt32, layout: PanelLayout, flipsActivations: Bool,
    convolution: @escaping Convolution, sparse: @escaping Sparse, depthwise: @escaping Depthwise,
    maxPool: @escaping Pool, meanPool: @escaping Pool, addition: @escaping Addition, dense: Convolution? = nil,
    denseLayout: PanelLayout? = nil, denseName: StaticString = "", few: Convolution? = nil,
    nibbles: Convolution? = nil, winograd: WinogradKernels? = nil,
    words: Words? = nil, sparseLayout: PanelLayout? = nil, depthwisePacking: DepthwisePacking = .taps,
    convolutionName: StaticString, sparseName: StaticString, depthwiseName: StaticString, maxPoolName: StaticString,
    meanPoolName: StaticString, additionName: StaticString
  ) {
    (self.name, self.requires, self.layout, self.flipsActivations) = (name, requires, layout, flipsActivations)
    (self.convolution, self.sparse, self.depthwise) = (convolution, sparse, depthwise)
    (self.maxPool, self.meanPool, self.addition) = (maxPool, meanPool, addition)
    (self.dense, self.denseLayout, self.denseName) = (dense, denseLayout, denseName)
    (self.few, self.nibbles) = (few, nibbles)
    (self.winograd, self.words, self.sparseLayout) = (winograd, words, sparseLayout)
    self.depthwisePacking = depthwisePacking
    (self.convolutionName, self.sparseName, self.depthwiseName) = (convolutionName, sparseName, depthwiseName)
    (self.maxPoolName, self.meanPoolName, self.additionName) = (maxPoolName, meanPoolName, additionName)
  }

  /// Whether this table runs the plain Swift kernels, node by node, and nothing else.
  public var isReference: Bool { name.utf8CodeUnitCount == 9 && byte(0) == UInt8(ascii: "r") }

  private func byte(_ index: Int) -> UInt8 { name.utf8Start[index] }

  func isNamed(_ other: Span<UInt8>) -> Bool {
    guard other.count == name.utf8CodeUnitCount else { return false }
    for i in 0..<other.count where other[i] != byte(i) { return false }
    return true
  }
}

extension KernelTable {
  /// Plain Swift, unfused: the definition of every result.
  public static var reference: KernelTable {
    KernelTable(
      name: "reference", requires: 0, layout: PanelLayout(packing: .pairs, lanes: 4, vectors: 2),
      flipsActivations: false,
      convolution: swl_conv_u8s8__portable, sparse: swl_sparse_u8s8__portable, depthwise: swl_depthwise_u8s16__portable,
      maxPool: swl_maxpool_u8__portable, meanPool: swl_meanpool_u8__portable, addition: swl_add_u8__portable,
      convolutionName: "reference", sparseName: "reference", depthwiseName: "reference", maxPoolName: "reference",
      meanPoolName: "reference",
      additionName: "reference")
  }

  /// C for any CPU.
  public static var portable: KernelTable {
    KernelTable(
      name: "portable", requires: 0, layout: PanelLayout(packing: .pairs, lanes: 4, vectors: 2),
      flipsActivations: false,
      convolution: swl_conv_u8s8__portable, sparse: swl_sparse_u8s8__portable, depthwise: swl_depthwise_u8s16__portable,
      maxPool: swl_maxpool_u8__portable, meanPool: swl_meanpool_u8__portable, addition: swl_add_u8__portable,
      convolutionName: "conv_u8s8__portable", sparseName: "sparse_u8s8__portable",
      depthwiseName: "depthwise_u8s16__portable",
      maxPoolName: "maxpool_u8__portable", meanPoolName: "meanpool_u8__portable", additionName: "add_u8__portable")
  }

  #if arch(x86_64)
    static var avx2: KernelTable {
      KernelTable(
        name: "avx2", requires: UInt32(SWL_CPU_AVX2), layout: PanelLayout(packing: .widened, lanes: 8, vectors: 2),
        flipsActivations: false, convolution: swl_conv_u8s8__avx2, sparse: swl_sparse_u8s8__avx2,
        depthwise: swl_depthwise_u8s16__avx2,
        maxPool: swl_maxpool_u8__avx2, meanPool: swl_meanpool_u8__avx2, addition: swl_add_u8__avx2,
        dense: swl_dense_u8s8__avx2, denseLayout: PanelLayout(packing: .bytes, lanes: 8, vectors: 4),
        denseName: "dense_u8s8__avx2",
        winograd: WinogradKernels(
          tiles2x2: swl_winograd2x2_u8s8__avx2, tiles4x4: swl_winograd4x4_u8s8__avx2,
          names: ("winograd2x2_u8s8__avx2", "winograd4x4_u8s8__avx2"), lanes: 8, costs: .avx2),
        sparseLayout: PanelLayout(packing: .pairs, lanes: 8, vectors: 2),
        convolutionName: "conv_u8s8__avx2", sparseName: "sparse_u8s8__avx2", depthwiseName: "depthwise_u8s16__avx2",
        maxPoolName: "maxpool_u8__avx2", meanPoolName: "meanpool_u8__avx2", additionName: "add_u8__avx2")
    }

    static var avx512vnni: KernelTable {
      KernelTable(
        name: "avx512vnni", requires: UInt32(SWL_CPU_AVX512VNNI),
        layout: PanelLayout(packing: .bytes, lanes: 16, vectors: 4),
        flipsActivations: false, convolution: swl_conv_u8s8__avx512vnni, sparse: swl_sparse_u8s8__avx512vnni,
        depthwise: swl_depthwise_u8s8__avx512vnni, maxPool: swl_maxpool_u8__avx512vnni,
        meanPool: swl_meanpool_u8__avx512vnni, addition: swl_add_u8__avx512vnni,
        few: swl_few_u8s8__avx512vnni, nibbles: swl_dense_u8s4__avx512vnni,
        winograd: WinogradKernels(
          tiles2x2: nil, tiles4x4: swl_winograd4x4_u8s8__avx512vnni,
          names: ("", "winograd4x4_u8s8__avx512vnni"), lanes: 16, costs: .avx512vnni),
        words: swl_words_u8__avx512vnni,
        depthwisePacking: .quads,
        convolutionName: "conv_u8s8__avx512vnni", sparseName: "sparse_u8s8__avx512vnni",
        depthwiseName: "depthwise_u8s8__avx512vnni",
        maxPoolName: "maxpool_u8__avx512vnni", meanPoolName: "meanpool_u8__avx512vnni",
        additionName: "add_u8__avx512vnni")
    }
  #elseif arch(arm64)
    static var neon: KernelTable {
      KernelTable(
        name: "neon", requires: UInt32(SWL_CPU_NEON), layout: PanelLayout(packing: .rows, lanes: 4, vectors: 4),
        flipsActivations: false, convolution: swl_conv_u8s8__neon, sparse: swl_sparse_u8s8__neon,
        depthwise: swl_depthwise_u8s16__neon,
        maxPool: swl_maxpool_u8__neon, meanPool: swl_meanpool_u8__neon, addition: swl_add_u8__neon,
        convolutionName: "conv_u8s8__neon", sparseName: "sparse_u8s8__neon", depthwiseName: "depthwise_u8s16__neon",
        maxPoolName: "maxpool_u8__neon", meanPoolName: "meanpool_u8__neon", additionName: "add_u8__neon")
    }

    static var neondot: KernelTable {
      KernelTable(
        name: "neondot", requires: UInt32(SWL_CPU_NEONDOT), layout: PanelLayout(packing: .bytes, lanes: 4, vectors: 4),
        flipsActivations: true, convolution: swl_conv_u8s8__neondot, sparse: swl_sparse_u8s8__neondot,
        depthwise: swl_depthwise_u8s16__neon,
        maxPool: swl_maxpool_u8__neon, meanPool: swl_meanpool_u8__neon, addition: swl_add_u8__neon,
        convolutionName: "conv_u8s8__neondot", sparseName: "sparse_u8s8__neondot",
        depthwiseName: "depthwise_u8s16__neon",
        maxPoolName: "maxpool_u8__neon", meanPoolName: "meanpool_u8__neon", additionName: "add_u8__neon")
    }
  #endif

  /// Every table of this build, fastest first.
  static var compiled: [KernelTable] {
    #if arch(x86_64)
      [avx512vnni, avx2, portable, reference]
    #elseif arch(arm64)
      [neondot, neon, portable, reference]
    #else
      [portable, reference]
    #endif
  }

  /// The tables this CPU can run, fastest first. Tests iterate over all of them.
  public static var supported: [KernelTable] {
    let features = swl_cpu_features()
    return compiled.filter { $0.requires & features == $0.requires }
  }

  /// The fastest table this CPU can run.
  public static var best: KernelTable { supported[0] }

  /// The table of this name, or nil where this CPU or build has none.
  public static func named(_ name: Span<UInt8>) -> KernelTable? {
    for table in supported where table.isNamed(name) { return table }
    return nil
  }

  /// The table the environment variable `SWIFTLET_KERNELS` names, `best` where it is unset or empty, or nil where this
  /// CPU or build has none of that name.
  public static var selected: KernelTable? {
    guard let value = swl_getenv("SWIFTLET_KERNELS"), value[0] != 0 else { return best }
    var count = 0
    while value[count] != 0 { count += 1 }
    return value.withMemoryRebound(to: UInt8.self, capacity: count) {
      named(UnsafeBufferPointer(start: $0, count: count).span)
    }
  }
}

#if arch(x86_64)
  extension WinogradCosts {
    static var avx2: WinogradCosts {
      WinogradCosts(
        product: 11.6, directProduct: 11.6, weight: 31, point: 3200, input2x2: 435, input4x4: 1800,
        output2x2: (plain: 1400, pooled: 980), output4x4: (plain: 5900, pooled: 3700), directOutput: 0,
        directPixels: 6, sparseShare: 0.35)
    }

    /// vpdpwssd takes half the products of vpdpbusd.
    static var avx512vnni: WinogradCosts {
      WinogradCosts(
        product: 8.5, directProduct: 4.25, weight: 21, point: 6400, input2x2: 0, input4x4: 1480,
        output2x2: (plain: 0, pooled: 0), output4x4: (plain: 3600, pooled: 2550), directOutput: 210, directPixels: 4,
        sparseShare: 0.55)
    }
  }
#endif
