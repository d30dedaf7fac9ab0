import SwiftletModel
import SwiftletReference

/// One node through the plain Swift kernels.
struct ReferenceStep: BitwiseCopyable {
  enum Body: BitwiseCopyable {
    case conv2D(UnsafePointer<Conv2D>, UnsafePointer<WindowPlan>, IntegerWeights, OutputStage)
    case dense(UnsafePointer<Dense>, inputCount: Int, IntegerWeights, OutputStage)
    case pool2D(UnsafePointer<PoolReference>)
    case table(UnsafePointer<UInt8>, count: Int)
    case add(UnsafePointer<AddReference>)
    case concat(ConcatStep)
  }

  /// A pool with its resolved window and quantizations.
  struct PoolReference {
    let pool: Pool2D
    let plan: WindowPlan
    let from, to: Quantization
  }

  /// An addition with its resolved factors.
  struct AddReference {
    let add: Add
    let right, count: Int
    let leftZeroPoint, rightZeroPoint: Int32
    let multipliers: AdditionMultipliers
    let stage: OutputStage
  }

  let body: Body
  let input, output: Int
  /// Bytes from one image to the next.
  let inputStride, outputStride: Int

  static var functions: StepFunctions {
    StepFunctions { body, frame in body.value(ReferenceStep.self).pointee.run(frame.value(Frame.self).pointee) }
  }

  @inline(__always) private func run(_ frame: Frame) {
    // Reference concatenation has no other definition than moving bytes; its tables hold the arithmetic.
    if case .concat(let step) = body {
      step.run(frame)
      return
    }
    for image in 0..<frame.imageCount {
      let x = UnsafePointer(frame.bytes(input) + image * inputStride)
      let y = frame.bytes(output) + image * outputStride
      switch body {
      case .conv2D(let conv, let plan, let weights, let stage):
        conv.pointee.integer(x, weights, plan.pointee, stage, into: y)
      case .dense(let dense, let inputCount, let weights, let stage):
        dense.pointee.integer(x, inputCount: inputCount, weights, stage, into: y)
      case .pool2D(let reference):
        reference.pointee.pool.integer(
          x, reference.pointee.plan, from: reference.pointee.from, to: reference.pointee.to, into: y)
      case .table(let table, let count):
        for i in 0..<count { y[i] = table[Int(x[i])] }
      case .add(let reference):
        let right = UnsafePointer(frame.bytes(reference.pointee.right) + image * inputStride)
        reference.pointee.add.integer(
          x, right, count: reference.pointee.count,
          zeroPoints: (reference.pointee.leftZeroPoint, reference.pointee.rightZeroPoint),
          reference.pointee.multipliers, reference.pointee.stage, into: y)
      case .concat: break
      }
    }
  }
}
