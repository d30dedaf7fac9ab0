import Foundation
import SwiftletFloat

/// How the learning rate changes over a run.
public enum LearningRateSchedule: Hashable, Sendable, Codable {
  case constant
  /// From the full rate to 0 along half a cosine (Loshchilov and Hutter 2017, without restarts).
  case cosine
  /// Multiplied by `factor` every `epochs` epochs.
  case step(epochs: Int, factor: Float)

  /// The share of the full rate at `progress`, in epochs from 0 to `total`.
  public func factor(progress: Double, total: Int) -> Double {
    switch self {
    case .constant: 1
    case .cosine: 0.5 * (1 + cos(.pi * min(max(progress / Double(max(total, 1)), 0), 1)))
    case .step(let epochs, let factor): pow(Double(factor), (progress / Double(max(epochs, 1))).rounded(.down))
    }
  }
}

/// How weights start: the distribution's variance follows from the fan-in and fan-out.
public enum Initialization: String, Hashable, Sendable, Codable, CaseIterable {
  /// Uniform, variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010), Keras's default.
  case glorot
  /// Normal, variance 2 / fan-in (He et al. 2015).
  case he
}

public enum OptimizerChoice: String, Hashable, Sendable, Codable, CaseIterable {
  /// Kingma and Ba 2015, with betas 0.9 and 0.999 and epsilon 1e-7; weight decay is decoupled (AdamW).
  case adam
  /// Stochastic gradient descent with momentum.
  case sgd
}

/// Everything that decides a training run's result, besides the data and the architecture. Defaults are Keras's.
public struct TrainingConfiguration: Hashable, Sendable, Codable {
  public var epochs = 10
  public var batch = 64
  public var optimizer = OptimizerChoice.adam
  public var learningRate: Float = 1e-3
  /// Used by SGD.
  public var momentum: Float = 0.9
  public var weightDecay: Float = 0
  public var schedule = LearningRateSchedule.constant
  /// Epochs over which the rate rises linearly from 0 at the start.
  public var warmUpEpochs: Float = 0
  public var initialization = Initialization.glorot
  /// Distortions of the training images, as far as they suit the data (`Augmentation.suited(to:)`).
  public var augmentation: Augmentation?
  /// The epochs after which each image's distortions come again; nil is never. A teacher's opinion of a distorted image
  /// is then asked for once and kept.
  public var augmentationCycle: Int?
  /// So many epochs at the end show the images as they are: what was learnt from distorted ones is brought back to those
  /// that are to be told apart. Absent is none.
  public var undistortedEpochs: Int?
  /// What is minimized; nil, as in recipes and checkpoints without it, takes what the model's output asks for
  /// (`Loss.init(of:)`).
  public var loss: Loss?
  /// Seeds the initial weights, the order of the data, augmentation and dropout. The split has its own seed.
  public var seed: UInt64 = 0
  /// Images held out of the training set for validation, and the seed that chooses them.
  public var validationCount = 5000
  public var splitSeed: UInt64 = 0

  public init() {}

  /// Which distortion of each image an epoch (from 1) shows, from 1; all undistorted ones are the same.
  func distortion(inEpoch epoch: Int) -> Int {
    guard augmentation != nil else { return 1 }
    guard isDistorted(inEpoch: epoch) else { return (augmentationCycle ?? epochs) + 1 }
    return augmentationCycle.map { (epoch - 1) % $0 + 1 } ?? epoch
  }

  func isDistorted(inEpoch epoch: Int) -> Bool {
    augmentation != nil && epoch <= epochs - (undistortedEpochs ?? 0)
  }

  /// How many distortions of each image there are, undistorted ones among them, where they come again; else 0.
  var distortionCount: Int {
    guard augmentation != nil else { return epochs > 1 ? 1 : 0 }
    guard let cycle = augmentationCycle else { return 0 }
    let count = cycle + ((undistortedEpochs ?? 0) > 0 ? 1 : 0)
    return count < epochs ? count : 0
  }

  /// The learning rate at `progress`, in epochs.
  public func learningRate(progress: Double) -> Float {
    let warmUp = warmUpEpochs > 0 ? min(1, progress / Double(warmUpEpochs)) : 1
    return Float(Double(learningRate) * warmUp * schedule.factor(progress: progress, total: epochs))
  }
}
