/// The mean squared difference between what a network gives back and the image it was given, pixels in 0...1.
package enum MeanSquaredError {
  /// The mean over the elements of (output - pixel / 255)^2.
  ///
  /// - Returns: NaN where an output is NaN.
  package static func forward(_ output: UnsafeBufferPointer<Float>, image: UnsafeBufferPointer<UInt8>) -> Double {
    precondition(output.count == image.count, "an image has as many pixels as the output")
    var sum: Float = 0
    for i in output.indices {
      let difference = output[i] - Float(image[i]) / 255
      sum += difference * difference
    }
    return Double(sum) / Double(output.count)
  }

  /// Adds the gradient of factor * `forward` with respect to `output` to `dOutput`: factor * 2 * difference / n.
  ///
  /// - Parameter teacher: What another network makes of the image; with it the target is
  ///   (1 - weight) * pixel / 255 + weight * teacher, whose gradient is that of both errors mixed.
  package static func backward(
    _ output: UnsafeBufferPointer<Float>, image: UnsafeBufferPointer<UInt8>,
    teacher: UnsafeBufferPointer<Float>? = nil, weight: Float = 0, factor: Float,
    addingTo dOutput: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(output.count == image.count && dOutput.count == image.count, "one gradient for each pixel")
    precondition(teacher.map { $0.count == image.count } ?? true, "the teacher gives as many elements")
    let slope = factor * 2 / Float(output.count)
    for i in output.indices {
      var target = Float(image[i]) / 255
      if let teacher { target += weight * (teacher[i] - target) }
      dOutput[i] += slope * (output[i] - target)
    }
  }
}
