import CSwiftletPlatform
import SwiftletBytes
import SwiftletFormat
import SwiftletModel
import SwiftletRuntime
import Testing

@Suite struct GoldenFileTests {
  private static let isWriting = swl_getenv("SWIFTLET_WRITE_GOLDENS") != nil

  init() throws {
    guard Self.isWriting else { return }
    for (name, model) in GoldenModels.valid {
      try GoldenFiles.write(ModelWriter.write(model, packing: .plain).bytes, name)
    }
    for (name, model) in GoldenModels.coded {
      try GoldenFiles.write(ModelWriter.write(model, packing: .coded).bytes, name)
    }
    for file in try GoldenFiles.invalid() { try GoldenFiles.write(file.bytes, file.name) }
  }

  /// Another zlib may deflate otherwise, so the container and the inflated content are compared, byte for byte.
  @Test(arguments: GoldenModels.valid.indices) func writerGivesTheGoldenContent(_ index: Int) throws {
    let (name, model) = GoldenModels.valid[index]
    let golden = try GoldenFiles.read(name)
    let written = try ModelWriter.write(model, packing: .plain).bytes
    #expect(try GoldenFiles.content(written) == GoldenFiles.content(golden))
    let header = try ModelReader.readHeader(golden)
    #expect(written.prefix(header.content.lowerBound) == golden.prefix(header.content.lowerBound))
    #expect(try ModelReader.read(golden) == model)
  }

  /// No zlib takes part, so every byte is fixed.
  @Test(arguments: GoldenModels.coded.indices) func coderGivesTheGoldenBytes(_ index: Int) throws {
    let (name, model) = GoldenModels.coded[index]
    let golden = try GoldenFiles.read(name)
    #expect(try ModelWriter.write(model, packing: .coded).bytes == golden)
    let read = try ModelReader.readDetailed(golden)
    #expect(read.model == model)
    #expect(read.header.isCoded && read.tensors.allSatisfy { $0.encoding == .coded })
  }

  @Test func goldensUseEveryEncoding() throws {
    var seen: Set<TensorEncoding> = []
    for (name, _) in GoldenModels.valid + GoldenModels.coded {
      seen.formUnion(try ModelReader.readDetailed(GoldenFiles.read(name)).tensors.map(\.encoding))
    }
    #expect(seen == Set(TensorEncoding.allCases))
  }

  @Test(arguments: (GoldenModels.valid.filter { $0.model.isQuantized } + GoldenModels.coded).map(\.name))
  func selfTestsHoldOnEveryKernel(_ name: String) throws {
    let model = try ModelReader.read(GoldenFiles.read(name))
    let test = try #require(model.metadata.selfTest)
    for kernels in KernelTable.supported {
      #expect(test.verify(try PreparedModel(model, kernels: kernels)), "\(kernels.name)")
    }
  }

  @Test func invalidGoldensAreRefusedWithTheirReasons() throws {
    for file in try GoldenFiles.invalid() {
      for bytes in [file.bytes, try GoldenFiles.read(file.name)] {
        let error = try #require(throws: ModelFormatError.self) { try ModelReader.read(bytes) }
        #expect(error.reason == file.reason, "\(file.name)")
        #expect("\(error.field)" == file.field, "\(file.name)")
        if let offset = file.offset { #expect(error.offset == offset, "\(file.name)") }
      }
    }
  }

  /// The two dumps of Format.md's worked example are the golden file and its content.
  @Test func specificationShowsTheExampleFile() throws {
    let path = Array("\(GoldenFiles.folder)/../../Sources/SwiftletFormat/Format.md".utf8CString)
    let text = String(decoding: try FileBytes.read(path, limit: 1 << 20), as: UTF8.self)
    var dumps: [[UInt8]] = []
    var isInside = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "```hex" { dumps.append([]) }
      if line.hasPrefix("```") {
        isInside = line == "```hex"
      } else if isInside {
        let hex = line.prefix { $0 != ";" }.split(separator: " ")
        dumps[dumps.count - 1] += try hex.map { try #require(UInt8($0, radix: 16)) }
      }
    }
    let golden = try GoldenFiles.read("example")
    #expect(dumps == [golden, try GoldenFiles.content(golden)])
  }
}
