import CSwiftletKernels

/// A max or average pool.
struct PoolStep: BitwiseCopyable {
  let kernels: UnsafePointer<KernelPointers>
  let isMax: Bool
  /// Everything but the pointers to the image.
  let arguments: swl_pool_args
  let input, output, inputStride, outputStride: Int

  func run(_ frame: Frame) {
    var arguments = arguments
    for image in 0..<frame.imageCount {
      arguments.x = UnsafePointer(frame.bytes(input) + image * inputStride)
      arguments.y = frame.bytes(output) + image * outputStride
      if isMax { kernels.pointee.maxPool(&arguments) } else { kernels.pointee.meanPool(&arguments) }
    }
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
  let kernels: UnsafePointer<KernelPointers>
  /// Everything but pointers and count.
  let arguments: swl_add_args
  let left, right, output, count: Int

  func run(_ frame: Frame) {
    var arguments = arguments
    arguments.left = UnsafePointer(frame.bytes(left))
    arguments.right = UnsafePointer(frame.bytes(right))
    arguments.y = frame.bytes(output)
    arguments.count = count * frame.imageCount
    kernels.pointee.addition(&arguments)
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
