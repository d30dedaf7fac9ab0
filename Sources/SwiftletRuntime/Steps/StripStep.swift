#if !hasFeature(Embedded)
  // 4 KB of code that the Embedded build, made for size, does without.

  /// A convolution and the pool or addition that alone reads its output, strip by strip: each strip of rows is consumed
  /// while it lies in the nearest caches, and the whole output never exists.
  struct StripStep: BitwiseCopyable {
    /// How a convolution's rows are cut.
    struct Rows: BitwiseCopyable {
      /// The convolution's output.
      let count, byteCount: Int
      /// Rows made at a time: a multiple of `granule`.
      let perStrip: Int
      /// Strips begin at its multiples, where every Winograd kernel's tiles do.
      static var granule: Int { 4 }
    }

    /// What takes the rows.
    enum Consumer: BitwiseCopyable {
      case pool(PoolStep)
      /// `other` is the operand that the convolution does not make.
      case addition(AdditionStep, other: Int, convolutionIsLeft: Bool)
    }

    /// A convolution step.
    let producer: UnsafePointer<Step>
    let consumer: UnsafePointer<Consumer>
    let rows: Rows
    /// The scratch buffer of a strip; nil where an addition's output takes the rows and is added to in place.
    let strip: Int?
    /// About what one image takes on one thread.
    let nanoseconds: Int

    func run(_ frame: Frame) {
      for image in 0..<frame.imageCount {
        prepare(frame, pass: image)
        run(frame, own: frame, pass: image, piece: 0, of: 1)
      }
    }

    /// What comes before a pass's pieces, on one thread.
    func prepare(_ frame: Frame, pass: Int) {
      switch producer.pointee {
      case .convolution(let step): step.pointee.prepare(frame, pass: pass)
      case .winograd(let step): step.pointee.prepare(frame, pass: pass)
      case .pool, .table, .addition, .concat, .reference, .strips: break
      }
    }

    /// Computes piece `piece` of `count` of one image; `own` is the thread's own arena, for scratch.
    func run(_ frame: Frame, own: Frame, pass: Int, piece: Int, of count: Int) {
      switch consumer.pointee {
      case .pool(let step):
        let rows = share(step.arguments.rows, piece, of: count, by: 2)
        if !rows.isEmpty { run(step, frame, own: own, pass: pass, rows: rows) }
      case .addition(let step, let other, let isLeft):
        let rows = share(self.rows.count, piece, of: count, by: Rows.granule)
        let offset = pass * step.count
        add(
          step, frame.bytes(other) + offset, convolutionIsLeft: isLeft, frame, own: own, pass: pass, rows: rows,
          into: frame.bytes(step.output) + offset)
      }
    }

    private func make(
      _ made: Range<Int>, _ frame: Frame, own: Frame, pass: Int, into y: UnsafeMutablePointer<UInt8>
    ) {
      switch producer.pointee {
      case .convolution(let step): step.pointee.run(frame, pass: pass, rows: made, of: rows.count, into: y)
      case .winograd(let step): step.pointee.run(frame, own: own, pass: pass, rows: made, into: y)
      case .pool, .table, .addition, .concat, .reference, .strips: break
      }
    }

    private func add(
      _ step: AdditionStep, _ other: UnsafePointer<UInt8>, convolutionIsLeft: Bool, _ frame: Frame, own: Frame,
      pass: Int, rows: Range<Int>, into y: UnsafeMutablePointer<UInt8>
    ) {
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: self.rows.perStrip) {
        let made = first..<min(first + self.rows.perStrip, rows.upperBound)
        let offset = first * self.rows.byteCount
        let target = strip.map { own.bytes($0) } ?? y + offset
        make(made, frame, own: own, pass: pass, into: target)
        let other = other + offset
        step.run(
          convolutionIsLeft ? UnsafePointer(target) : other, convolutionIsLeft ? other : UnsafePointer(target),
          into: y + offset, count: made.count * self.rows.byteCount)
      }
    }

    /// Rows `pooled` of a pool. The strip keeps the rows that windows of the next one share.
    private func run(_ step: PoolStep, _ frame: Frame, own: Frame, pass: Int, rows pooled: Range<Int>) {
      guard let buffer = strip else { return }
      let strip = own.bytes(buffer)
      let y = frame.bytes(step.output) + pass * step.outputStride
      let end = aligned(self.end(step, pooled.upperBound - 1))
      var next = pooled.lowerBound
      // The convolution's rows that lie in the strip.
      var held = first(step, next) / Rows.granule * Rows.granule
      var heldEnd = held
      while next < pooled.upperBound {
        let needed = first(step, next)
        if needed >= heldEnd {
          held = needed / Rows.granule * Rows.granule
          heldEnd = held
        } else if needed > held {
          strip.update(from: strip + (needed - held) * rows.byteCount, count: (heldEnd - needed) * rows.byteCount)
          held = needed
        }
        let made = heldEnd..<min(heldEnd + rows.perStrip, end)
        make(made, frame, own: own, pass: pass, into: strip + (heldEnd - held) * rows.byteCount)
        heldEnd = made.upperBound
        let start = next
        while next < pooled.upperBound && self.end(step, next) <= heldEnd { next += 1 }
        if next > start { step.run(strip - held * rows.byteCount, into: y, rows: start..<next) }
      }
    }

    /// The first of the convolution's rows under the pool's row `row`.
    private func first(_ step: PoolStep, _ row: Int) -> Int { Int(step.arguments.row_offset[row]) / rows.byteCount }

    /// The row after the last one under the pool's row `row`, whose taps are adjacent.
    private func end(_ step: PoolStep, _ row: Int) -> Int { first(step, row) + Int(step.arguments.row_taps[row]) }

    /// `row` rounded up to where a strip may end.
    private func aligned(_ row: Int) -> Int {
      min((row + Rows.granule - 1) / Rows.granule * Rows.granule, rows.count)
    }
  }
#endif
