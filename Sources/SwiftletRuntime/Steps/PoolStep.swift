import CSwiftletKernels

/// A max or average pool.
struct PoolStep: BitwiseCopyable {
  let kernels: UnsafePointer<swl_kernel_table>
  let isMax: Bool
  /// Everything but the pointers to the image.
  let arguments: swl_pool_args
  let input, output, inputStride, outputStride: Int
  /// Bytes of a row of the input.
  let inputRowByteCount: Int

  /// Threads share the rows of all images.
  static func functions(nanoseconds: Int, rowCount: Int) -> StepFunctions {
    var functions = StepFunctions(
      run: { body, frame in
        let step = body.value(PoolStep.self)
        step.pointee.run(frame.value(Frame.self).pointee, rows: 0..<step.pointee.arguments.rows)
      },
      sharing: StepSharing(nanoseconds: nanoseconds, hasPassPerImage: false) { body, piece in
        let (step, piece) = (body.value(PoolStep.self), piece.value(StepPiece.self).pointee)
        step.pointee.run(piece.frame, rows: share(step.pointee.arguments.rows, piece.index, of: piece.count, by: 1))
      })
    #if !hasFeature(Embedded)
      functions.consumer = RowConsumer(
        rowCount: rowCount, granule: 2,
        first: { body, row in body.value(PoolStep.self).pointee.firstRow(under: row) },
        end: { body, row in
          let step = body.value(PoolStep.self)
          return step.pointee.firstRow(under: row) + Int(step.pointee.arguments.row_taps[row])
        },
        take: { body, rows in
          let (step, made) = (body.value(PoolStep.self), rows.value(StepRows.self).pointee)
          let y = made.frame.bytes(step.pointee.output) + made.pass * step.pointee.outputStride
          step.pointee.run(made.image, into: y, rows: made.rows)
        })
    #endif
    return functions
  }

  #if !hasFeature(Embedded)
    /// The first of the input's rows under a row of the output, whose taps are adjacent.
    private func firstRow(under row: Int) -> Int { Int(arguments.row_offset[row]) / inputRowByteCount }
  #endif

  @inline(never) private func run(_ frame: Frame, rows: Range<Int>) {
    if rows.isEmpty { return }
    for image in 0..<frame.imageCount {
      run(frame.bytes(input) + image * inputStride, into: frame.bytes(output) + image * outputStride, rows: rows)
    }
  }

  /// Computes some rows of the image `y` from those rows of the image `x` that they cover.
  private func run(_ x: UnsafePointer<UInt8>, into y: UnsafeMutablePointer<UInt8>, rows: Range<Int>) {
    var arguments = arguments
    arguments.rows = rows.count
    arguments.row_offset += rows.lowerBound
    arguments.row_taps += rows.lowerBound
    if arguments.mean_index != nil { arguments.mean_index += rows.lowerBound * arguments.columns }
    arguments.x = x
    arguments.y = y + rows.lowerBound * arguments.columns * arguments.channels
    if isMax { kernels.pointee.max_pool.run(&arguments) } else { kernels.pointee.mean_pool.run(&arguments) }
  }
}
