import SwiftletModel
import SwiftletRuntime
import Testing

@Suite struct ArenaPlanTests {
  private func plan(_ requests: [(Int, ClosedRange<Int>)]) -> ArenaPlan {
    ArenaPlan(requests.map { ArenaPlan.Request(byteCount: $0.0, lifetime: $0.1) })
  }

  @Test func emptyTakesNothing() {
    #expect(plan([]).byteCount == 0)
    #expect(plan([]).offsets.isEmpty)
  }

  @Test func aChainAlternatesBetweenTwoEnds() {
    // 100, 1000, 500, 10 bytes, each alive with its neighbours only: the largest lies at 0, the next after it.
    let chain = plan([(100, 0...0), (1000, 0...1), (500, 1...2), (10, 2...2)])
    #expect(chain.offsets == [1024, 0, 1024, 0])
    #expect(chain.byteCount == 1024 + 512)
  }

  @Test func theLowestWideEnoughGapIsTaken() {
    // 640 at 0 and 512 after it; 320 lives only with the second and takes the gap the first leaves; so does 256 above.
    let gaps = plan([(640, 0...1), (512, 1...3), (320, 2...3), (256, 3...3)])
    #expect(gaps.offsets == [0, 640, 0, 320])
    #expect(gaps.byteCount == 1152)
  }

  @Test func equalSizesKeepTheirOrder() {
    #expect(plan([(64, 0...1), (64, 0...1), (64, 0...1)]).offsets == [0, 64, 128])
  }

  /// Random lifetimes: nothing alive at one time overlaps, all is aligned, no better than the peak demand.
  @Test(arguments: 0..<40) func livingBuffersNeverOverlap(_ seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let requests = (0..<30).map { _ in
      let start = Int(random.next() % 20)
      return ArenaPlan.Request(byteCount: Int(random.next() % 5000), lifetime: start...start + Int(random.next() % 6))
    }
    let plan = ArenaPlan(requests)
    for i in requests.indices {
      #expect(plan.offsets[i] % 64 == 0 && plan.offsets[i] + requests[i].byteCount <= plan.byteCount)
      for j in 0..<i where requests[i].lifetime.overlaps(requests[j].lifetime) {
        #expect(
          plan.offsets[i] + requests[i].byteCount <= plan.offsets[j]
            || plan.offsets[j] + requests[j].byteCount <= plan.offsets[i])
      }
    }
    let peak = (0..<26).map { step in
      requests.filter { $0.lifetime.contains(step) }.reduce(0) { $0 + $1.byteCount }
    }.max()
    #expect(plan.byteCount >= peak ?? 0)
    #expect(plan.byteCount <= 2 * (peak ?? 0) + 64 * requests.count)
  }
}
