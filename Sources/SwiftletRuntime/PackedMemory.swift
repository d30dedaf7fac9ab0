import CSwiftletPlatform

/// Memory of a prepared model, 64-byte aligned, freed together; written while preparing and never after.
///
/// Elements are plain values without references: nothing is deinitialized.
final class PackedMemory {
  private var blocks: [UnsafeMutableRawPointer] = []
  private(set) var byteCount = 0
  private var taken = 0

  /// Zeroed room for `count` elements and one vector more, so that whole vectors may be read at the end.
  func allocate<Element>(
    _ type: Element.Type, count: Int
  ) throws(PrepareError) -> UnsafeMutablePointer<Element> {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    // What the allocator really takes: slack, alignment, its own record.
    guard !overflow, bytes <= PreparedModel.memoryLimit - taken - 192,
      let block = swl_aligned_alloc(64, bytes + 64)
    else { throw PrepareError(.memory) }
    blocks.append(block)
    byteCount += bytes
    taken += bytes + 192
    block.initializeMemory(as: UInt8.self, repeating: 0, count: bytes + 64)
    return block.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  /// A copy of `elements`.
  func store<Element>(_ elements: [Element]) throws(PrepareError) -> UnsafePointer<Element> {
    let pointer = try allocate(Element.self, count: elements.count)
    for i in elements.indices { (pointer + i).initialize(to: elements[i]) }
    return UnsafePointer(pointer)
  }

  deinit {
    for block in blocks { swl_aligned_free(block) }
  }
}
