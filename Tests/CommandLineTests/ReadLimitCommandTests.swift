import Foundation
import SwiftletBytes
import SwiftletFormat
import SwiftletModel
import Testing

/// A file of a few bytes may not take much memory or time, unless the person says so.
@Suite struct ReadLimitCommandTests {
  private let tool: Tool
  /// A float model of 13 million zeros.
  private let zeros: String

  init() throws {
    tool = try Tool()
    var content = ByteWriter()
    content.write(bytes: [1, 1, 1, 1, 1, 2, 0])
    content.writeCount(50 << 18)
    content.write(bytes: [0, 0, 0, 0])
    var file = ByteWriter()
    file.write(bytes: ModelFormat.magic + [UInt8(ModelFormat.version), 0])
    file.writeCount(content.count)
    file.write(bytes: try Zlib.deflate(content.bytes, wrapper: .raw, effort: .fast))
    file.write(Zlib.crc32(file.bytes))
    #expect(file.count < 64)
    zeros = try tool.folder.write(file.bytes, "zeros.swl")
  }

  @Test func bothProgramsSayWhatTheLimitIsAndWhatLiftsIt() throws {
    let results = [
      try LeanBinary.run([zeros, "--verify"]), try tool.run(["inspect", zeros]), try tool.run(["verify", zeros]),
      try tool.run(["pack", zeros, "-o", tool.path("out.swl")]),
      try tool.run(["eval", zeros] + Tool.data), try tool.run(["diff", zeros, zeros]),
    ]
    for result in results {
      #expect(result.code == 1)
      #expect(result.error.contains("more than the 48 MiB of memory"), "\(result.error)")
      #expect(result.error.contains("--no-limits"), "\(result.error)")
    }
    #expect(try !tool.contents().contains("out.swl"))
  }

  @Test func theOptionReadsItAllTheSame() throws {
    let lean = try LeanBinary.run([zeros, "--verify", "--no-limits"])
    #expect(lean.error.contains("this is a float model"), "\(lean.error)")
    #expect(try tool.succeed(["inspect", zeros, "--no-limits"]).contains("26,214,400"))
  }

  /// A border of 2^24 cells on each side: valid, but no small memory holds the image.
  @Test func aModelThatTakesMuchMemoryToRunIsRefusedWithItsSize() throws {
    var builder = ModelBuilder(input: Shape(height: 3, width: 3, channels: 1))
    let window = SlidingWindow(kernel: Size2D(1), stride: Size2D(1 << 14), padding: .uniform(1 << 14))
    try builder.add(.conv2D(Conv2D(filters: 1, window: window)))
    var model = try builder.build()
    for index in model.values.indices {
      model.values[index].element = .uint8
      model.values[index].quantization = .image
    }
    model.values[model.outputs[0]].element = .int32
    model.nodes[0].parameters = [
      Tensor(shape: [1, 1, 1, 1], storage: .int8([1]), scales: [.one]), Tensor(shape: [1], storage: .int32([0])),
    ]
    let path = try tool.folder.write(try ModelWriter.write(model).bytes, "wide.swl")
    let image = try tool.folder.write([UInt8](repeating: 1, count: 9), "image")
    let result = try LeanBinary.run([path, image, "--kernels", "portable"])
    #expect(result.code == 1)
    #expect(result.error.contains("MiB of memory or more to run, above the limit of 256 MiB"), "\(result.error)")
    // No option makes it fit, but the limit is then another.
    for (option, limit) in [([], "256 MiB"), (["--no-limits"], "16384 MiB")] as [([String], String)] {
      let other = try tool.run(["inspect", path] + option)
      #expect(other.code == 1 && other.error.contains("above the limit of \(limit)"), "\(other.error)")
    }
    #expect(result.error.contains("--no-limits"), "\(result.error)")
  }
}
