import CSwiftletPlatform

/// A fixed set of threads that run numbered tasks.
///
/// Which thread takes a task is chance; results must depend on the task's number alone.
package final class WorkerPool: @unchecked Sendable {
  package let threads: Int
  private let pool: OpaquePointer?

  /// One thread runs everything on the caller; where threads cannot be had, the caller works alone.
  package init(threads: Int) {
    let pool = threads > 1 ? swl_pool_create(Int32(threads)) : nil
    self.pool = pool
    self.threads = pool == nil ? 1 : threads
  }

  deinit { swl_pool_destroy(pool) }

  /// Calls `body(index, worker)` for each index in 0..<count and returns when all have; `worker` is in 0..<threads.
  package func run(_ count: Int, _ body: (_ index: Int, _ worker: Int) -> Void) {
    guard let pool, count > 1 else {
      for index in 0..<count { body(index, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      var body = body
      withUnsafeMutablePointer(to: &body) { context in
        swl_pool_run(
          pool, count,
          { context, index, worker in
            context!.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee(index, worker)
          }, context)
      }
    }
  }
}
