import SwiftletModel

/// One session worker's view while it runs a chunk: its arena, where each buffer lies in it, how many images it holds.
struct Frame: BitwiseCopyable {
  let arena: UnsafeMutableRawPointer
  let offsets: UnsafePointer<Int>
  let imageCount: Int

  func bytes(_ buffer: Int) -> UnsafeMutablePointer<UInt8> {
    (arena + offsets[buffer]).assumingMemoryBound(to: UInt8.self)
  }
}

/// One step of a prepared model over a chunk of images, in the model's packed memory. A step holds no reference, so
/// running it counts none.
enum Step: BitwiseCopyable {
  case convolution(UnsafePointer<ConvolutionStep>)
  case winograd(UnsafePointer<WinogradStep>)
  case pool(UnsafePointer<PoolStep>)
  case table(UnsafePointer<TableStep>)
  case addition(UnsafePointer<AdditionStep>)
  case concat(UnsafePointer<ConcatStep>)
  case reference(UnsafePointer<ReferenceStep>)
  #if !hasFeature(Embedded)
    case strips(UnsafePointer<StripStep>)
  #endif

  func run(_ frame: Frame) {
    switch self {
    case .convolution(let step): step.pointee.run(frame)
    case .winograd(let step): step.pointee.run(frame)
    case .pool(let step): step.pointee.run(frame)
    case .table(let step): step.pointee.run(frame)
    case .addition(let step): step.pointee.run(frame)
    case .concat(let step): step.pointee.run(frame)
    case .reference(let step): step.pointee.run(frame)
    #if !hasFeature(Embedded)
      case .strips(let step): step.pointee.run(frame)
    #endif
    }
  }
}

/// What `inspect` and `bench` say about one step of a prepared model.
public struct StepDescription: Hashable, Sendable {
  /// The nodes this step computes, in order; more than one where they are fused.
  public let nodes: [Int]
  /// The name of the first of them, UTF-8.
  public let name: [UInt8]
  public let outputShape: Shape
  /// Multiply-accumulates per sample as the field counts them, of all its nodes.
  public let multiplyAccumulates: Int
  /// The microkernel chosen, UTF-8, such as `conv_u8s8__avx512vnni`.
  public let kernel: [UInt8]
  /// Weights and tables in kernel layout.
  public let packedByteCount: Int
}
