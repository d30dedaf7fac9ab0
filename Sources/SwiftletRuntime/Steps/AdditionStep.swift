import CSwiftletKernels

/// The sum of two values.
struct AdditionStep: BitwiseCopyable {
  let kernels: UnsafePointer<swl_kernel_table>
  /// Everything but pointers and count.
  let arguments: swl_add_args
  /// Buffers; an operand whose rows a strip hands over has none, which is -1.
  let left, right, output: Int
  /// Bytes of one image, and of one of its rows.
  let count, rowByteCount: Int

  /// Threads share the bytes of all images.
  static func functions(nanoseconds: Int, rowCount: Int) -> StepFunctions {
    var functions = StepFunctions(
      run: { body, frame in
        let (step, frame) = (body.value(AdditionStep.self), frame.value(Frame.self).pointee)
        step.pointee.run(frame, bytes: 0..<step.pointee.count * frame.imageCount)
      },
      sharing: StepSharing(nanoseconds: nanoseconds, hasPassPerImage: false) { body, piece in
        let (step, piece) = (body.value(AdditionStep.self), piece.value(StepPiece.self).pointee)
        let bytes = step.pointee.count * piece.frame.imageCount
        step.pointee.run(piece.frame, bytes: share(bytes, piece.index, of: piece.count, by: 64))
      })
    #if !hasFeature(Embedded)
      functions.consumer = RowConsumer(
        rowCount: rowCount, granule: StripStep.Rows.granule, first: { _, row in row }, end: { _, row in row + 1 },
        take: { body, rows in body.value(AdditionStep.self).pointee.take(rows.value(StepRows.self).pointee) })
    #endif
    return functions
  }

  #if !hasFeature(Embedded)
    /// Adds some rows of one image, one operand's handed over.
    @inline(__always) private func take(_ made: StepRows) {
      let first = made.rows.lowerBound * rowByteCount
      let offset = made.pass * count + first
      let handedOver = UnsafePointer(made.image + first)
      run(
        left < 0 ? handedOver : UnsafePointer(made.frame.bytes(left) + offset),
        right < 0 ? handedOver : UnsafePointer(made.frame.bytes(right) + offset),
        into: made.frame.bytes(output) + offset, count: made.rows.count * rowByteCount)
    }
  #endif

  private func run(_ frame: Frame, bytes: Range<Int>) {
    let first = bytes.lowerBound
    run(frame.bytes(left) + first, frame.bytes(right) + first, into: frame.bytes(output) + first, count: bytes.count)
  }

  /// The sum of `count` bytes; `y` may be either operand.
  private func run(
    _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, into y: UnsafeMutablePointer<UInt8>, count: Int
  ) {
    var arguments = arguments
    arguments.left = left
    arguments.right = right
    arguments.y = y
    arguments.count = count
    kernels.pointee.add.run(&arguments)
  }
}
