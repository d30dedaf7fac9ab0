import CSwiftletKernels

/// A max or average pool.
struct PoolStep: BitwiseCopyable {
  let kernels: UnsafePointer<swl_kernel_table>
  let isMax: Bool
  /// Everything but the pointers to the image.
  let arguments: swl_pool_args
  let input, output, inputStride, outputStride: Int
  /// About what one image takes on one thread.
  let nanoseconds: Int

  func run(_ frame: Frame) { run(frame, rows: 0..<arguments.rows) }

  /// Computes piece `piece` of `count` of every image.
  func run(_ frame: Frame, pass: Int, piece: Int, of count: Int) {
    run(frame, rows: share(arguments.rows, piece, of: count, by: 1))
  }

  @inline(never) private func run(_ frame: Frame, rows: Range<Int>) {
    if rows.isEmpty { return }
    for image in 0..<frame.imageCount {
      run(frame.bytes(input) + image * inputStride, into: frame.bytes(output) + image * outputStride, rows: rows)
    }
  }

  /// Computes some rows of the image `y` from those rows of the image `x` that they cover.
  func run(_ x: UnsafePointer<UInt8>, into y: UnsafeMutablePointer<UInt8>, rows: Range<Int>) {
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

  func run(_ frame: Frame) {
    swl_table_u8__portable(frame.bytes(input), 0, table, frame.bytes(output), 0, count * frame.imageCount, 1)
  }
}

/// The sum of two values.
struct AdditionStep: BitwiseCopyable {
  let kernels: UnsafePointer<swl_kernel_table>
  /// Everything but pointers and count.
  let arguments: swl_add_args
  let left, right, output, count: Int
  /// About what one image takes on one thread.
  let nanoseconds: Int

  func run(_ frame: Frame) { run(frame, bytes: 0..<count * frame.imageCount) }

  /// Computes piece `piece` of `count` of the sum.
  func run(_ frame: Frame, pass: Int, piece: Int, of count: Int) {
    run(frame, bytes: share(self.count * frame.imageCount, piece, of: count, by: 64))
  }

  private func run(_ frame: Frame, bytes: Range<Int>) {
    let first = bytes.lowerBound
    run(frame.bytes(left) + first, frame.bytes(right) + first, into: frame.bytes(output) + first, count: bytes.count)
  }

  /// The sum of `count` bytes; `y` may be either operand.
  func run(
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
