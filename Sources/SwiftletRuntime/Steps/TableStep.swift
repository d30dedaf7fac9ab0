import CSwiftletKernels

/// Each byte through a table: a standalone activation.
struct TableStep: BitwiseCopyable {
  let table: UnsafePointer<UInt8>
  let input, output, count: Int

  static var functions: StepFunctions {
    StepFunctions { body, frame in body.value(TableStep.self).pointee.run(frame.value(Frame.self).pointee) }
  }

  @inline(__always) private func run(_ frame: Frame) {
    swl_table_u8__portable(frame.bytes(input), 0, table, frame.bytes(output), 0, count * frame.imageCount, 1)
  }
}
