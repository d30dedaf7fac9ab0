import Foundation
import SwiftletFormat
import SwiftletModel
import SwiftletRuntime
import Testing

/// The models in `models/` hold on this machine what their notes say.
@Suite struct ShippedModelTests {
  private func model(_ name: String) throws -> Model {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try ModelReader.read(Array(try Data(contentsOf: root.appending(path: "models/\(name)"))))
  }

  /// 10,000 images, every logit, every kernel path this CPU has.
  @Test(arguments: ["mnist-cnn-int8.swl", "mnist-cnn-small.swl"])
  func everyKernelPathGivesTheSameBytes(_ name: String) throws {
    let model = try model(name)
    let hashes = try KernelTable.supported.map { table in
      SelfTest.outputHash(of: try PreparedModel(model, kernels: table), seed: 7, sampleCount: 10_000)
    }
    #expect(hashes.count >= 2)
    #expect(Set(hashes).count == 1)
    let selfTest = try #require(model.metadata.selfTest)
    #expect(selfTest.verify(try PreparedModel(model)))
  }

  @Test func theFloatModelIsTheSeedNetwork() throws {
    let model = try model("mnist-cnn-float.swl")
    #expect(!model.isQuantized && model.parameterCount == 225_034)
    #expect(model.metadata.provenance?.split?.validationCount == 5000)
  }
}
