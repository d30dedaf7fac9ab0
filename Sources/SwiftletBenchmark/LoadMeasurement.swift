import CSwiftletPlatform
import Foundation
import SwiftletModel
import SwiftletRuntime

/// What it takes to get from a file to the first result, in this process: once, cold, and again as often as it takes to
/// tell what the program costs from what this moment did.
public struct LoadMeasurement: Hashable, Sendable, Codable {
  public var fileByteCount: Int
  /// Reading, checking, inflating and decoding the file.
  public var decodeMilliseconds: Double
  /// Validating, packing weights and planning memory for one image.
  public var prepareMilliseconds: Double
  /// Making a session and running one image.
  public var firstRunMilliseconds: Double
  /// The medians of decoding and preparing `repetitions` more times; 'swiftlet bench' does not read the file again.
  public var warmDecodeMilliseconds, warmPrepareMilliseconds: Double
  public var packedByteCount, arenaByteCount: Int
  /// The most memory the process ever held, before loading and after the first run; 0 where the system does not say.
  public var peakBytesBefore, peakBytes: Int

  static var repetitions: Int { 11 }

  enum CodingKeys: String, CodingKey {
    case fileByteCount = "file_bytes"
    case decodeMilliseconds = "decode_ms"
    case prepareMilliseconds = "prepare_ms"
    case firstRunMilliseconds = "first_run_ms"
    case warmDecodeMilliseconds = "warm_decode_ms"
    case warmPrepareMilliseconds = "warm_prepare_ms"
    case packedByteCount = "packed_bytes"
    case arenaByteCount = "arena_bytes"
    case peakBytesBefore = "peak_rss_before_bytes"
    case peakBytes = "peak_rss_bytes"
  }

  /// Loads a model by `decode`, which also tells the bytes of its file, and runs it once; then decodes and prepares it
  /// again and again.
  ///
  /// - Throws: What `decode` throws, and `PrepareError`.
  public static func measured(
    kernels: KernelTable? = nil, decode: () throws -> (model: Model, fileByteCount: Int)
  ) throws -> LoadMeasurement {
    let before = peakResidentBytes
    let start = swl_clock_ns()
    let (model, fileByteCount) = try decode()
    let decoded = swl_clock_ns()
    let prepared = try PreparedModel(model, kernels: kernels)
    let ready = swl_clock_ns()
    RepeatedCall(prepared, batch: 1).run()
    let end = swl_clock_ns()
    // Before the repetitions, which may hold more at a time.
    let peak = peakResidentBytes
    let warm = try medians(kernels, decode)
    return LoadMeasurement(
      fileByteCount: fileByteCount, decodeMilliseconds: Double(decoded - start) / 1e6,
      prepareMilliseconds: Double(ready - decoded) / 1e6, firstRunMilliseconds: Double(end - ready) / 1e6,
      warmDecodeMilliseconds: warm.decode, warmPrepareMilliseconds: warm.prepare,
      packedByteCount: prepared.packedByteCount, arenaByteCount: prepared.arenaByteCount, peakBytesBefore: before,
      peakBytes: peak)
  }

  private static func medians(
    _ kernels: KernelTable?, _ decode: () throws -> (model: Model, fileByteCount: Int)
  ) throws -> (decode: Double, prepare: Double) {
    var decodes: [UInt64] = []
    var prepares: [UInt64] = []
    for _ in 0..<repetitions {
      let start = swl_clock_ns()
      let model = try decode().model
      let decoded = swl_clock_ns()
      _ = try PreparedModel(model, kernels: kernels)
      prepares.append(swl_clock_ns() - decoded)
      decodes.append(decoded - start)
    }
    func median(_ times: [UInt64]) -> Double { Double(times.sorted()[times.count / 2]) / 1e6 }
    return (median(decodes), median(prepares))
  }

  private static var peakResidentBytes: Int {
    var usage = rusage()
    // RUSAGE_SELF, which C libraries import under different types.
    guard getrusage(0, &usage) == 0 else { return 0 }
    #if os(Linux)
      return Int(usage.ru_maxrss) << 10
    #else
      return Int(usage.ru_maxrss)
    #endif
  }
}
