import Foundation
import SwiftletData
import SwiftletImages
import SwiftletModel
import TestSupport
import Testing

/// The built swiftlet in a folder of its own, with tiny data.
struct Tool {
  let folder: TemporaryFolder

  static let executable = LeanBinary.executable.deletingLastPathComponent().appendingPathComponent("swiftlet")
  /// 500 images to train on, 100 held out, 100 to test.
  static let data = ["--data", "synthetic", "--synthetic-count", "600", "--threads", "1"]
  /// The images behind `data` that 'swiftlet eval' scores.
  static func testImages() -> Dataset { SyntheticDigits.dataset(count: 100, seed: 2) }

  static let tiny = """
    {"input": [28, 28, 1], "layers": [
      {"type": "conv2d", "filters": 4, "kernel": 3, "stride": 2, "activation": "relu"},
      {"type": "max_pool2d", "kernel": 2}, {"type": "flatten"}, {"type": "dense", "units": 10}, {"type": "softmax"}]}
    """

  init() throws {
    folder = try TemporaryFolder()
    try write(Self.tiny, "tiny.json")
  }

  func path(_ name: String) -> String { folder.path(name) }

  @discardableResult
  func write(_ text: String, _ name: String) throws -> String { try folder.write(Array(text.utf8), name) }

  func bytes(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(name)))) }

  /// Every name in the folder.
  func contents() throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
  }

  func run(_ arguments: [String], output: FileHandle? = nil) throws -> LeanBinary.Result {
    try LeanBinary.run(arguments, output: output, executable: Self.executable)
  }

  /// Runs a command that is to succeed; what it prints.
  @discardableResult
  func succeed(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let result = try run(arguments)
    try #require(result.code == 0, "\(arguments): \(result.error)", sourceLocation: sourceLocation)
    return result.output
  }

  /// The JSON object that a command prints.
  func json(
    _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String: Any] {
    let text = try succeed(arguments + ["--json"], sourceLocation: sourceLocation)
    return try #require(
      JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], sourceLocation: sourceLocation)
  }

  /// Runs a command that is to end with `code`, one line on standard error, and the folder as it was.
  ///
  /// - Parameter note: How the lines begin that tell of the work done before, where there may be any.
  func fail(
    _ arguments: [String], code: Int32 = 1, _ texts: String..., after note: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try contents()
    let result = try run(arguments)
    let what = Comment(rawValue: "\(arguments) gave \(result)")
    #expect(result.code == code, what, sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, what, sourceLocation: sourceLocation)
    var lines = result.error.split(separator: "\n", omittingEmptySubsequences: false)
    if let note {
      #expect(lines.first?.hasPrefix(note) == true, what, sourceLocation: sourceLocation)
      lines.removeAll { !$0.isEmpty && !$0.hasPrefix("swiftlet: error: ") }
    }
    // One line and its newline.
    #expect(lines.count == 2 && lines.last == "", what, sourceLocation: sourceLocation)
    #expect(lines[0].hasPrefix("swiftlet: error: "), what, sourceLocation: sourceLocation)
    for text in texts { #expect(lines[0].contains(text), what, sourceLocation: sourceLocation) }
    // A case with values, a type of an error or an optional: Swift, where a sentence belongs.
    let swift = /[a-z]\w*\(\w+: |\b[A-Z]\w*Error\b|Optional\(/
    #expect(lines[0].firstMatch(of: swift) == nil, what, sourceLocation: sourceLocation)
    #expect(try contents() == before, what, sourceLocation: sourceLocation)
  }

  func train(_ output: String, epochs: Int = 2, _ more: [String] = []) -> [String] {
    ["train", "--arch", path("tiny.json"), "--epochs", "\(epochs)", "-o", path(output)] + Self.data + more
  }

  /// A float model of two epochs, and its quantized form, made once for all tests.
  private static let models = Swift.Result<(float: [UInt8], int8: [UInt8]), any Error>(catching: {
    let tool = try Tool()
    try tool.succeed(tool.train("float.swl"))
    try tool.succeed(["quantize", tool.path("float.swl"), "-o", tool.path("int8.swl")] + data)
    return (try tool.bytes("float.swl"), try tool.bytes("int8.swl"))
  })

  /// A float model trained well enough to have much to lose.
  private static let good = Swift.Result<[UInt8], any Error>(catching: {
    let tool = try Tool()
    try tool.succeed(tool.train("good.swl", epochs: 40, ["--learning-rate", "0.003"]))
    return try tool.bytes("good.swl")
  })

  func goodModel() throws -> String { try folder.write(try Self.good.get(), "good.swl") }
  func floatModel() throws -> String { try folder.write(try Self.models.get().float, "float.swl") }
  func integerModel() throws -> String { try folder.write(try Self.models.get().int8, "int8.swl") }

  /// MNIST's four files in the folder `name`: `count` images of 28 x 28 each, after `change` had its way with them.
  func writeMNIST(
    _ name: String, count: Int = 30, change: (inout [String: [UInt8]]) -> Void = { _ in }
  ) throws -> String {
    let images = SyntheticDigits.dataset(count: count, seed: 3)
    let size: [UInt8] = [0, 0, 0, UInt8(count)]
    var files: [String: [UInt8]] = [:]
    for prefix in ["train", "t10k"] {
      files["\(prefix)-images-idx3-ubyte"] = [0, 0, 8, 3] + size + [0, 0, 0, 28, 0, 0, 0, 28] + images.images
      files["\(prefix)-labels-idx1-ubyte"] = [0, 0, 8, 1] + size + images.labels
    }
    change(&files)
    try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    for (file, bytes) in files { try folder.write(bytes, "\(name)/\(file)") }
    return path(name)
  }

  /// 8 x 8 images in the class folders `left` and `right`, whose bright half they name.
  func writeClassFolders(_ name: String, count: Int = 40) throws -> String {
    var generator = SplitMix64(seed: 5)
    for side in ["left", "right"] {
      try FileManager.default.createDirectory(atPath: path("\(name)/\(side)"), withIntermediateDirectories: true)
      for index in 0..<count {
        let pixels = (0..<64).map { position in
          UInt8(generator.next() % 80) + ((position % 8 < 4) == (side == "left") ? 150 : 0)
        }
        let image = Image(width: 8, height: 8, channels: 1, pixels: pixels)
        try folder.write(try PNGEncoder.encode(image), "\(name)/\(side)/\(index).png")
      }
    }
    return path(name)
  }
}

/// A command under way, to be stopped by a signal.
final class RunningTool {
  private let process = Process()
  private let errors = Pipe()
  private(set) var text = ""

  /// - Parameter through: A command that runs the tool, whose name and arguments follow.
  init(_ arguments: [String], through: [String] = []) throws {
    let command = through + [Tool.executable.path] + arguments
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
  }

  /// Reads standard error until it says `needle`; false where it ends before.
  func wait(for needle: String) -> Bool {
    while !text.contains(needle) {
      let data = errors.fileHandleForReading.availableData
      if data.isEmpty { return false }
      text += String(decoding: data, as: UTF8.self)
    }
    return true
  }

  /// Sends a signal and waits for the end.
  func stop(by signal: Int32) -> (status: Int32, reason: Process.TerminationReason) {
    kill(process.processIdentifier, signal)
    return end()
  }

  /// Waits for the end.
  func end() -> (status: Int32, reason: Process.TerminationReason) {
    text += String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, process.terminationReason)
  }
}
