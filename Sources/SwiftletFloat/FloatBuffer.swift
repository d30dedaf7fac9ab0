import CSwiftletKernels
import CSwiftletPlatform

/// Floats of a fixed count, aligned to a cache line and zeroed when made; kernels may read one vector past them.
package final class FloatBuffer: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  package init(_ count: Int) {
    self.count = count
    let allocated = count + Int(SWL_FLOAT_LANES)
    guard let raw = swl_aligned_alloc(64, allocated * MemoryLayout<Float>.stride) else {
      preconditionFailure("no memory for \(count) floats")
    }
    pointer = raw.bindMemory(to: Float.self, capacity: allocated)
    pointer.initialize(repeating: 0, count: allocated)
  }

  deinit { swl_aligned_free(pointer) }

  package var all: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: pointer, count: count) }
  package var readable: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: pointer, count: count) }
  package var array: [Float] { Array(readable) }
}
