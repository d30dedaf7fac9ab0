/// Facts about a model that do not change what it computes, all optional.
public struct Metadata: Hashable, Sendable {
  /// Class labels as UTF-8, in output order; empty means the decimal indexes 0, 1, 2 ...
  public var labels: [[UInt8]]
  /// How a u8 image becomes the input of a float model; absent means x / 255. A quantized model has none: it is folded.
  public var normalization: Normalization?
  public var provenance: Provenance?
  public var selfTest: SelfTest?

  public init(
    labels: [[UInt8]] = [], normalization: Normalization? = nil, provenance: Provenance? = nil,
    selfTest: SelfTest? = nil
  ) {
    self.labels = labels
    self.normalization = normalization
    self.provenance = provenance
    self.selfTest = selfTest
  }
}

/// (x / 255 - mean) / standardDeviation, one pair per input channel.
public struct Normalization: Hashable, Sendable {
  public var mean, standardDeviation: [Float]
  public init(mean: [Float], standardDeviation: [Float]) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }
}

/// Where a model comes from.
public struct Provenance: Hashable, Sendable {
  /// The validation images held out of training, so that later steps hold out the same.
  public struct Split: Hashable, Sendable {
    public var seed: UInt64
    public var validationCount: Int
    /// A hash of the held-out images' indexes and labels; a mismatch tells that the data is not the same.
    public var hash: UInt64
    public init(seed: UInt64, validationCount: Int, hash: UInt64) {
      self.seed = seed
      self.validationCount = validationCount
      self.hash = hash
    }
  }
  /// Correct predictions out of `total`, on the validation split or on test images.
  public struct Accuracy: Hashable, Sendable {
    public enum Subset: UInt8, CaseIterable, Sendable { case validation = 0, test = 1 }
    public var subset: Subset
    public var correct, total: Int
    public init(_ subset: Subset, correct: Int, total: Int) {
      self.subset = subset
      self.correct = correct
      self.total = total
    }
  }
  /// UTF-8: the tool and its version, what data, and the command or a note.
  public var tool, data, note: [UInt8]
  public var split: Split?
  public var accuracies: [Accuracy]

  public init(
    tool: [UInt8] = [], data: [UInt8] = [], note: [UInt8] = [], split: Split? = nil, accuracies: [Accuracy] = []
  ) {
    self.tool = tool
    self.data = data
    self.note = note
    self.split = split
    self.accuracies = accuracies
  }
}
