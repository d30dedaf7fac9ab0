import CSwiftletKernels
import CSwiftletPlatform

/// How a kernel wants its weights (swl_int8.h).
typealias WeightPacking = swl_packing

extension WeightPacking {
  /// Inputs of one step.
  var stepInputs: Int {
    switch self {
    case .widened: 2
    case .runs: 64
    case .none, .bytes, .pairs, .rows, .nibbles, .taps, .quads, .transformed: 4
    }
  }
  /// A step's weights lie side by side, one byte each.
  var isBytes: Bool {
    switch self {
    case .bytes, .runs: true
    case .none, .pairs, .rows, .widened, .nibbles, .taps, .quads, .transformed: false
    }
  }
  /// Bytes of one input of the image that the kernel reads.
  var inputByteCount: Int { self == .widened ? 2 : 1 }
}

/// The shape of a convolution kernel's panels.
struct PanelLayout: Sendable {
  let packing: WeightPacking
  /// Output channels in one vector, and the most vectors in a panel.
  let lanes, vectors: Int

}

extension PanelLayout {
  init(_ layout: swl_layout) {
    self.init(packing: layout.packing, lanes: Int(layout.lanes), vectors: Int(layout.vectors))
  }
}

/// The name of a kernel, which lives as long as the program.
struct KernelName: ExpressibleByStringLiteral {
  private let start: UnsafePointer<UInt8>
  private let byteCount: Int

  init(stringLiteral name: StaticString) {
    start = name.utf8Start
    byteCount = name.utf8CodeUnitCount
  }

  /// A name of the C table, whose kernel exists.
  init(_ name: UnsafePointer<CChar>?) {
    guard let name else { preconditionFailure("the kernel that was chosen exists") }
    var byteCount = 0
    while name[byteCount] != 0 { byteCount += 1 }
    self.byteCount = byteCount
    start = UnsafeRawPointer(name).assumingMemoryBound(to: UInt8.self)
  }

  var bytes: [UInt8] { Array(UnsafeBufferPointer(start: start, count: byteCount)) }
}

/// The kernels of one instruction set, chosen once when a model is prepared.
///
/// Every table gives the same bytes; `reference` runs the plain Swift kernels that define them.
public final class KernelTable: @unchecked Sendable {
  typealias Convolution = @convention(c) (UnsafePointer<swl_conv_args>?) -> Void
  typealias Widen =
    @convention(c) (
      UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<Int16>?, Int, Int, Int, Int, UInt8
    ) -> Void
  typealias Words = @convention(c) (UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<UInt8>?) -> Void

  /// `reference`, `portable`, `avx2`, `avx512vnni`, `neon` or `neondot`.
  public let name: StaticString
  /// Whether this table runs the plain Swift kernels, node by node, and nothing else.
  public let isReference: Bool
  /// The C kernels, from swl_kernel_list.h.
  let functions: UnsafePointer<swl_kernel_table>
  /// The convolution kernel's panels.
  let layout: PanelLayout
  /// Nil where no transform was measured to pay on this instruction set.
  let winograd: WinogradKernels?

  private init(
    _ name: StaticString, _ functions: UnsafePointer<swl_kernel_table>, winogradCosts: WinogradCosts? = nil,
    isReference: Bool = false
  ) {
    self.name = name
    self.functions = functions
    winograd = winogradCosts.map { WinogradKernels(functions, $0) }
    self.isReference = isReference
    layout = PanelLayout(functions.pointee.conv.layout)
  }

  /// Whether dense layers, of one window for each image, have a kernel of their own.
  var hasDense: Bool { functions.pointee.dense.run != nil }
  /// The panels of dense layers.
  var denseLayout: PanelLayout { hasDense ? PanelLayout(functions.pointee.dense.layout) : layout }
  var sparseLayout: PanelLayout { PanelLayout(functions.pointee.sparse.layout) }

  func isNamed(_ other: Span<UInt8>) -> Bool {
    guard other.count == name.utf8CodeUnitCount else { return false }
    for i in 0..<other.count where other[i] != name.utf8Start[i] { return false }
    return true
  }
}

extension KernelTable {
  /// Plain Swift, unfused: the definition of every result.
  public static var reference: KernelTable { KernelTable("reference", swl_kernels__portable(), isReference: true) }

  /// C for any CPU.
  public static var portable: KernelTable { KernelTable("portable", swl_kernels__portable()) }

  /// Every table of this build, fastest first.
  private static var compiled: [KernelTable] {
    #if arch(x86_64)
      [
        KernelTable("avx512vnni", swl_kernels__avx512vnni(), winogradCosts: .avx512vnni),
        KernelTable("avx2", swl_kernels__avx2(), winogradCosts: .avx2), portable, reference,
      ]
    #elseif arch(arm64)
      [KernelTable("neondot", swl_kernels__neondot()), KernelTable("neon", swl_kernels__neon()), portable, reference]
    #else
      [portable, reference]
    #endif
  }

  /// The tables this CPU can run, fastest first. Tests iterate over all of them.
  public static var supported: [KernelTable] {
    let features = swl_cpu_features()
    return compiled.filter { $0.functions.pointee.requires & features == $0.functions.pointee.requires }
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
