import SwiftletFloat
import SwiftletModel

/// A float model, or an ensemble, whose opinion of each training image the student learns beside the label.
///
/// It sees the same distorted images as the student. Of an ensemble the mean of the logits is taken.
public final class Teacher {
  public let weight, temperature: Float
  private let networks: [FloatNetwork]
  /// `[variant][image][class]`, NaN where not yet known; empty where nothing is kept.
  private var kept: [[Float]] = []
  /// What they are of.
  private var keptImages: KeptImages?
  private var classCount = 0

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

  /// Opinions are kept up to so many bytes.
  private static let keptLimit = 1 << 28

  /// What decides the images that opinions are kept of, besides the data set, which a teacher has one of.
  struct KeptImages: Hashable {
    var count, variantCount: Int
    var augmentation: Augmentation?
    /// Whether the last variant is the images themselves.
    var endsUndistorted: Bool
    var seed: UInt64
  }

  /// Keeps the opinion of each distortion of each training image from the first time it is asked, where memory allows,
  /// and forgets those of other distortions. So one teacher of several runs on the same images, one after the other, is
  /// asked once.
  func keep(_ images: KeptImages) {
    guard images != keptImages else { return }
    keptImages = images
    let (images, variants) = (images.count, images.variantCount)
    kept = []
    guard let network = networks.first, variants > 0 else { return }
    classCount = network.model.values[network.logitsValue].shape.count
    guard variants <= Self.keptLimit / max(4 * images * classCount, 1) else { return }
    kept = Array(repeating: Array(repeating: .nan, count: images * classCount), count: variants)
  }

  /// The ensemble's logits of a batch, whose images are given as the networks take them.
  func targets(_ images: UnsafeBufferPointer<UInt8>, _ batch: Batch) -> SoftTargets {
    guard kept.indices.contains(batch.variant) else {
      return SoftTargets(logits: logits(images, batch.labels.count), weight: weight, temperature: temperature)
    }
    if batch.members.contains(where: { kept[batch.variant][$0 * classCount].isNaN }) {
      let fresh = logits(images, batch.labels.count)
      for (position, member) in batch.members.enumerated() {
        kept[batch.variant].replaceSubrange(
          member * classCount..<(member + 1) * classCount,
          with: fresh[position * classCount..<(position + 1) * classCount])
      }
    }
    let known = batch.members.flatMap { kept[batch.variant][$0 * classCount..<($0 + 1) * classCount] }
    return SoftTargets(logits: known, weight: weight, temperature: temperature)
  }

  private func logits(_ images: UnsafeBufferPointer<UInt8>, _ count: Int) -> [Float] {
    var sum: [Float] = []
    for network in networks {
      network.forward(images, count: count)
      let logits = network.activations(of: network.logitsValue, count: count)
      sum = sum.isEmpty ? Array(logits) : zip(sum, logits).map { $0 + $1 }
    }
    let share = 1 / Float(networks.count)
    return sum.map { $0 * share }
  }
}
