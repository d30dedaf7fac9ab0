import CSwiftletKernels

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
