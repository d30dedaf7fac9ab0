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
      run: { body, frame in body.value(WinogradStep.self).run(frame.value(Frame.self).pointee) },
      sharing: StepSharing(
        nanoseconds: nanoseconds, hasPassPerImage: true,
        prepare: { body, frame, pass in
          body.value(WinogradStep.self).prepare(frame.value(Frame.self).pointee, pass: pass)
        },
        run: { body, piece in body.value(WinogradStep.self).run(piece.value(StepPiece.self).pointee) }))
    #if !hasFeature(Embedded)
      functions.makeRows = { body, rows in
        body.value(WinogradStep.self).make(rows.value(StepRows.self).pointee)
      }
    #endif
    return functions
  }
}

// By pointer: a body this large is copied where it is passed by value.
extension UnsafePointer<WinogradStep> {
  fileprivate func run(_ frame: Frame) {
    let tileRows = 0..<pointee.groups[0].arguments.tile_rows
    guard let padding = pointee.padding else {
      call(
        UnsafePointer<UInt8>(frame.bytes(pointee.input)), frame.bytes(pointee.output),
        scratch: frame.bytes(pointee.scratch), tileRows: tileRows,
        images: frame.imageCount)
      return
    }
    for image in 0..<frame.imageCount {
      let source = padding.copy(UnsafePointer<UInt8>(frame.bytes(pointee.input) + image * pointee.inputStride), frame)
      call(
        source, frame.bytes(pointee.output) + image * pointee.outputStride, scratch: frame.bytes(pointee.scratch),
        tileRows: tileRows)
    }
  }

  @inline(never) fileprivate func call(
    _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>, scratch: UnsafeMutablePointer<UInt8>,
    tileRows: Range<Int>, images: Int = 1
  ) {
    guard
      let kernel = pointee.size == 2 ? pointee.kernels.pointee.winograd2x2.run : pointee.kernels.pointee.winograd4x4.run
    else {
      preconditionFailure("the kernels of a Winograd plan exist")
    }
    for index in 0..<pointee.groupCount {
      var arguments = pointee.groups[index].arguments
      let firstRow = tileRows.lowerBound * (arguments.pools ? pointee.size / 2 : pointee.size)
      arguments.x = x + pointee.groups[index].inputOffset + tileRows.lowerBound * pointee.size * arguments.x_row
      arguments.y = UnsafeMutableRawPointer(y + pointee.groups[index].outputOffset + firstRow * arguments.y_row)
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

extension UnsafePointer<WinogradStep> {
  fileprivate func prepare(_ frame: Frame, pass: Int) {
    _ = pointee.padding?.copy(frame.bytes(pointee.input) + pass * pointee.inputStride, frame)
  }

  /// Where `prepare` left the image.
  fileprivate func source(_ frame: Frame, image: Int) -> UnsafePointer<UInt8> {
    UnsafePointer<UInt8>(
      pointee.padding.map { frame.bytes($0.buffer) } ?? frame.bytes(pointee.input) + image * pointee.inputStride)
  }

  /// Computes some rows of tiles of one image.
  fileprivate func run(_ piece: StepPiece) {
    let frame = piece.frame
    let rows = share(pointee.groups[0].arguments.tile_rows, piece.index, of: piece.count, by: 1)
    if rows.isEmpty { return }
    call(
      source(frame, image: piece.pass), frame.bytes(pointee.output) + piece.pass * pointee.outputStride,
      scratch: piece.own.bytes(pointee.scratch), tileRows: rows)
  }

  #if !hasFeature(Embedded)
    /// Computes some rows of one image, from a tile's first row on.
    fileprivate func make(_ made: StepRows) {
      call(
        source(made.frame, image: made.pass), made.image, scratch: made.own.bytes(pointee.scratch),
        tileRows: made.rows.lowerBound / pointee.size..<(made.rows.upperBound + pointee.size - 1) / pointee.size)
    }
  #endif
}
