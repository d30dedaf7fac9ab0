import SwiftletModel

/// What training minimizes.
public enum Loss: String, Hashable, Sendable, Codable, CaseIterable {
  /// Of the softmax over class scores against a label, in nats.
  case crossEntropy
  /// Of the output against the image it was made from, pixels in 0...1; needs no labels.
  case meanSquaredError

  /// What the model's output asks for: an image like the input is compared with it, class scores with labels.
  public init(of model: Model) { self = model.reconstructsInput ? .meanSquaredError : .crossEntropy }
}

extension FloatNetwork {
  public var loss: Loss { Loss(of: model) }

  /// The summed mean squared errors of the images in the last `forward`.
  func reconstructionErrors(_ images: UnsafeBufferPointer<UInt8>, count: Int) -> LossSummary {
    guard let output = values(of: model.outputs[0]) else { preconditionFailure("an output is never fused away") }
    let size = output.count / max(batchCount, 1)
    var result = LossSummary(count: count)
    for n in 0..<count {
      let range = n * size..<(n + 1) * size
      result.loss += MeanSquaredError.forward(
        UnsafeBufferPointer(rebasing: output[range]), image: UnsafeBufferPointer(rebasing: images[range]))
    }
    return result
  }

  /// One pass of training by mean squared error against the images themselves.
  func reconstructionPass(
    _ images: UnsafeBufferPointer<UInt8>, count: Int, key: UInt64, softTargets: SoftTargets?, fill: @escaping Fill
  ) -> LossSummary {
    let size = model.values[model.outputs[0]].shape.count
    if let softTargets { precondition(softTargets.logits.count >= count * size, "fewer soft targets than samples") }
    let factor = 1 / Float(count)
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { losses in
      losses.initialize(repeating: 0)
      trainingPass(count: count, key: key, fill: fill) { n, output, gradient in
        let range = n * size..<(n + 1) * size
        let image = UnsafeBufferPointer(rebasing: images[range])
        losses[n] = MeanSquaredError.forward(output, image: image)
        guard let softTargets else {
          MeanSquaredError.backward(output, image: image, factor: factor, addingTo: gradient)
          return
        }
        softTargets.logits.withUnsafeBufferPointer { all in
          MeanSquaredError.backward(
            output, image: image, teacher: UnsafeBufferPointer(rebasing: all[range]),
            weight: softTargets.weight, factor: factor, addingTo: gradient)
        }
      }
      return LossSummary(loss: losses.reduce(0, +), count: count)
    }
  }
}
