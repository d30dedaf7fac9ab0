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

/// One step of a prepared model over a chunk of images: a body in the model's packed memory and the functions of the
/// body's type. A step holds no reference, so running it counts none.
struct Step: BitwiseCopyable {
  let body: UnsafeRawPointer
  let functions: UnsafePointer<StepFunctions>

  func run(_ frame: Frame) {
    withUnsafePointer(to: frame) { functions.pointee.run(body, $0) }
  }
}

/// What a type of step can do. Functions of C: they carry no context, so that a step is plain bytes. They get the step's
/// body first, then a pointer to the value that their comment names.
struct StepFunctions: BitwiseCopyable {
  typealias Function = @convention(c) (_ body: UnsafeRawPointer, _ argument: UnsafeRawPointer) -> Void

  /// Computes the images of a `Frame`.
  let run: Function
  /// Nil where threads cannot share the step.
  var sharing: StepSharing?
  #if !hasFeature(Embedded)
    /// Makes the rows of `StepRows`, after `sharing`'s preparation; nil where the step can only make whole images.
    var makeRows: Function?
    /// Nil where the step needs whole images.
    var consumer: RowConsumer?
  #endif
}

extension PackedMemory {
  /// A step of this body.
  func step<Body: BitwiseCopyable>(_ body: Body, _ functions: StepFunctions) throws(PrepareError) -> Step {
    Step(body: UnsafeRawPointer(try store(body)), functions: try store(functions))
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
