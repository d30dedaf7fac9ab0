import SwiftletBytes
import SwiftletModel

/// The bits of the metadata's first field: which parts follow.
private enum MetadataPart {
  static let labels: UInt64 = 1
  static let normalization: UInt64 = 2
  static let provenance: UInt64 = 4
  static let selfTest: UInt64 = 8
  static let split: UInt64 = 16
  static let all: UInt64 = 31
}

private let labelLimit = 1 << 16
private let noteLimit = 1 << 14
private let accuracyLimit = 16

extension ByteWriter {
  mutating func write(_ metadata: Metadata) {
    var parts: UInt64 = 0
    if !metadata.labels.isEmpty { parts |= MetadataPart.labels }
    if metadata.normalization != nil { parts |= MetadataPart.normalization }
    if let provenance = metadata.provenance {
      parts |= MetadataPart.provenance
      if provenance.split != nil { parts |= MetadataPart.split }
    }
    if metadata.selfTest != nil { parts |= MetadataPart.selfTest }
    writeVarint(parts)
    if !metadata.labels.isEmpty {
      writeCount(metadata.labels.count)
      for label in metadata.labels { writeText(label) }
    }
    if let normalization = metadata.normalization {
      writeCount(normalization.mean.count)
      for value in normalization.mean + normalization.standardDeviation { write(value.bitPattern) }
    }
    if let provenance = metadata.provenance {
      writeText(provenance.tool)
      writeText(provenance.data)
      writeText(provenance.note)
      if let split = provenance.split {
        writeVarint(split.seed)
        writeCount(split.validationCount)
        write(split.hash)
      }
      writeCount(provenance.accuracies.count)
      for accuracy in provenance.accuracies {
        write(byte: accuracy.subset.rawValue)
        writeCount(accuracy.correct)
        writeCount(accuracy.total)
      }
    }
    if let selfTest = metadata.selfTest {
      writeVarint(selfTest.seed)
      writeCount(selfTest.sampleCount)
      write(selfTest.outputHash)
    }
  }

  mutating func writeText(_ text: [UInt8]) {
    writeCount(text.count)
    write(bytes: text)
  }
}

extension Metadata {
  /// Whether the writer can store this, and a reader read it: nothing passes the format's limits.
  func isWritable(inputChannels: Int, isQuantized: Bool) -> Bool {
    guard labels.count <= labelLimit, labels.allSatisfy({ $0.count <= Limits.nameBytes }) else { return false }
    if let normalization {
      guard !isQuantized, normalization.mean.count == inputChannels,
        normalization.standardDeviation.count == inputChannels, normalization.mean.allSatisfy({ $0.isFinite }),
        normalization.standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 })
      else { return false }
    }
    if let selfTest, !(1...SelfTest.maximumSampleCount).contains(selfTest.sampleCount) { return false }
    guard let provenance else { return true }
    return provenance.accuracies.count <= accuracyLimit
      && [provenance.tool, provenance.data, provenance.note].allSatisfy { $0.count <= noteLimit }
      && provenance.accuracies.allSatisfy { $0.correct >= 0 && $0.correct <= $0.total && $0.total <= Int(Int32.max) }
      && (0...Int(Int32.max)).contains(provenance.split?.validationCount ?? 0)
  }
}

extension FieldReader {
  mutating func text(_ field: StaticString, limit: Int) throws(ModelFormatError) -> [UInt8] {
    let text = try bytes(field, count: try count(field, limit: limit))
    try reserve(text.count, field)
    return Array(text)
  }

  /// `inputChannels` is how many pairs a normalization must have.
  mutating func metadata(inputChannels: Int, isQuantized: Bool) throws(ModelFormatError) -> Metadata {
    let start = offset
    let parts = try varint("metadata parts")
    guard parts & ~MetadataPart.all == 0,
      parts & MetadataPart.split == 0 || parts & MetadataPart.provenance != 0
    else { throw error(.unknownValue(parts), "metadata parts", at: start) }
    var metadata = Metadata()
    if parts & MetadataPart.labels != 0 {
      let count = try count("label count", atLeast: 1, limit: labelLimit)
      try reserve(count, each: ReadCost.labelBytes, "labels")
      metadata.labels.reserveCapacity(count)
      for _ in 0..<count { metadata.labels.append(try text("label", limit: Limits.nameBytes)) }
    }
    if parts & MetadataPart.normalization != 0 {
      metadata.normalization = try normalization(inputChannels: inputChannels, isQuantized: isQuantized)
    }
    if parts & MetadataPart.provenance != 0 {
      metadata.provenance = try provenance(hasSplit: parts & MetadataPart.split != 0)
    }
    if parts & MetadataPart.selfTest != 0 {
      let seed = try varint("self-test seed")
      let count = try count("self-test samples", atLeast: 1, limit: SelfTest.maximumSampleCount)
      metadata.selfTest = SelfTest(
        seed: seed, sampleCount: count, outputHash: try integer("self-test hash", as: UInt64.self))
    }
    return metadata
  }

  private mutating func normalization(
    inputChannels: Int, isQuantized: Bool
  ) throws(ModelFormatError) -> Normalization {
    let start = offset
    let count = try count("normalization", atLeast: 1, limit: Limits.extent)
    guard count == inputChannels, !isQuantized else { throw error(.badValue, "normalization", at: start) }
    var values: [Float] = []
    for _ in 0..<2 * count { values.append(Float(bitPattern: try integer("normalization", as: UInt32.self))) }
    let deviations = Array(values[count...])
    guard values.allSatisfy({ $0.isFinite }), deviations.allSatisfy({ $0 > 0 }) else {
      throw error(.badValue, "normalization", at: start)
    }
    return Normalization(mean: Array(values[..<count]), standardDeviation: deviations)
  }

  private mutating func provenance(hasSplit: Bool) throws(ModelFormatError) -> Provenance {
    var result = Provenance(
      tool: try text("tool", limit: noteLimit), data: try text("data", limit: noteLimit),
      note: try text("note", limit: noteLimit))
    if hasSplit {
      let seed = try varint("split seed")
      let count = try count("validation count", limit: Int(Int32.max))
      result.split = Provenance.Split(
        seed: seed, validationCount: count, hash: try integer("split hash", as: UInt64.self))
    }
    let accuracyCount = try count("accuracy count", limit: accuracyLimit)
    for _ in 0..<accuracyCount {
      let start = offset
      let byte = try byte("accuracy subset")
      guard let subset = Provenance.Accuracy.Subset(rawValue: byte) else {
        throw error(.unknownValue(UInt64(byte)), "accuracy subset", at: start)
      }
      let correct = try count("correct", limit: Int(Int32.max))
      let total = try count("total", atLeast: correct, limit: Int(Int32.max))
      result.accuracies.append(Provenance.Accuracy(subset, correct: correct, total: total))
    }
    return result
  }
}
