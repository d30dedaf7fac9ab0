import Foundation
import SwiftletFormat
import SwiftletImages
import SwiftletModel
import SwiftletRuntime
import Testing

/// The built swiftlet-run, beside the test bundle.
struct LeanBinary {
  struct Result: Equatable {
    var output, error: String
    var code: Int32
  }

  static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("swiftlet-run")

  static let embedded = GoldenModel.root.appendingPathComponent(".build-embedded/swiftlet-run")

  /// Runs it; `output` replaces standard output by a file such as /dev/full.
  static func run(
    _ arguments: [String], input: Data = Data(), environment: [String: String] = [:], output: FileHandle? = nil,
    executable: URL = executable
  ) throws -> Result {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (source, text, error) = (Pipe(), Pipe(), Pipe())
    process.standardInput = source
    if let output { process.standardOutput = output } else { process.standardOutput = text }
    process.standardError = error
    try process.run()
    // Small enough for the pipe, so it cannot block on a program that does not read.
    precondition(input.count <= 1 << 15)
    if !input.isEmpty { try? source.fileHandleForWriting.write(contentsOf: input) }
    try source.fileHandleForWriting.close()
    if output != nil { try text.fileHandleForWriting.close() }
    let outputBytes = text.fileHandleForReading.readDataToEndOfFile()
    let errorBytes = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let result = Result(
      output: String(decoding: outputBytes, as: UTF8.self), error: String(decoding: errorBytes, as: UTF8.self),
      code: process.terminationStatus)
    // Whatever a test looks for, no program prints values as Swift spells them.
    for text in [result.output, result.error] { #expect(swiftSyntax(in: text).isEmpty, "\(arguments): \(text)") }
    return result
  }
}

/// A golden model and what the plain Swift kernels say about an image: the oracle for what is printed.
struct GoldenModel {
  let path: String
  let model: Model

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func path(_ name: String) -> String { root.appendingPathComponent("models/goldens/\(name).swl").path }

  init(_ name: String) throws {
    path = Self.path(name)
    model = try ModelReader.read([UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
  }

  /// "LABEL PROBABILITY" of the `top` likeliest classes.
  func expected(_ pixels: [UInt8], top: Int = 1) throws -> String {
    let output = model.values[model.outputs[0]]
    var logits = [Int32](repeating: 0, count: output.shape.count)
    var room = logits.mutableSpan
    Session(try PreparedModel(model, kernels: .reference)).run(pixels.span, into: &room)
    let shares = IntegerSoftmax.tenThousandths(logits, scale: output.quantization!.scale)
    let order = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
    return order.prefix(top).map { index in
      let labels = model.metadata.labels
      let label = labels.isEmpty ? "\(index)" : String(decoding: labels[index], as: UTF8.self)
      return label + String(format: " %.4f", Double(shares[index]) / 10_000)
    }.joined(separator: ", ")
  }

  /// Distinct images of the model's input size, as bytes.
  func images(_ count: Int) -> [[UInt8]] {
    var generator = SplitMix64(seed: 21)
    let size = model.values[model.inputs[0]].shape.count
    return (0..<count).map { _ in (0..<size).map { _ in UInt8(truncatingIfNeeded: generator.next()) } }
  }
}
