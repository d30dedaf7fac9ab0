import CSwiftletPlatform

/// Memory of a prepared model, 64-byte aligned, freed together; written while preparing and never after.
///
/// Elements are plain values without references: nothing is deinitialized.
final class PackedMemory {
  private var blocks: [UnsafeMutableRawPointer] = []
  private(set) var byteCount = 0
  private var taken = 0
  /// The most bytes in all.
  let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Zeroed room for `count` elements and one vector more, so that whole vectors may be read at the end.
  func allocate<Element>(
    _ type: Element.Type, count: Int
  ) throws(PrepareError) -> UnsafeMutablePointer<Element> {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow else { throw error(.max) }
    return try allocate(byteCount: bytes).bindMemory(to: Element.self, capacity: max(count, 1))
  }

  /// A copy of `element`: part of the program, so not counted among what is packed for it.
  func store<Element: BitwiseCopyable>(_ element: Element) throws(PrepareError) -> UnsafePointer<Element> {
    let packed = byteCount
    let room = try allocate(Element.self, count: 1)
    byteCount = packed
    room.initialize(to: element)
    return UnsafePointer(room)
  }

  /// Counts bytes as packed that are not kept: what users see as packed bytes, and what a limit of them decides, stays
  /// the same whatever the program beside the weights takes.
  func count(_ bytes: Int) {
    byteCount += bytes
    taken += bytes + 192
  }

  /// A copy of `elements`.
  func store<Element>(_ elements: [Element]) throws(PrepareError) -> UnsafePointer<Element> {
    var failure: PrepareError?
    let copy = elements.withUnsafeBytes { bytes -> UnsafeRawPointer? in
      do throws(PrepareError) { return UnsafeRawPointer(try store(bytes)) } catch {
        failure = error
        return nil
      }
    }
    guard let copy else { throw failure ?? error(0) }
    return copy.assumingMemoryBound(to: Element.self)
  }

  // Not generic: one copy of the code serves all elements.
  private func store(_ bytes: UnsafeRawBufferPointer) throws(PrepareError) -> UnsafeMutableRawPointer {
    let block = try allocate(byteCount: bytes.count)
    if let start = bytes.baseAddress { block.copyMemory(from: start, byteCount: bytes.count) }
    return block
  }

  private func allocate(byteCount bytes: Int) throws(PrepareError) -> UnsafeMutableRawPointer {
    // What the allocator really takes: slack, alignment, its own record.
    guard bytes <= limit - taken - 192, let block = swl_aligned_alloc(64, bytes + 64) else { throw error(bytes) }
    blocks.append(block)
    byteCount += bytes
    taken += bytes + 192
    block.initializeMemory(as: UInt8.self, repeating: 0, count: bytes + 64)
    return block
  }

  /// That so many bytes more are too many.
  func error(_ bytes: Int) -> PrepareError {
    let (needed, overflow) = bytes.addingReportingOverflow(taken)
    return PrepareError(.memory(needed: overflow ? .max : needed, limit: limit))
  }

  deinit {
    for block in blocks { swl_aligned_free(block) }
  }
}
