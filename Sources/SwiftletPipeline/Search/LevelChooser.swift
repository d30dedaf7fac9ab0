import Foundation
import SwiftletData
import SwiftletModel

/// Chooses how many integer levels the weights of each layer need when they are trained as integers.
enum LevelChooser {
  /// Levels that are tried, 3 and 4 bits. Fewer keep more weights in a file, but each trains worse: one run each gave
  /// 98.46% of MNIST's validation images with two ternary layers in 963 bytes, 98.72% with 7 levels in 1,056.
  private static let choices = [3, 7]
  /// The share of what there is to lose (from the network as it is to one that knows nothing) that rounding all layers
  /// may cost before any training. Training in integers wins nearly all of it back.
  private static let tolerance = 0.01

  /// For each layer with weights the fewest levels that cost little when it alone is rounded: no more than its share of
  /// the weights, as what its fewer levels save is of that order.
  static func levels(for model: Model, on sample: Dataset, threads: Int) throws -> [Int] {
    let layers = model.nodes.indices.filter { model.nodes[$0].parameters.count == 2 }
    let base = try model.meanLoss(on: sample, threads: threads)
    var blind = model
    for layer in layers { blind.nodes[layer].parameters[0] = Tensor(zeros: model.nodes[layer].parameters[0].shape) }
    let span = max(0, try blind.meanLoss(on: sample, threads: threads) - base)
    let total = layers.reduce(0) { $0 + model.nodes[$1].parameters[0].count }
    return try layers.map { layer in
      let share = Double(model.nodes[layer].parameters[0].count) / Double(max(total, 1))
      let limit = base + tolerance * span * share
      for levels in choices.dropLast() {
        var rounded = model
        rounded.nodes[layer].parameters[0].round(toLevels: levels)
        if try rounded.meanLoss(on: sample, threads: threads) <= limit { return levels }
      }
      return choices[choices.count - 1]
    }
  }
}

extension Tensor {
  /// Rounds each output channel to -levels ... levels times the step of least squared error among halvings by sqrt(2).
  fileprivate mutating func round(toLevels levels: Int) {
    guard var elements = floats, shape[0] > 0 else { return }
    let count = elements.count / shape[0]
    let limit = Float(levels)
    for start in stride(from: 0, to: elements.count, by: count) {
      let channel = Array(elements[start..<start + count])
      let peak = channel.reduce(0) { max($0, abs($1)) }
      guard peak > 0 else { continue }
      var best: (error: Float, values: [Float]) = (.infinity, channel)
      for halving in 0...5 {
        let step = peak / limit * Float(pow(2, -0.5 * Double(halving)))
        let values = channel.map { step * max(-limit, min(limit, ($0 / step).rounded())) }
        let error = zip(channel, values).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        if error < best.error { best = (error, values) }
      }
      elements.replaceSubrange(start..<start + count, with: best.values)
    }
    storage = .float32(elements)
  }
}
