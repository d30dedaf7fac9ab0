#if !hasFeature(Embedded)
  // 4 KB of code that the Embedded build, made for size, does without.

  /// Some rows of one image's output, made into memory elsewhere or taken from there.
  struct StepRows {
    let frame: Frame
    /// The frame of a thread's own arena, for scratch.
    let own: Frame
    let pass: Int
    /// The rows to compute.
    let rows: Range<Int>
    /// Where the first row of the producer's image would lie, and the number of its rows.
    let image: UnsafeMutablePointer<UInt8>
    let imageRows: Int
  }

  /// How a step takes its input's rows as they are made.
  struct RowConsumer: BitwiseCopyable {
    typealias Row = @convention(c) (_ body: UnsafeRawPointer, _ row: Int) -> Int

    /// The rows of its output.
    let rowCount: Int
    /// Threads share the rows in multiples of this.
    let granule: Int
    /// The first of the producer's rows under a row of the output, and the one after the last.
    let first, end: Row
    /// Computes the rows of `StepRows`.
    let take: StepFunctions.Function
  }

  /// A step that makes rows and the one that alone reads them, strip by strip: each strip of rows is consumed while it
  /// lies in the nearest caches, and the whole output of the first never exists.
  struct StripStep: BitwiseCopyable {
    /// How the producer's rows are cut.
    struct Rows: BitwiseCopyable {
      /// The producer's output.
      let count, byteCount: Int
      /// Rows made at a time: a multiple of `granule`.
      let perStrip: Int
      /// Strips begin at its multiples, where every Winograd kernel's tiles do.
      static var granule: Int { 4 }
    }

    let producer, consumer: Step
    let rows: Rows
    /// The scratch buffer of a strip; nil where the consumer's output takes the rows, one for one, and is computed in
    /// place.
    let strip: Int?
    /// The consumer's output buffer, and bytes from one image to the next.
    let output, outputStride: Int

    static func functions(nanoseconds: Int) -> StepFunctions {
      StepFunctions(
        run: { body, frame in body.value(StripStep.self).pointee.run(frame.value(Frame.self).pointee) },
        sharing: StepSharing(
          nanoseconds: nanoseconds, hasPassPerImage: true,
          prepare: { body, frame, pass in
            body.value(StripStep.self).pointee.producer.prepare(frame.value(Frame.self).pointee, pass: pass)
          },
          run: { body, piece in body.value(StripStep.self).pointee.run(piece.value(StepPiece.self).pointee) }))
    }

    private func run(_ frame: Frame) {
      for image in 0..<frame.imageCount {
        producer.prepare(frame, pass: image)
        run(StepPiece(frame: frame, own: frame, pass: image, index: 0, count: 1))
      }
    }

    /// Computes a piece of one image's rows. The strip keeps the rows that the consumer's windows on the next one share.
    private func run(_ piece: StepPiece) {
      guard let consumer = consumer.functions.pointee.consumer else { return }
      let taken = share(consumer.rowCount, piece.index, of: piece.count, by: consumer.granule)
      if taken.isEmpty { return }
      let strip = strip.map { piece.own.bytes($0) }
      let output = piece.frame.bytes(self.output) + piece.pass * outputStride
      let body = self.consumer.body
      let end = aligned(consumer.end(body, taken.upperBound - 1))
      var next = taken.lowerBound
      // The producer's rows that lie in the strip.
      var held = consumer.first(body, next) / Rows.granule * Rows.granule
      var heldEnd = held
      while next < taken.upperBound {
        let needed = consumer.first(body, next)
        if needed >= heldEnd {
          held = needed / Rows.granule * Rows.granule
          heldEnd = held
        } else if needed > held, let strip {
          strip.update(from: strip + (needed - held) * rows.byteCount, count: (heldEnd - needed) * rows.byteCount)
          held = needed
        }
        let image = strip.map { $0 - held * rows.byteCount } ?? output
        let made = heldEnd..<min(heldEnd + rows.perStrip, end)
        call(producer, producer.functions.pointee.makeRows, piece, rows: made, of: image)
        heldEnd = made.upperBound
        let start = next
        while next < taken.upperBound && consumer.end(body, next) <= heldEnd { next += 1 }
        if next > start { call(self.consumer, consumer.take, piece, rows: start..<next, of: image) }
      }
    }

    private func call(
      _ step: Step, _ function: StepFunctions.Function?, _ piece: StepPiece, rows: Range<Int>,
      of image: UnsafeMutablePointer<UInt8>
    ) {
      let rows = StepRows(
        frame: piece.frame, own: piece.own, pass: piece.pass, rows: rows, image: image, imageRows: self.rows.count)
      withUnsafePointer(to: rows) { function?(step.body, $0) }
    }

    /// `row` rounded up to where a strip may end.
    private func aligned(_ row: Int) -> Int {
      min((row + Rows.granule - 1) / Rows.granule * Rows.granule, rows.count)
    }
  }
#endif
