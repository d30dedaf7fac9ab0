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
  let kernels: UnsafePointer<KernelPointers>
  /// Outputs of a tile along each axis: 2 or 4.
  let size: Int
  let groups: UnsafePointer<WinogradGroup>
  let groupCount: Int
  let input, output, scratch: Int
  /// Bytes from one image to the next.
  let inputStride, outputStride: Int
  let padding: PaddedCopy?

  func run(_ frame: Frame) {
    guard let winograd = kernels.pointee.winograd else { return }
    let kernel = size == 2 ? winograd.tiles2x2 : winograd.tiles4x4
    for image in 0..<frame.imageCount {
      var source = UnsafePointer(frame.bytes(input) + image * inputStride)
      if let padding { source = padding.copy(source, frame) }
      for index in 0..<groupCount {
        var arguments = groups[index].arguments
        arguments.x = source + groups[index].inputOffset
        arguments.y = UnsafeMutableRawPointer(frame.bytes(output) + image * outputStride + groups[index].outputOffset)
        arguments.scratch = UnsafeMutableRawPointer(frame.bytes(scratch))
        kernel(&arguments)
      }
    }
  }
}
