import CSwiftletKernels

/// A copy of one image into the middle of a larger one, its border the zero point.
struct PaddedCopy: BitwiseCopyable {
  /// The scratch buffer that takes it.
  let buffer: Int
  let height, rowByteCount, top, leftByteCount, bottom, rightByteCount: Int
  let fill: UInt8
  /// The copy is of s16.
  var widens = false

  func copy(_ x: UnsafePointer<UInt8>, _ frame: Frame) -> UnsafePointer<UInt8> {
    let padded = frame.bytes(buffer)
    #if arch(x86_64)
      if widens {
        padded.withMemoryRebound(to: Int16.self, capacity: 1) {
          swl_widen_u8s16__avx2(x, height, rowByteCount, $0, top, leftByteCount, bottom, rightByteCount, fill)
        }
        return UnsafePointer(padded)
      }
    #endif
    swl_pad_u8(x, height, rowByteCount, padded, top, leftByteCount, bottom, rightByteCount, fill)
    return UnsafePointer(padded)
  }
}

/// The output channels of one kernel call.
struct Panel: BitwiseCopyable {
  /// Everything but the pointers to the images.
  var arguments: swl_conv_args
  /// The first input byte of its group, and its first output byte, within a pixel.
  var inputOffset, outputOffset: Int
}

/// A convolution or dense layer, with its activation and max pool where those follow.
struct ConvolutionStep: BitwiseCopyable {
  let kernels: UnsafePointer<KernelPointers>
  let panels: UnsafePointer<Panel>
  let panelCount: Int
  let input, output: Int
  /// Bytes from one image to the next.
  let inputStride, outputStride: Int
  let padding: PaddedCopy?
  /// The images of a batch are the pixels of one kernel call: dense layers, and windows that cover the image.
  let isBatched: Bool
  /// 0 for ordinary convolutions, else the distance between the taps' weights.
  let depthwiseStride: Int

  func run(_ frame: Frame) {
    let x = frame.bytes(input)
    let y = frame.bytes(output)
    if isBatched {
      for index in 0..<panelCount { call(index, x, y, pixelCount: frame.imageCount) }
      return
    }
    for image in 0..<frame.imageCount {
      var source = UnsafePointer(x + image * inputStride)
      if let padding { source = padding.copy(source, frame) }
      for index in 0..<panelCount { call(index, source, y + image * outputStride, pixelCount: nil) }
    }
  }

  private func call(_ index: Int, _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>, pixelCount: Int?) {
    var arguments = panels[index].arguments
    arguments.x = x + panels[index].inputOffset
    arguments.y = UnsafeMutableRawPointer(y + panels[index].outputOffset)
    if let pixelCount { arguments.window_count = pixelCount }
    if depthwiseStride > 0 {
      var depthwise = swl_depthwise_args(conv: arguments, weight_stride: depthwiseStride)
      kernels.pointee.depthwise(&depthwise)
    } else if isBatched, let dense = kernels.pointee.dense {
      dense(&arguments)
    } else {
      kernels.pointee.convolution(&arguments)
    }
  }
}

/// The C functions of a kernel table, at a fixed address.
struct KernelPointers {
  let convolution: KernelTable.Convolution
  let depthwise: KernelTable.Depthwise
  let maxPool, meanPool: KernelTable.Pool
  let addition: KernelTable.Addition
  let dense: KernelTable.Convolution?
  let winograd: WinogradKernels?
}
