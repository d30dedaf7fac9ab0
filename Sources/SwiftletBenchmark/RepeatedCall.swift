import CSwiftletPlatform
import SwiftletModel
import SwiftletRuntime

/// A prepared model with inputs and room for outputs in place, to be called again and again.
///
/// It takes any number of inputs and outputs of any element type; the inputs are the bytes of the golden generator.
public final class RepeatedCall {
  public let prepared: PreparedModel
  public let batch: Int
  /// Threads that share the batch.
  public var threads: Int { session.threads }

  private let session: Session
  private let inputs: UnsafeMutableBufferPointer<UnsafePointer<UInt8>>
  private let outputs: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>
  private let outputByteCounts: [Int]

  public init(_ prepared: PreparedModel, batch: Int, threads: Int = 1) {
    self.prepared = prepared
    self.batch = batch
    session = Session(prepared, threads: threads)
    let model = prepared.model
    var golden = GoldenInput(seed: 1)
    inputs = .allocate(capacity: model.inputs.count)
    for (index, value) in model.inputs.enumerated() {
      let count = batch * model.values[value].shape.count
      let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
      for index in 0..<count { (bytes + index).initialize(to: golden.nextByte()) }
      inputs.initializeElement(at: index, to: UnsafePointer(bytes))
    }
    outputByteCounts = model.outputs.map {
      batch * model.values[$0].shape.count * model.values[$0].element.byteCount
    }
    outputs = .allocate(capacity: model.outputs.count)
    for (index, count) in outputByteCounts.enumerated() {
      let bytes = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
      bytes.initializeMemory(as: UInt8.self, repeating: 0, count: count)
      outputs.initializeElement(at: index, to: bytes)
    }
  }

  deinit {
    for input in inputs { input.deallocate() }
    for output in outputs { output.deallocate() }
    inputs.deallocate()
    outputs.deallocate()
  }

  public func run() {
    let (inputs, outputs) = (UnsafeBufferPointer(inputs), UnsafeBufferPointer(outputs))
    session.run(inputs: inputs.span, batch: batch, outputs: outputs.span)
  }

  /// Runs on one thread and adds each step's nanoseconds to `times`.
  func run(timing times: inout MutableSpan<UInt64>) {
    let (inputs, outputs) = (UnsafeBufferPointer(inputs), UnsafeBufferPointer(outputs))
    session.runTimed(inputs: inputs.span, batch: batch, outputs: outputs.span, times: &times)
  }

  /// What the last run left in the outputs, one after the other.
  public var outputBytes: [UInt8] {
    zip(outputs, outputByteCounts).flatMap { Array(UnsafeRawBufferPointer(start: $0, count: $1)) }
  }
}
