import Foundation
import SwiftletBytes
import SwiftletFormat
import SwiftletModel
import SwiftletRuntime
import Testing

/// The models in `models/` hold on this machine what their notes say.
@Suite struct ShippedModelTests {
  static let small = [
    "mnist-cnn-noloss.swl", "mnist-cnn-tiny.swl", "lenet5-noloss.swl", "lenet5-tiny.swl",
  ]

  private func model(_ name: String) throws -> Model { try ModelReader.read(bytes(name)) }

  private func bytes(_ name: String) throws -> [UInt8] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return Array(try Data(contentsOf: root.appending(path: "models/\(name)")))
  }

  /// 10,000 images, every logit, every kernel path this CPU has.
  @Test(arguments: ["mnist-cnn-int8.swl", "mnist-cnn-small.swl"] + small)
  func everyKernelPathGivesTheSameBytes(_ name: String) throws {
    let model = try model(name)
    let hashes = try KernelTable.supported.map { table in
      SelfTest.outputHash(of: try PreparedModel(model, kernels: table), seed: 7, sampleCount: 10_000)
    }
    #expect(hashes.count >= 2)
    #expect(Set(hashes).count == 1)
    if name == "lenet5-tiny.swl" {
      // 12 of its 1,024 bytes would be the self-test's.
      #expect(model.metadata.selfTest == nil)
    } else {
      let selfTest = try #require(model.metadata.selfTest)
      #expect(selfTest.verify(try PreparedModel(model)))
    }
  }

  @Test(arguments: small) func everyChangedByteOfASmallFileIsRefused(_ name: String) throws {
    let file = try bytes(name)
    for index in file.indices {
      var changed = file
      changed[index] ^= UInt8(1 << (index % 8))
      #expect(throws: ModelFormatError.self) { try ModelReader.read(changed) }
    }
  }

  /// With the checksum made to fit, what decodes is another model or an error, and never a crash.
  @Test(arguments: small) func changedBytesUnderAFittingChecksumNeverCrash(_ name: String) throws {
    let file = try bytes(name)
    var refused = 0
    for index in stride(from: 0, to: file.count - 4, by: 3) {
      var writer = ByteWriter()
      var body = Array(file.dropLast(4))
      body[index] ^= UInt8(1 + index % 255)
      writer.write(bytes: body)
      writer.write(Zlib.crc32(body))
      do {
        let model = try ModelReader.read(writer.bytes)
        #expect(throws: Never.self) { try model.validate() }
      } catch { refused += 1 }
    }
    #expect(refused > file.count / 10)
  }

  @Test func theFloatModelIsTheSeedNetwork() throws {
    let model = try model("mnist-cnn-float.swl")
    #expect(!model.isQuantized && model.parameterCount == 225_034)
    #expect(model.metadata.provenance?.split?.validationCount == 5000)
  }
}
