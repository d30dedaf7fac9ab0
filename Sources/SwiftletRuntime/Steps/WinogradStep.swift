import CSwiftletKernels

/// One group of a Winograd convolution.
struct WinogradGroup: BitwiseCopyable {
  /// Everything but the pointers to the image and the scratch.
  let arguments: swl_winograd_args
  /// The first input byte of the group, and its first output byte, within a pixel.
  let inputOffset, outputOffset: Int
}

/// A convolution computed tile by tile through a Winograd transform, with its activation and max pool.
struct WinogradStep: BitwiseCopyable {
  let kernels: UnsafePointer<swl_kernel_table>
  /// Outputs of a tile along each axis: 2 or 4.
  let size: Int
  let groups: UnsafePointer<WinogradGroup>
  let groupCount: Int
  let input, output, scratch: Int
  /// Bytes from one image to the next.
  let inputStride, outputStride: Int
  let padding: PaddedCopy?

  static func functions(nanoseconds: Int) -> StepFunctions {
    var functions = StepFunctions(
      run: { body, frame in body.value(WinogradStep.self).pointee.run(frame.value(Frame.self).pointee) },
      sharing: StepSharing(
        nanoseconds: nanoseconds, hasPassPerImage: true,
        prepare: { body, frame, pass in
          body.value(WinogradStep.self).pointee.prepare(frame.value(Frame.self).pointee, pass: pass)
        },
        run: { body, piece in body.value(WinogradStep.self).pointee.run(piece.value(StepPiece.self).pointee) }))
    #if !hasFeature(Embedded)
      functions.makeRows = { body, rows in
        body.value(WinogradStep.self).pointee.make(rows.value(StepRows.self).pointee)
      }
    #endif
    return functions
  }

  private func run(_ frame: Frame) {
    let tileRows = 0..<groups[0].arguments.tile_rows
    guard let padding else {
      call(
        UnsafePointer(frame.bytes(input)), frame.bytes(output), scratch: frame.bytes(scratch), tileRows: tileRows,
        images: frame.imageCount)
      return
    }
    for image in 0..<frame.imageCount {
      let source = padding.copy(UnsafePointer(frame.bytes(input) + image * inputStride), frame)
      call(
        source, frame.bytes(output) + image * outputStride, scratch: frame.bytes(scratch), tileRows: tileRows)
    }
  }

  @inline(never) private func call(
    _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>, scratch: UnsafeMutablePointer<UInt8>,
    tileRows: Range<Int>, images: Int = 1
  ) {
    guard let kernel = size == 2 ? kernels.pointee.winograd2x2.run : kernels.pointee.winograd4x4.run else {
      preconditionFailure("the kernels of a Winograd plan exist")
    }
    for index in 0..<groupCount {
      var arguments = groups[index].arguments
      let firstRow = tileRows.lowerBound * (arguments.pools ? size / 2 : size)
      arguments.x = x + groups[index].inputOffset + tileRows.lowerBound * size * arguments.x_row
      arguments.y = UnsafeMutableRawPointer(y + groups[index].outputOffset + firstRow * arguments.y_row)
      arguments.images = images
      arguments.ends_short_rows = arguments.ends_short_rows && tileRows.upperBound == arguments.tile_rows
      arguments.tile_rows = tileRows.count
      arguments.rows -= firstRow
      arguments.scratch = UnsafeMutableRawPointer(scratch)
      kernel(&arguments)
    }
  }
}

// MARK: Threads that share the step

extension WinogradStep {
  private func prepare(_ frame: Frame, pass: Int) {
    _ = padding?.copy(frame.bytes(input) + pass * inputStride, frame)
  }

  /// Where `prepare` left the image.
  private func source(_ frame: Frame, image: Int) -> UnsafePointer<UInt8> {
    UnsafePointer(padding.map { frame.bytes($0.buffer) } ?? frame.bytes(input) + image * inputStride)
  }

  /// Computes some rows of tiles of one image.
  private func run(_ piece: StepPiece) {
    let frame = piece.frame
    let rows = share(groups[0].arguments.tile_rows, piece.index, of: piece.count, by: 1)
    if rows.isEmpty { return }
    call(
      source(frame, image: piece.pass), frame.bytes(output) + piece.pass * outputStride,
      scratch: piece.own.bytes(scratch), tileRows: rows)
  }

  #if !hasFeature(Embedded)
    /// Computes some rows of one image, from a tile's first row on.
    private func make(_ made: StepRows) {
      call(
        source(made.frame, image: made.pass), made.image, scratch: made.own.bytes(scratch),
        tileRows: made.rows.lowerBound / size..<(made.rows.upperBound + size - 1) / size)
    }
  #endif
}
