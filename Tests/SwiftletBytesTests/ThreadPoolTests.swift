import CSwiftletPlatform
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func everyIndexIsPerformedOnceByALegalWorker(_ threads: Int) throws {
    struct Context {
      var hits: UnsafeMutablePointer<UInt8>
      var busy: UnsafeMutablePointer<UInt8>
      var faults: UnsafeMutablePointer<UInt8>
      var threads: Int
    }
    let pool = try #require(swl_pool_create(Int32(threads)))
    defer { swl_pool_destroy(pool) }
    #expect(swl_pool_threads(pool) == threads)
    for count in [0, 1, 2, 3, 7, 64, 1000] + Array(repeating: 5, count: 500) {
      var hits = [UInt8](repeating: 0, count: count + 1)
      var busy = [UInt8](repeating: 0, count: threads)
      var faults = [UInt8](repeating: 0, count: threads)
      hits.withUnsafeMutableBufferPointer { hits in
        busy.withUnsafeMutableBufferPointer { busy in
          faults.withUnsafeMutableBufferPointer { faults in
            var context = Context(
              hits: hits.baseAddress!, busy: busy.baseAddress!, faults: faults.baseAddress!, threads: threads)
            swl_pool_run(
              pool, count,
              { raw, index, worker in
                let context = raw!.assumingMemoryBound(to: Context.self).pointee
                guard worker < context.threads else { fatalError("worker out of range") }
                if context.busy[worker] != 0 { context.faults[worker] = 1 }
                context.busy[worker] = 1
                context.hits[index] += 1
                context.busy[worker] = 0
              }, &context)
          }
        }
      }
      #expect(hits == Array(repeating: 1, count: count) + [0])
      #expect(faults == Array(repeating: 0, count: threads))
    }
  }

  @Test func twoWorkersReallyRunAtOneTime() throws {
    let pool = try #require(swl_pool_create(2))
    defer { swl_pool_destroy(pool) }
    // Each body waits for the other to arrive, which one thread alone would never see.
    final class Meeting: Sendable { let arrived = Atomic<Int>(0) }
    let meeting = Meeting()
    let start = swl_clock_ns()
    swl_pool_run(
      pool, 2,
      { raw, _, _ in
        let meeting = Unmanaged<Meeting>.fromOpaque(raw!).takeUnretainedValue()
        meeting.arrived.add(1, ordering: .acquiringAndReleasing)
        let start = swl_clock_ns()
        while meeting.arrived.load(ordering: .acquiring) < 2 && swl_clock_ns() - start < 5_000_000_000 {}
      }, Unmanaged.passUnretained(meeting).toOpaque())
    #expect(swl_clock_ns() - start < 5_000_000_000)
    withExtendedLifetime(meeting) {}
  }

  @Test func impossibleThreadCountsGiveNoPool() {
    #expect(swl_pool_create(0) == nil)
    #expect(swl_pool_create(-1) == nil)
    #expect(swl_pool_create(1025) == nil)
    swl_pool_destroy(nil)
  }

  @Test(arguments: [16, 64, 4096], [0, 1, 63, 1000])
  func memoryIsAligned(_ alignment: Int, _ count: Int) throws {
    let pointer = try #require(swl_aligned_alloc(alignment, count))
    #expect(UInt(bitPattern: pointer) % UInt(alignment) == 0)
    swl_aligned_free(pointer)
  }

  @Test func argumentsAreThoseOfTheProcess() {
    #expect(Int(swl_argument_count()) == CommandLine.arguments.count)
    for (index, argument) in CommandLine.arguments.enumerated() {
      #expect(swl_argument(Int32(index)).map { String(cString: $0) } == argument)
    }
    #expect(swl_argument(swl_argument_count()) == nil)
    #expect(swl_argument(-1) == nil)
    #expect(swl_cpu_count() >= 1)
    #expect(swl_getenv("SWIFTLET_NO_SUCH_VARIABLE") == nil)
    #expect(swl_getenv("PATH") != nil)
  }
}
