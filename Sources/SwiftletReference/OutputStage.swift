package import SwiftletModel

/// The end of every integer operator: requantize, add the zero point, clamp, store.
package struct OutputStage: BitwiseCopyable {
  package let zeroPoint, lo, hi: Int32
  package let storesInt32: Bool

  package init(_ activation: Activation, _ value: Value) {
    let quantization = value.quantization ?? .image
    zeroPoint = Int32(quantization.zeroPoint)
    storesInt32 = value.element == .int32
    if storesInt32 {
      // s32 values are symmetric, so real 0 is 0.
      switch activation {
      case .none: (lo, hi) = (.min, .max)
      case .relu: (lo, hi) = (0, .max)
      case .boundedReLU(let bound): (lo, hi) = (0, bound.steps(of: quantization.scale))
      }
    } else {
      let clamp = activation.clamp(quantization)
      (lo, hi) = (Int32(clamp.lowerBound), Int32(clamp.upperBound))
    }
  }

  private init(zeroPoint: Int32, lo: Int32, hi: Int32, storesInt32: Bool) {
    self.zeroPoint = zeroPoint
    self.lo = lo
    self.hi = hi
    self.storesInt32 = storesInt32
  }

  /// This stage followed by a clamp in the same quantization.
  package func clamped(to other: OutputStage) -> OutputStage {
    let lo = min(max(self.lo, other.lo), other.hi)
    return OutputStage(
      zeroPoint: zeroPoint, lo: lo, hi: max(min(hi, other.hi), lo), storesInt32: storesInt32)
  }

  package var elementByteCount: Int { storesInt32 ? 4 : 1 }

  /// The zero point added to a requantized value, within lo...hi.
  package func finish(_ value: Int32) -> Int32 {
    Int32(truncatingIfNeeded: min(max(Int64(value) + Int64(zeroPoint), Int64(lo)), Int64(hi)))
  }

  package func store(_ value: Int32, at index: Int, _ y: UnsafeMutableRawPointer) {
    if storesInt32 {
      y.assumingMemoryBound(to: Int32.self)[index] = finish(value)
    } else {
      y.assumingMemoryBound(to: UInt8.self)[index] = UInt8(truncatingIfNeeded: finish(value))
    }
  }
}
