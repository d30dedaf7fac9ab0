/// 16 input channels of one tap or point.
private typealias Channels = SIMD16<Int16>

extension WinogradPlan {
  /// G g G^T of every filter of a group, laid out as int8_winograd_body.h says. `weights` are the group's, OHWI.
  func transform(_ weights: UnsafePointer<Int8>, into packed: UnsafeMutablePointer<Int16>) {
    let vectors = (groupInputs + 15) / 16
    // Widened, each tap's channels filled up with zeros.
    let taps = UnsafeMutablePointer<Channels>.allocate(capacity: 9 * vectors)
    let half = UnsafeMutablePointer<Channels>.allocate(capacity: 3 * span + points)
    taps.initialize(repeating: .zero, count: 9 * vectors)
    half.initialize(repeating: .zero, count: 3 * span + points)
    defer {
      taps.deallocate()
      half.deallocate()
    }
    let turned = half + 3 * span
    for filter in 0..<groupOutputs {
      widen(weights + filter * 9 * groupInputs, into: taps, vectors: vectors)
      let panel = filter / kernels.panel * kernels.panel
      let width = groupOutputs - panel > kernels.lanes ? kernels.panel : kernels.lanes
      for vector in 0..<vectors {
        let g = taps + vector
        for column in 0..<3 {
          let top = g + column * vectors
          multiply(top[0], top[3 * vectors], top[6 * vectors], into: half + column, step: 3)
        }
        for row in 0..<span {
          multiply(half[3 * row], half[3 * row + 1], half[3 * row + 2], into: turned + row * span, step: 1)
        }
        let target = packed + panel * points * pairs * 2 + 16 * vector * width + 2 * (filter - panel)
        scatter(turned, count: min(8, pairs - 8 * vector), into: target, width: width)
      }
    }
  }

  private func widen(_ filter: UnsafePointer<Int8>, into taps: UnsafeMutablePointer<Channels>, vectors: Int) {
    for tap in 0..<9 {
      (taps + tap * vectors).withMemoryRebound(to: Int16.self, capacity: 16 * vectors) { lanes in
        let source = filter + tap * groupInputs
        for channel in 0..<groupInputs { lanes[channel] = Int16(source[channel]) }
      }
    }
  }

  /// G times a column of three, the rows of G scaled to integers, a `step` apart.
  @inline(__always)
  private func multiply(
    _ a: Channels, _ b: Channels, _ c: Channels, into y: UnsafeMutablePointer<Channels>, step: Int
  ) {
    if size == 2 {
      // (2 0 0) (1 1 1) (1 -1 1) (0 0 2)
      let ends = a &+ c
      y[0] = a &+ a
      y[step] = ends &+ b
      y[2 * step] = ends &- b
      y[3 * step] = c &+ c
      return
    }
    // (6 0 0) (-4 -4 -4) (-4 4 -4) (0 0 8) (1 2 4) (1 -2 4)
    let (b2, c2) = (b &+ b, c &+ c)
    let (b4, c4) = (b2 &+ b2, c2 &+ c2)
    let a2 = a &+ a
    let a4 = a2 &+ a2
    let ends = a4 &+ c4
    y[0] = a4 &+ a2
    y[step] = .zero &- ends &- b4
    y[2 * step] = b4 &- ends
    y[3 * step] = c4 &+ c4
    y[4 * step] = a &+ c4 &+ b2
    y[5 * step] = a &+ c4 &- b2
  }

  /// Puts `count` pairs of channels of every point where the kernels read them.
  private func scatter(
    _ turned: UnsafeMutablePointer<Channels>, count: Int, into target: UnsafeMutablePointer<Int16>, width: Int
  ) {
    // A pair as one value of 32 bits.
    turned.withMemoryRebound(to: Int32.self, capacity: 8 * points) { source in
      target.withMemoryRebound(to: Int32.self, capacity: 1) { target in
        for point in 0..<points {
          let first = target + point * pairs * width
          for pair in 0..<count { first[pair * width] = source[8 * point + pair] }
        }
      }
    }
  }
}
