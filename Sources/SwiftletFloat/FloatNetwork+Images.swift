import CSwiftletKernels
import SwiftletModel

/// Batches of u8 images, as data sets hold them.
extension FloatNetwork {
  /// - Parameter fusesPools: Fuses convolutions with the pools after them, whose inputs then are not among
  ///   `activations`; calibration, which observes every value, turns it off.
  /// - Precondition: `SWIFTLET_KERNELS` names kernels that exist, or is not set; the commands refuse it before.
  /// - Throws: `GraphError` where the model is quantized or not valid.
  public convenience init(
    _ model: Model, maxBatch: Int, threads: Int, fusesPools: Bool = true
  ) throws(GraphError) {
    do {
      try self.init(
        model, maximumBatch: maxBatch, options: Options(threads: threads, keepsEveryValue: !fusesPools))
    } catch {
      switch error {
      case .quantizedModel: throw GraphError(.quantization(value: model.inputs[0]))
      case .graph(let error): throw error
      case .unknownKernels: preconditionFailure("\(error)")
      }
    }
  }

  /// Runs `count` images, `count * height * width * channels` bytes, at inference.
  public func forward(_ images: UnsafeBufferPointer<UInt8>, count: Int) {
    forward(count: count, fill: fill(images, count))
  }

  /// What value `value` of the model holds after `forward`, in NHWC order; the network must keep every value.
  public func activations(of value: Int, count: Int) -> UnsafeBufferPointer<Float> {
    guard let values = values(of: value) else { preconditionFailure("this value is fused away") }
    return UnsafeBufferPointer(rebasing: values[..<(count * model.values[value].shape.count)])
  }

  /// Inference: the summed loss and the number of correct predictions, 0 for a network that gives back its input, which
  /// takes no notice of labels.
  public func score(_ images: UnsafeBufferPointer<UInt8>, labels: [UInt8], count: Int) -> LossSummary {
    if loss == .meanSquaredError {
      forward(images, count: count)
      return reconstructionErrors(images, count: count)
    }
    return evaluate(count: count, labels: labels, fill: fill(images, count))
  }

  /// One pass of training: the mean loss's gradient goes into the parameters.
  ///
  /// - Parameters:
  ///   - key: Distinguishes training steps, for dropout.
  ///   - softTargets: What a teacher makes of the same images.
  /// - Returns: The summed loss (without the teacher's part) and the number of correct predictions before the step.
  public func train(
    _ images: UnsafeBufferPointer<UInt8>, labels: [UInt8], count: Int, key: UInt64, softTargets: SoftTargets? = nil
  ) -> LossSummary {
    if loss == .meanSquaredError {
      return reconstructionPass(images, count: count, key: key, softTargets: softTargets, fill: fill(images, count))
    }
    return trainingPass(count: count, labels: labels, key: key, softTargets: softTargets, fill: fill(images, count))
  }

  /// Pixels scaled to 0...1, then normalized where the model says so.
  private func fill(_ images: UnsafeBufferPointer<UInt8>, _ count: Int) -> Fill {
    let size = model.values[model.inputs[0]].shape.count
    precondition(images.count == count * size, "images fit the network's input")
    let table = context.kernels.table
    let normalization = model.metadata.normalization
    return { sample, input in
      guard let source = images.baseAddress, let target = input.baseAddress else { return }
      table.bytes(source + sample * size, size, 1 / 255, target)
      guard let normalization else { return }
      for i in 0..<size {
        let c = i % normalization.mean.count
        input[i] = (input[i] - normalization.mean[c]) / normalization.standardDeviation[c]
      }
    }
  }
}
