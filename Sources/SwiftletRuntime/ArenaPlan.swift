/// Where each buffer of a network lives inside one block of memory.
///
/// Buffers whose lifetimes overlap never share a byte; others may. The largest request is placed first, each into
/// the lowest gap left by the requests already placed that are alive at the same time; equal sizes keep their order.
package struct ArenaPlan: Hashable, Sendable {
  package struct Request: Hashable, Sendable {
    package var byteCount: Int
    /// The first and the last step that touch the buffer.
    package var lifetime: ClosedRange<Int>

    package init(byteCount: Int, lifetime: ClosedRange<Int>) {
      self.byteCount = byteCount
      self.lifetime = lifetime
    }
  }

  /// The byte offset of each request, in the requests' order; multiples of the alignment.
  package let offsets: [Int]
  /// Bytes in all, a multiple of the alignment.
  package let byteCount: Int

  package init(_ requests: [Request], alignment: Int = 64) {
    func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
    // Inserted one by one: placing takes quadratic time anyway, and a general sort is 3 KB of code.
    var order: [Int] = []
    order.reserveCapacity(requests.count)
    for index in requests.indices {
      var position = order.count
      while position > 0 && requests[order[position - 1]].byteCount < requests[index].byteCount { position -= 1 }
      order.insert(index, at: position)
    }
    var offsets = [Int](repeating: 0, count: requests.count)
    var placed: [Int] = []
    var end = 0
    for index in order {
      let request = requests[index]
      var offset = 0
      // `placed` is sorted by offset, so the first gap that is wide enough is the lowest.
      for other in placed where requests[other].lifetime.overlaps(request.lifetime) {
        if offset + aligned(request.byteCount) <= offsets[other] { break }
        offset = max(offset, offsets[other] + aligned(requests[other].byteCount))
      }
      offsets[index] = offset
      end = max(end, offset + aligned(request.byteCount))
      let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
      placed.insert(index, at: position)
    }
    self.offsets = offsets
    byteCount = end
  }
}
