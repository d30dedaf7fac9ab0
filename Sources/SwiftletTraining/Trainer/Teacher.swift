import SwiftletFloat
import SwiftletModel

/// A float model, or an ensemble, whose opinion of each training image the student learns beside the label.
///
/// It sees the same distorted images as the student. Of an ensemble the mean of the logits is taken.
public final class Teacher {
  public let weight, temperature: Float
  private let networks: [FloatNetwork]

  /// - Parameters:
  ///   - weight: The share of the loss, 0...1.
  ///   - temperature: What softens both opinions, above 0.
  ///   - maximumBatch: Images a training step has at most.
  /// - Throws: `GraphError` where a model is quantized or not valid.
  public init(
    _ models: [Model], weight: Float, temperature: Float, maximumBatch: Int, threads: Int
  ) throws(GraphError) {
    precondition(!models.isEmpty, "an ensemble has at least one model")
    self.weight = weight
    self.temperature = temperature
    var networks: [FloatNetwork] = []
    for model in models { networks.append(try FloatNetwork(model, maxBatch: maximumBatch, threads: threads)) }
    self.networks = networks
  }

  /// The ensemble's logits of `count` images.
  func targets(_ images: UnsafeBufferPointer<UInt8>, count: Int) -> SoftTargets {
    var sum: [Float] = []
    for network in networks {
      network.forward(images, count: count)
      let logits = network.activations(of: network.logitsValue, count: count)
      sum = sum.isEmpty ? Array(logits) : zip(sum, logits).map { $0 + $1 }
    }
    let share = 1 / Float(networks.count)
    return SoftTargets(logits: sum.map { $0 * share }, weight: weight, temperature: temperature)
  }
}
