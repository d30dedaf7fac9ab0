import SwiftletFloat
import SwiftletModel
import SwiftletRuntime

/// What `bench` is to measure of a quantized model.
public struct BenchmarkOptions: Sendable {
  /// Samples per call; every size is measured with every thread count.
  public var batches: [Int]
  public var threads: [Int]
  /// nil: what `SWIFTLET_KERNELS` names, or the fastest.
  public var kernels: KernelTable?
  /// A float model of the same input, to be measured in the same rounds.
  public var float: Model?
  public var time: MeasuringTime

  public init(
    batches: [Int], threads: [Int], kernels: KernelTable? = nil, float: Model? = nil, time: MeasuringTime = .thorough
  ) {
    precondition(!batches.isEmpty && batches.allSatisfy { $0 >= 1 }, "batches are at least 1")
    precondition(!threads.isEmpty && threads.allSatisfy { $0 >= 1 }, "threads are at least 1")
    self.batches = batches
    self.threads = threads
    self.kernels = kernels
    self.float = float
    self.time = time
  }
}

/// Why a float model cannot be measured beside a quantized one.
public enum BenchmarkError: Error, Hashable, Sendable, CustomStringConvertible {
  case floatIsQuantized
  /// The float model has other inputs.
  case inputsDiffer
  /// The float model is not valid, or has several inputs.
  case floatNotRunnable

  public var description: String {
    switch self {
    case .floatIsQuantized: "is quantized; the comparison needs a float model"
    case .inputsDiffer: "takes another input than the quantized model; compare a model with its own float form"
    case .floatNotRunnable: "cannot be run in floating point: the graph is not valid or has several inputs"
    }
  }
}

/// One batch size with one number of threads.
public struct BenchmarkRow: Hashable, Sendable {
  public var batch, threads: Int
  public var timing: CallTiming
  /// The float model's, from the same rounds.
  public var float: CallTiming?
  /// On one thread.
  public var layers: [LayerMeasurement]

  /// Of the median call.
  public var imagesPerSecond: Double { Double(batch) * 1e6 / timing.medianMicroseconds }
  /// Useful multiply-accumulates of a call against the peak of one core over the fastest call.
  public func peakShare(_ limits: MachineLimits) -> Double {
    let work = layers.reduce(0) { $0 + $1.usefulMultiplyAccumulates }
    return Double(work) / timing.minMicroseconds / 1e3 / limits.peak
  }
}

/// Everything `bench` found out, for people and machines.
public struct BenchmarkReport: Hashable, Sendable {
  /// What the model is called: its file.
  public var title: String
  public var kernels: String
  public var limits: MachineLimits
  public var load: LoadMeasurement?
  /// Batch by batch, and within a batch thread count by thread count.
  public var rows: [BenchmarkRow]

  /// How many times as many images a second `row` does as the first row.
  public func speedUp(_ row: BenchmarkRow) -> Double { row.imagesPerSecond / rows[0].imagesPerSecond }
}

extension BenchmarkReport {
  /// Measures a quantized model: every batch size with every thread count in interleaved rounds, then each layer.
  ///
  /// - Parameter progress: Called with what is being done and the share of it, 0...1.
  /// - Throws: `PrepareError`, and `BenchmarkError` about the float model.
  public static func measured(
    _ model: Model, title: String, options: BenchmarkOptions, load: LoadMeasurement? = nil,
    progress: (String, Double) -> Void = { _, _ in }
  ) throws -> BenchmarkReport {
    try options.float.map { try check(float: $0, against: model) }
    var prepared: [Int: PreparedModel] = [:]
    for batch in options.batches where prepared[batch] == nil {
      prepared[batch] = try PreparedModel(model, maxBatch: batch, kernels: options.kernels)
    }
    let largest = prepared[options.batches.max() ?? 1]
    guard let largest else { preconditionFailure("every batch is prepared") }
    let kernels = "\(largest.kernels.name)"
    progress("limits of this CPU", 0)
    let workingSet = largest.workingSet
    let before = MachineLimits.measured(kernels: kernels, workingSet: workingSet)
    let combinations = options.batches.flatMap { batch in options.threads.map { (batch: batch, threads: $0) } }
    let integer = combinations.compactMap { combination in
      prepared[combination.batch].map {
        RepeatedCall($0, batch: combination.batch, threads: combination.threads)
      }
    }
    let float = try options.float.map { model in
      try combinations.map { try FloatCall(model, batch: $0.batch, threads: $0.threads) }
    }
    let calls = integer.map { call in { call.run() } } + (float ?? []).map { call in { call.run() } }
    let timings = Measurement.interleaved(calls, time: options.time) { progress("calls", $0) }
    var times: [Int: [Double]] = [:]
    for (index, batch) in options.batches.enumerated() where times[batch] == nil {
      progress("layers", Double(index) / Double(options.batches.count))
      times[batch] = prepared[batch].map { Measurement.steps(of: $0, batch: batch, time: options.time) }
    }
    let limits = before.combined(with: MachineLimits.measured(kernels: kernels, workingSet: workingSet))
    let rows = combinations.enumerated().map { index, combination in
      BenchmarkRow(
        batch: combination.batch, threads: combination.threads, timing: timings[index],
        float: float == nil ? nil : timings[combinations.count + index],
        layers: prepared[combination.batch].map {
          $0.layers(batch: combination.batch, microseconds: times[combination.batch] ?? [], limits: limits)
        } ?? [])
    }
    return BenchmarkReport(title: title, kernels: kernels, limits: limits, load: load, rows: rows)
  }

  /// Refuses a float model that is none or that does not take what the quantized one takes.
  public static func check(float: Model, against model: Model) throws(BenchmarkError) {
    guard !float.isQuantized else { throw .floatIsQuantized }
    guard float.inputs.count == 1 else { throw .floatNotRunnable }
    guard float.inputs.map({ float.values[$0].shape }) == model.inputs.map({ model.values[$0].shape }) else {
      throw .inputsDiffer
    }
  }
}

/// A float network with a batch of images in place.
private final class FloatCall {
  private let network: FloatNetwork
  private let images: [UInt8]
  private let batch: Int

  init(_ model: Model, batch: Int, threads: Int) throws(BenchmarkError) {
    do { network = try FloatNetwork(model, maxBatch: batch, threads: threads) } catch { throw .floatNotRunnable }
    self.batch = batch
    var golden = GoldenInput(seed: 1)
    images = (0..<batch * model.values[model.inputs[0]].shape.count).map { _ in golden.nextByte() }
  }

  /// Inference from bytes to outputs, the scaling of pixels included.
  func run() { images.withUnsafeBufferPointer { network.forward($0, count: batch) } }
}
