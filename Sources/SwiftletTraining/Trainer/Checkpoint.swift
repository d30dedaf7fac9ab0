import Foundation
import SwiftletBytes
import SwiftletModel

/// Where a training run stands after a whole epoch: enough to go on and reach the same result.
///
/// The data's order, augmentation and dropout depend on the seed, the epoch and the step alone, so no generator's state
/// needs storing.
public struct Checkpoint: Sendable {
  /// Epochs done.
  public var epoch = 0
  public var stepCount = 0
  /// The run's configuration and data; `Trainer` refuses another's.
  public var facts = RunFacts(json: "{}")
  public var parameters: [[Float]] = []
  public var optimizerState: [[Float]] = []
  /// The parameters of the best epoch so far on validation, its number and score.
  public var best: [[Float]] = []
  public var bestEpoch = 0
  public var bestCorrect = -1
  public var bestLoss = Double.infinity

  public init() {}
}

/// Why a checkpoint cannot be read or used, in one line.
public struct CheckpointError: Error, Sendable, CustomStringConvertible {
  public let description: String
}

extension Checkpoint {
  /// "SWLC", for a Swiftlet checkpoint.
  private static let magic: [UInt8] = Array("SWLC".utf8)
  private static let version: UInt8 = 2
  private static let elementLimit = 1 << 28
  private static let factsLimit = 1 << 20

  /// Whether a file whose first bytes these are may be a checkpoint, though perhaps a damaged one: not that of others.
  ///
  /// - Parameter bytes: Four or more, or all.
  public static func isBegun(by bytes: [UInt8]) -> Bool { magic.starts(with: bytes.prefix(magic.count)) }

  /// The file: magic, version, fields, tensors as little-endian floats, CRC-32.
  public var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.write(bytes: Self.magic)
    writer.write(byte: Self.version)
    writer.writeCount(epoch)
    writer.writeCount(stepCount)
    writer.writeCount(facts.json.utf8.count)
    writer.write(bytes: facts.json.utf8)
    writer.writeCount(bestEpoch)
    writer.writeSignedVarint(Int64(bestCorrect))
    writer.write(bestLoss.bitPattern)
    for group in [parameters, optimizerState, best] {
      writer.writeCount(group.count)
      for tensor in group {
        writer.writeCount(tensor.count)
        tensor.withUnsafeBytes { writer.write(bytes: $0) }
      }
    }
    writer.write(Zlib.crc32(writer.bytes))
    return writer.bytes
  }

  /// - Throws: `CheckpointError`.
  public init(bytes: [UInt8]) throws {
    do { try self.init(checked: bytes) } catch let error as ByteError {
      var text = ByteWriter()
      error.write(to: &text)
      throw CheckpointError(
        description: "is no intact checkpoint of this version: \(String(decoding: text.bytes, as: UTF8.self))")
    }
  }

  private init(checked bytes: [UInt8]) throws {
    guard Self.isBegun(by: bytes) else { throw CheckpointError(description: "is no checkpoint") }
    guard bytes.count > Self.magic.count + 5 else {
      throw ByteError(.truncated(needed: Self.magic.count + 5, available: bytes.count), "magic", at: 0)
    }
    let end = bytes.count - 4
    var trailer = ByteCursor(bytes, range: end..<bytes.count)
    let stored: UInt32 = try trailer.read("checksum")
    let computed = Zlib.crc32(bytes[..<end])
    guard stored == computed else {
      throw ByteError(.checksum(stored: stored, computed: computed), "checksum", at: end)
    }
    var cursor = ByteCursor(bytes, range: Self.magic.count..<end)
    let version = try cursor.readByte("version")
    guard version == Self.version else {
      throw CheckpointError(
        description: "is a checkpoint of version \(version), and this program reads \(Self.version)")
    }
    epoch = try cursor.readCount("epoch", limit: 1 << 30)
    stepCount = try cursor.readCount("step count", limit: 1 << 40)
    let factsCount = try cursor.readCount("facts", limit: Self.factsLimit)
    facts = RunFacts(json: String(decoding: try cursor.readBytes("facts", count: factsCount), as: UTF8.self))
    bestEpoch = try cursor.readCount("best epoch", limit: 1 << 30)
    bestCorrect = Int(try cursor.readSignedVarint("best score"))
    bestLoss = Double(bitPattern: try cursor.read("best loss", as: UInt64.self))
    parameters = try Self.tensors(&cursor, "parameters")
    optimizerState = try Self.tensors(&cursor, "optimizer state")
    best = try Self.tensors(&cursor, "best parameters")
    try cursor.expectEnd("end")
  }

  private static func tensors(_ cursor: inout ByteCursor, _ field: StaticString) throws(ByteError) -> [[Float]] {
    let count = try cursor.readCount(field, limit: 1 << 16)
    var result: [[Float]] = []
    for _ in 0..<count {
      let elements = try cursor.readCount(field, limit: elementLimit)
      let bytes = try cursor.readBytes(field, count: 4 * elements)
      result.append(
        bytes.withUnsafeBytes { raw in
          (0..<elements).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        })
    }
    return result
  }

  /// Writes the checkpoint whole or not at all.
  public func save(to path: String) throws(FileError) { try FileBytes.write(bytes, to: path, replacing: true) }

  /// - Throws: `FileError` or `CheckpointError`.
  public static func load(_ path: String) throws -> Checkpoint {
    try Checkpoint(bytes: FileBytes.read(path, limit: 1 << 32))
  }
}
