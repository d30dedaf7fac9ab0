import CSwiftletKernels

/// An image written out as words of four bytes: every four bytes side by side, then every four below one another.
struct WordImage: BitwiseCopyable {
  let kernel: KernelTable.Words
  /// The scratch buffer that takes it.
  let buffer: Int
  /// Bytes of the image, and from one to the one below it.
  let byteCount, rowStep: Int

  func write(_ x: UnsafePointer<UInt8>, _ frame: Frame) -> UnsafePointer<UInt8> {
    let words = frame.bytes(buffer)
    kernel(x, 1, byteCount, words)
    kernel(x, rowStep, byteCount - 3 * rowStep, words + 4 * byteCount)
    return UnsafePointer(words)
  }
}

/// A copy of one image into the middle of a larger one, its border the zero point.
struct PaddedCopy: BitwiseCopyable {
  /// The scratch buffer that takes it.
  let buffer: Int
  let height, rowByteCount, top, leftByteCount, bottom, rightByteCount: Int
  /// How often each byte stands in the copy, side by side.
  var repeats = 1
  let fill: UInt8
  /// Writes the copy as s16; nil where it is of bytes.
  var widen: KernelTable.Widen?

  func copy(_ x: UnsafePointer<UInt8>, _ frame: Frame) -> UnsafePointer<UInt8> {
    let padded = frame.bytes(buffer)
    if let widen {
      padded.withMemoryRebound(to: Int16.self, capacity: 1) {
        widen(x, height, rowByteCount, $0, top, leftByteCount, bottom, rightByteCount, fill)
      }
      return UnsafePointer(padded)
    }
    if repeats == 1 {
      swl_pad_u8(x, height, rowByteCount, padded, top, leftByteCount, bottom, rightByteCount, fill)
    } else {
      swl_pad_repeat_u8(x, height, rowByteCount, repeats, padded, top, leftByteCount, bottom, rightByteCount, fill)
    }
    return UnsafePointer(padded)
  }
}

/// The output channels of one kernel call.
struct Panel: BitwiseCopyable {
  /// Everything but the pointers to the images.
  var arguments: swl_conv_args
  /// Computes it where the layer's microkernel is `dense`.
  let kernel: KernelTable.Convolution
  /// The weights of a step, the rest of its last vector included.
  let stepWeightCount: Int
  /// The first input byte of its group, and its first output byte, within a pixel.
  var inputOffset = 0, outputOffset = 0
}

/// The kernel that computes a layer's panels.
enum Microkernel: BitwiseCopyable {
  case dense
  /// One panel, with the distance between the taps' weights.
  case depthwise(weightStride: Int)
  /// One panel, with the groups of its blocks.
  case sparse(UnsafePointer<swl_sparse_group>, groupCount: Int)
}

/// A convolution or dense layer, with its activation and max pool where those follow.
struct ConvolutionStep: BitwiseCopyable {
  let kernels: UnsafePointer<swl_kernel_table>
  let panels: UnsafePointer<Panel>
  let panelCount: Int
  let microkernel: Microkernel
  let input, output: Int
  /// Bytes from one image to the next.
  let inputStride, outputStride: Int
  let padding: PaddedCopy?
  /// The kernel reads this of the image, padded or not.
  let words: WordImage?
  /// The images of a batch are the pixels of one kernel call: dense layers, and windows that cover the image.
  let isBatched: Bool
  /// Threads share the output channels rather than the windows: there is one window, or more weights than input.
  let splitsChannels: Bool

  static func functions(nanoseconds: Int, isBatched: Bool) -> StepFunctions {
    var functions = StepFunctions(
      run: { body, frame in body.value(ConvolutionStep.self).pointee.run(frame.value(Frame.self).pointee) },
      sharing: StepSharing(
        nanoseconds: nanoseconds, hasPassPerImage: !isBatched,
        prepare: { body, frame, pass in
          body.value(ConvolutionStep.self).pointee.prepare(frame.value(Frame.self).pointee, pass: pass)
        },
        run: { body, piece in
          body.value(ConvolutionStep.self).pointee.run(piece.value(StepPiece.self).pointee)
        }))
    #if !hasFeature(Embedded)
      functions.makeRows = { body, rows in
        body.value(ConvolutionStep.self).pointee.make(rows.value(StepRows.self).pointee)
      }
    #endif
    return functions
  }

  private func run(_ frame: Frame) {
    let x = UnsafePointer(frame.bytes(input))
    let y = frame.bytes(output)
    if isBatched {
      call(x, y, windows: 0..<frame.imageCount, units: 0..<unitCount)
      return
    }
    for image in 0..<frame.imageCount {
      let source = x + image * inputStride
      call(
        copied(source, frame), y + image * outputStride,
        windows: 0..<panels[0].arguments.window_count, units: 0..<unitCount)
    }
  }

  /// The image as the kernel reads it, written where that is not as it lies.
  @inline(never) private func copied(_ x: UnsafePointer<UInt8>, _ frame: Frame) -> UnsafePointer<UInt8> {
    let padded = padding?.copy(x, frame) ?? x
    return words?.write(padded, frame) ?? padded
  }

  /// Where `copied` left the image.
  private func source(_ frame: Frame, image: Int) -> UnsafePointer<UInt8> {
    if let buffer = words?.buffer ?? padding?.buffer { return UnsafePointer(frame.bytes(buffer)) }
    return UnsafePointer(frame.bytes(input) + image * inputStride)
  }

  /// The parts of the layer's output channels that can be computed apart.
  private var unitCount: Int {
    if case .sparse(_, let groupCount) = microkernel { groupCount } else { panelCount }
  }

  /// Computes some windows of some of the units, in one image or, where batched, of so many images.
  @inline(never) private func call(
    _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>, windows: Range<Int>, units: Range<Int>
  ) {
    switch microkernel {
    case .dense:
      for index in units {
        var arguments = arguments(index, x, y, windows)
        panels[index].kernel(&arguments)
      }
    case .depthwise(let weightStride):
      var depthwise = swl_depthwise_args(conv: arguments(0, x, y, windows), weight_stride: weightStride)
      kernels.pointee.depthwise.run(&depthwise)
    case .sparse(let groups, _):
      var sparse = swl_sparse_args(
        conv: arguments(0, x, y, windows), groups: groups + units.lowerBound, group_count: units.count)
      kernels.pointee.sparse.run(&sparse)
    }
  }

  private func arguments(
    _ index: Int, _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>, _ windows: Range<Int>
  ) -> swl_conv_args {
    var arguments = panels[index].arguments
    arguments.x = x + panels[index].inputOffset
    arguments.pixels += windows.lowerBound * arguments.window_pixels
    arguments.window_count = windows.count
    arguments.y = UnsafeMutableRawPointer(y + panels[index].outputOffset + windows.lowerBound * arguments.y_stride)
    return arguments
  }
}

// MARK: Threads that share the step

extension ConvolutionStep {
  private func prepare(_ frame: Frame, pass: Int) {
    _ = copied(frame.bytes(input) + pass * inputStride, frame)
  }

  private func run(_ piece: StepPiece) {
    let frame = piece.frame
    let image = isBatched ? 0 : piece.pass
    let source = source(frame, image: image)
    let windowCount = isBatched ? frame.imageCount : panels[0].arguments.window_count
    // Blocks of eight windows, so that cutting splits no kernel's tile.
    let windows = splitsChannels ? 0..<windowCount : share(windowCount, piece.index, of: piece.count, by: 8)
    let units = splitsChannels ? share(unitCount, piece.index, of: piece.count, by: 1) : 0..<unitCount
    if windows.isEmpty || units.isEmpty { return }
    call(source, frame.bytes(output) + image * outputStride, windows: windows, units: units)
  }

  #if !hasFeature(Embedded)
    /// Computes some rows of one image after `prepare`, all channels.
    private func make(_ made: StepRows) {
      let source = source(made.frame, image: made.pass)
      let columns = panels[0].arguments.window_count / made.imageRows
      let windows = made.rows.lowerBound * columns..<made.rows.upperBound * columns
      call(source, made.image, windows: windows, units: 0..<unitCount)
    }
  #endif
}
