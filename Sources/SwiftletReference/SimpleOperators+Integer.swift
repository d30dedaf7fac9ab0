package import SwiftletModel

extension Activation {
  /// The byte each input byte becomes: z_out + requantize(q - z_in), clamped; also how concat changes a scale.
  package func integerTable(from: Quantization, to: Value) -> [UInt8] {
    let stage = OutputStage(self, to)
    guard let output = to.quantization, let multiplier = FixedPointMultiplier(input: from.scale, output: output.scale)
    else { preconditionFailure("validation bounds this multiplier") }
    return (0...255).map { q in
      UInt8(truncatingIfNeeded: stage.finish(multiplier(Int32(q) - Int32(from.zeroPoint))))
    }
  }
}

extension Add {
  /// The definition of integer addition: both terms at one shift, summed in 64 bits, rounded once.
  package func integer(
    _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, count: Int, zeroPoints: (left: Int32, right: Int32),
    _ multipliers: AdditionMultipliers, _ stage: OutputStage, into y: UnsafeMutablePointer<UInt8>
  ) {
    for i in 0..<count {
      let value = multipliers(Int32(left[i]) - zeroPoints.left, Int32(right[i]) - zeroPoints.right)
      y[i] = UInt8(truncatingIfNeeded: stage.finish(value))
    }
  }
}
