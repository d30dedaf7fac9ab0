import CSwiftletPlatform

/// Floats of a fixed count, aligned to a cache line and zeroed when made.
package final class FloatBuffer: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  package init(_ count: Int) {
    self.count = count
    guard let raw = swl_aligned_alloc(64, max(count, 1) * MemoryLayout<Float>.stride) else {
      preconditionFailure("no memory for \(count) floats")
    }
    pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    pointer.initialize(repeating: 0, count: count)
  }

  deinit { swl_aligned_free(pointer) }

  package var all: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: pointer, count: count) }
  package var readable: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: pointer, count: count) }
  package var array: [Float] { Array(readable) }
}
