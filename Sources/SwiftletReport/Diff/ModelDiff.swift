import Foundation
import SwiftletCompression
import SwiftletEvaluation
import SwiftletModel

/// How two models differ: facts, layer by layer, and on images.
public struct ModelDiff: Hashable, Sendable, Codable {
  /// One of the two.
  public struct Side: Hashable, Sendable, Codable {
    public var isQuantized: Bool
    public var parameterCount, nonzeroCount, multiplyAccumulates: Int
    /// Median of calls with one image; absent for float models and what cannot be measured.
    public var microseconds: Double?
    public var correctCount: Int?
    /// Of a model that gives back its input, in percent.
    public var explainedVariance: Double?
  }

  /// One convolution or dense layer that both have, or another node whose outputs both show.
  public struct Layer: Hashable, Sendable, Codable {
    public var name, output: String
    /// Nonzero weights in each; absent for layers without.
    public var nonzeroCounts: [Int]?
    /// Signal-to-noise ratios in dB, the first model's the signal: of the weights, and of the outputs.
    public var weightSQNR, outputSQNR: Double?
    /// Of the network's output, when only this layer of the float model takes the other's weights: its sensitivity.
    public var aloneSQNR: Double?
    /// Of this layer's output, when all layers take the other's weights and activations stay float.
    public var weightsOnlySQNR: Double?

    /// The share of the output's noise that the weights do not explain, 0...1: what rounding activations adds.
    public var activationBlame: Double? {
      guard let outputSQNR, let weightsOnlySQNR, outputSQNR.isFinite else { return nil }
      return min(1, max(0, 1 - Noise.power(weightsOnlySQNR) / Noise.power(outputSQNR)))
    }
  }

  /// An image on which the two disagree most.
  public struct Image: Hashable, Sendable, Codable {
    public var index: Int
    public var label: String
    /// Each model's class, or its mean squared error where it gives back its input.
    public var predictions: [String]
    /// The distance between the two outputs, as a share of the first's length.
    public var relativeError: Double
  }

  /// A signal-to-noise ratio as text: in words where nothing differs or there is no signal, empty where it is unknown.
  public static func text(decibels: Double?) -> String {
    guard let decibels, !decibels.isNaN else { return "" }
    return decibels == .infinity ? "equal" : decibels == -.infinity ? "no signal" : decibels.svg
  }

  public var sides: [Side]
  public var comparison: PairedComparison?
  public var imageCount: Int
  public var layers: [Layer]
  public var worstImages: [Image]
}

/// Sums of squares of a signal and of what is added to it.
struct Noise {
  var signal = 0.0
  var noise = 0.0

  mutating func add(_ a: [Double], _ b: [Double]) {
    for (x, y) in zip(a, b) {
      signal += x * x
      noise += (x - y) * (x - y)
    }
  }

  /// Signal over noise in dB; infinite where nothing differs.
  var decibels: Double { noise == 0 ? .infinity : 10 * (log10(signal) - log10(noise)) }

  /// Noise as a share of a signal of 1.
  static func power(_ decibels: Double) -> Double { pow(10, -decibels / 10) }
}
