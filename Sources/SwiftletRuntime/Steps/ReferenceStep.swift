import SwiftletModel
import SwiftletReference

/// One node through its definition.
struct ReferenceStep: BitwiseCopyable {
  enum Body: BitwiseCopyable {
    case conv2D(UnsafePointer<Conv2D>, UnsafePointer<WindowPlan>, IntegerWeights, OutputStage)
    case dense(UnsafePointer<Dense>, inputCount: Int, IntegerWeights, OutputStage)
    case operation(UnsafePointer<IntegerOperation>)
  }

  /// A value that the node reads or makes.
  struct Place: BitwiseCopyable {
    let buffer: Int
    /// Bytes from one image to the next.
    let stride: Int

    func bytes(_ frame: Frame, image: Int) -> UnsafeMutablePointer<UInt8> { frame.bytes(buffer) + image * stride }
  }

  let body: Body
  let inputs: UnsafePointer<Place>
  let inputCount: Int
  let output: Place

  static var functions: StepFunctions {
    StepFunctions { body, frame in body.value(ReferenceStep.self).pointee.run(frame.value(Frame.self).pointee) }
  }

  private func run(_ frame: Frame) {
    for image in 0..<frame.imageCount {
      let x = UnsafePointer(inputs[0].bytes(frame, image: image))
      let y = output.bytes(frame, image: image)
      switch body {
      case .conv2D(let conv, let plan, let weights, let stage):
        conv.pointee.integer(x, weights, plan.pointee, stage, into: y)
      case .dense(let dense, let inputCount, let weights, let stage):
        dense.pointee.integer(x, inputCount: inputCount, weights, stage, into: y)
      case .operation(let operation):
        // 64 pointers at most: on the stack.
        withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>.self, capacity: inputCount) { sources in
          for index in 0..<inputCount {
            sources.initializeElement(at: index, to: UnsafePointer(inputs[index].bytes(frame, image: image)))
          }
          if let first = sources.baseAddress { operation.pointee.run(first, into: y) }
        }
      }
    }
  }
}
