import Foundation
import SwiftletData
import SwiftletModel

/// Chooses how many integer levels the weights of each layer need when they are trained as integers.
enum LevelChooser {
  /// Levels on each side of 0 where a time is the only limit: 6 bits, of which fewer would save bytes alone.
  static let levelsWhereBytesAreFree = 31
  /// Levels that are tried for single layers, 3 and 4 bits. Fewer keep more weights in a file, but each trains worse: one
  /// run each gave 98.46% of MNIST's validation images with two ternary layers in 963 bytes, 98.72% with 7 levels in 1,056.
  private static let choices = [3, 7, 15, 31]
  /// The share of what there is to lose (from the network as it is to one that knows nothing) that rounding all layers to
  /// the coarsest levels may cost before any training, and, where a layer takes fewer than those, that all such layers
  /// may. Training in integers wins nearly all of it back. Rounding to 7 levels costs classifiers 0.3% at most; an
  /// autoencoder of images 13%, of which training leaves more than a percent, and to 15 levels 3%, of which it leaves none.
  private static let coarseTolerance = 0.05
  private static let tolerance = 0.01

  /// For each layer with weights the fewest levels that cost little when it alone is rounded, no more than its share of
  /// the weights, as what its fewer levels save is of that order; at most as many as all layers together can be rounded to.
  static func levels(for model: Model, on sample: Dataset, threads: Int) throws -> [Int] {
    let layers = model.nodes.indices.filter { model.nodes[$0].parameters.count == 2 }
    let base = try model.meanLoss(on: sample, threads: threads)
    var blind = model
    for layer in layers { blind.nodes[layer].parameters[0] = Tensor(zeros: model.nodes[layer].parameters[0].shape) }
    let span = max(0, try blind.meanLoss(on: sample, threads: threads) - base)
    func cost(_ layers: [Int], _ levels: Int) throws -> Double {
      var rounded = model
      for layer in layers { rounded.nodes[layer].parameters[0].round(toLevels: levels) }
      return try rounded.meanLoss(on: sample, threads: threads) - base
    }
    let most = try choices.dropFirst().first { try cost(layers, $0) <= coarseTolerance * span } ?? choices.last!
    let total = layers.reduce(0) { $0 + model.nodes[$1].parameters[0].count }
    return try layers.map { layer in
      let share = Double(model.nodes[layer].parameters[0].count) / Double(max(total, 1))
      return try choices.first { try $0 >= most || cost([layer], $0) <= tolerance * span * share } ?? most
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
