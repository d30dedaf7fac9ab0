import CSwiftletKernels
import CSwiftletPlatform
import SwiftletModel

/// The float microkernels of one instruction set.
public struct FloatKernels: @unchecked Sendable {
  public let name: String
  private let address: UnsafePointer<swl_float_table>

  private init?(_ name: String, _ table: UnsafePointer<swl_float_table>?) {
    guard let table else { return nil }
    self.name = name
    address = table
  }

  package var table: swl_float_table { address.pointee }

  /// The sets this processor runs, best first. Tests iterate over all of them.
  public static let supported: [FloatKernels] = [
    FloatKernels("avx512", swl_float_avx512()), FloatKernels("avx2", swl_float_avx2()),
    FloatKernels("neon", swl_float_neon()), FloatKernels("portable", swl_float_portable()),
  ].compactMap { $0 }

  /// The set that the environment variable `SWIFTLET_KERNELS` names, the best where it is unset or empty, or nil where
  /// this processor or build has none of that name.
  ///
  /// The names are those of the runtime's tables: `avx512vnni` means `avx512` here, `neondot` means `neon`, and
  /// `reference` means `portable`.
  public static let selected: FloatKernels? = {
    guard let wanted = swl_getenv("SWIFTLET_KERNELS").map({ String(cString: $0) }), !wanted.isEmpty else {
      return supported[0]
    }
    return supported.first { wanted.hasPrefix($0.name) } ?? (wanted == "reference" ? portable : nil)
  }()

  /// The selected set, `portable` where there is none of that name: a `FloatNetwork` refuses that.
  public static let best = selected ?? portable

  private static var portable: FloatKernels { supported[supported.count - 1] }
}

extension Activation {
  /// The bounds this activation clamps to.
  package var bounds: (low: Float, high: Float) {
    switch self {
    case .none: (-.infinity, .infinity)
    case .relu: (0, .infinity)
    case .boundedReLU(let bound): (0, Float(bound.doubleValue))
    }
  }
}
