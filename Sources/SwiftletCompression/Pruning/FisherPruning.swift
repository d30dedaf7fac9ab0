import Foundation
import SwiftletFloat
import SwiftletModel

/// Prunes the weights of a network in quantization-aware training until they cost no more than a budget of bits.
///
/// A weight's score is its Fisher information (the mean squared gradient, LeCun et al. 1990 and Theis et al. 2018) times
/// its square, the loss expected from losing it, for each bit that its zero saves. The least scores go first, over all
/// layers together. Zeros are final.
public final class FisherPruner {
  private let quantized: QuantizationAwareNetwork
  /// Per layer of `quantized`: the decaying mean of squared gradients, and 1 for each weight that is kept.
  private var information: [[Float]]
  private var keeps: [[UInt8]]
  private static let decay: Float = 0.999

  public init(_ quantized: QuantizationAwareNetwork) {
    self.quantized = quantized
    information = quantized.layers.map { Array(repeating: 0, count: $0.weights.count) }
    keeps = quantized.layers.map { Array(repeating: 1, count: $0.weights.count) }
  }

  /// Takes in the gradients of the real parameters and cuts those of pruned weights.
  public func takeGradients(_ network: FloatNetwork) {
    for index in keeps.indices {
      let parameter = network.parameter(node: quantized.layers[index].node, index: 0)
      guard let gradient = parameter.gradient?.all else { continue }
      FloatKernels.best.fisher(keep: keeps[index], gradient, &information[index], decay: Self.decay)
    }
  }

  /// Sets pruned weights to 0; to be called after every change of the parameters.
  public func apply(to network: FloatNetwork) {
    for index in keeps.indices {
      network.parameter(node: quantized.layers[index].node, index: 0).withMutableValues { weights in
        FloatKernels.best.mask(keep: keeps[index], weights)
      }
    }
  }

  /// Makes every weight final that rounds to 0 now.
  public func freeze() {
    for (index, layer) in quantized.layers.enumerated() {
      for i in keeps[index].indices where layer.weights[i] == 0 { keeps[index][i] = 0 }
    }
  }

  public var keptCount: Int { keeps.reduce(0) { $0 + $1.reduce(0) { $0 + Int($1) } } }

  /// The bits of all weights as they are rounded now.
  public var bits: Double { quantized.layers.reduce(0) { $0 + BitCost($1.weights, levels: $1.levels).bits } }

  /// Prunes until the weights cost at most `budget` bits.
  public func prune(_ network: FloatNetwork, toBits budget: Double) {
    var costs = quantized.layers.map { BitCost($0.weights, levels: $0.levels) }
    var total = costs.reduce(0) { $0 + $1.bits }
    guard total > budget else { return }
    var candidates: [(score: Float, layer: Int, index: Int)] = []
    for (layer, entry) in quantized.layers.enumerated() {
      let weights = network.parameter(node: entry.node, index: 0).value
      let saved = (0...entry.levels).map { Float(max(costs[layer].bitsSaved(magnitude: max($0, 1)), 0.5)) }
      for i in keeps[layer].indices where keeps[layer][i] != 0 {
        let w = weights.pointer[i]
        let score = information[layer][i] * w * w / saved[Int(abs(entry.weights[i]))]
        candidates.append((score, layer, i))
      }
    }
    candidates.sort { ($0.score, $0.layer, $0.index) < ($1.score, $1.layer, $1.index) }
    for candidate in candidates {
      guard total > budget else { break }
      keeps[candidate.layer][candidate.index] = 0
      let magnitude = Int(abs(quantized.layers[candidate.layer].weights[candidate.index]))
      guard magnitude > 0 else { continue }
      total -= costs[candidate.layer].bits
      costs[candidate.layer].remove(magnitude: magnitude)
      total += costs[candidate.layer].bits
    }
    apply(to: network)
  }
}

/// What a tensor of small integers costs under an ideal coder of order 0: the positions of the nonzeros at the tensor's
/// density, a sign bit each, and the magnitudes by their entropy.
struct BitCost {
  private let count: Int
  private var nonzeros = 0
  /// How many nonzeros have magnitude m + 1.
  private var magnitudes: [Int]

  init(_ integers: [Float], levels: Int) {
    count = integers.count
    magnitudes = Array(repeating: 0, count: levels)
    for q in integers where q != 0 {
      magnitudes[Int(abs(q)) - 1] += 1
      nonzeros += 1
    }
  }

  var bits: Double {
    magnitudes.reduce(Self.entropy(nonzeros, of: count) + Double(nonzeros)) { sum, m in
      m == 0 ? sum : sum - Double(m) * log2(Double(m) / Double(nonzeros))
    }
  }

  /// The bits that turning a weight of this magnitude into a zero saves.
  func bitsSaved(magnitude: Int) -> Double {
    guard nonzeros > 0, nonzeros < count else { return 1 }
    let position = log2(Double(count - nonzeros) / Double(nonzeros))
    let share = Double(max(magnitudes[magnitude - 1], 1)) / Double(nonzeros)
    return position + 1 - log2(share)
  }

  mutating func remove(magnitude: Int) {
    magnitudes[magnitude - 1] -= 1
    nonzeros -= 1
  }

  /// The bits of telling which `part` of `whole` are chosen: whole * H(part / whole).
  private static func entropy(_ part: Int, of whole: Int) -> Double {
    guard part > 0, part < whole else { return 0 }
    let p = Double(part) / Double(whole)
    return -Double(whole) * (p * log2(p) + (1 - p) * log2(1 - p))
  }
}
