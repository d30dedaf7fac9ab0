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

/// Each byte through a table: a standalone activation.
struct TableStep: BitwiseCopyable {
  let table: UnsafePointer<UInt8>
  let input, output, count: Int

  static var functions: StepFunctions {
    StepFunctions { body, frame in body.value(TableStep.self).pointee.run(frame.value(Frame.self).pointee) }
  }

  private func run(_ frame: Frame) {
    swl_table_u8__portable(frame.bytes(input), 0, table, frame.bytes(output), 0, count * frame.imageCount, 1)
  }
}

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
    private func take(_ made: StepRows) {
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

/// One input of a concatenation: its channels land `offset` bytes into each output pixel.
struct ConcatPart: BitwiseCopyable {
  let input, channels, offset: Int
  /// Nil where the input has the output's quantization and is copied.
  let table: UnsafePointer<UInt8>?
}

/// Values joined along the channels.
struct ConcatStep: BitwiseCopyable {
  let parts: UnsafePointer<ConcatPart>
  let partCount, output, channels, pixelCount: Int

  static var functions: StepFunctions {
    StepFunctions { body, frame in body.value(ConcatStep.self).pointee.run(frame.value(Frame.self).pointee) }
  }

  func run(_ frame: Frame) {
    let rows = pixelCount * frame.imageCount
    for index in 0..<partCount {
      let part = parts[index]
      let x = frame.bytes(part.input)
      let y = frame.bytes(output) + part.offset
      if let table = part.table {
        swl_table_u8__portable(x, part.channels, table, y, channels, part.channels, rows)
      } else {
        swl_copy_rows_u8(x, part.channels, y, channels, part.channels, rows)
      }
    }
  }
}
