import CSwiftletKernels

/// The Winograd kernels of one instruction set, and what they cost.
final class WinogradKernels: @unchecked Sendable {
  let kernels: UnsafePointer<swl_kernel_table>
  let costs: WinogradCosts

  init(_ kernels: UnsafePointer<swl_kernel_table>, _ costs: WinogradCosts) {
    self.kernels = kernels
    self.costs = costs
  }

  /// Whether there are tiles of 2x2 outputs, by which some layers gain.
  var has2x2: Bool { kernels.pointee.winograd2x2.run != nil }
  /// Output channels in one vector.
  var lanes: Int { Int(kernels.pointee.winograd4x4.layout.lanes) }
  /// Output channels in one panel.
  var panel: Int { lanes * Int(kernels.pointee.winograd4x4.layout.vectors) }
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
