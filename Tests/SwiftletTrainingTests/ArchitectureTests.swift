import Foundation
import SwiftletModel
import SwiftletTraining
import Testing

@Suite struct ArchitectureTests {
  @Test func builtInsHaveTheirPublishedSizes() throws {
    #expect(try Architecture.named("mnist-cnn").parameterCount == 225_034)
    #expect(try Architecture.named("lenet5").parameterCount == 431_080)
    // MLPerf Tiny's 78,666 less the first filters' two other colours.
    #expect(try Architecture.named("resnet8").parameterCount == 78_666 - 2 * 9 * 16)
    #expect(try Architecture.named("keyword").parameterCount == 33_994)
    #expect(try Architecture.named("autoencoder").parameterCount == 2 * 784 * 128 + 784 + 2 * 128 * 32 + 2 * 128 + 32)
  }

  @Test func onlyTheAutoencoderGivesBackItsInput() throws {
    for name in Architecture.names {
      #expect(try Architecture.named(name).reconstructsInput == (name == "autoencoder"), "\(name)")
    }
  }

  @Test func unknownNameListsTheKnown() {
    let error = #expect(throws: ArchitectureError.self) { try Architecture.named("resnet") }
    #expect(error?.description.contains("mnist-cnn, lenet5") == true)
  }

  @Test func residualGraphsAreRead() throws {
    let json = """
      {"input": [8, 8, 2], "normalize": {"mean": [0.5, 0.25], "std": [1, 2]}, "layers": [
        {"type": "conv2d", "name": "stem", "filters": 4, "kernel": [3, 1], "padding": "same"},
        {"type": "depthwise_conv2d", "kernel": 3, "padding": [1, 1, 1, 1], "activation": "relu6"},
        {"type": "batch_norm"},
        {"type": "add", "inputs": ["stem", "tail"], "activation": "relu"}]}
      """.replacing("{\"type\": \"batch_norm\"}", with: "{\"type\": \"batch_norm\", \"name\": \"tail\"}")
    let model = try Architecture.parse(Data(json.utf8))
    #expect(model.nodes.count == 4)
    #expect(model.nodes[3].inputs == [1, 3])
    #expect(model.nodes[1].op.fusedActivation == .boundedReLU(Scale(6)!))
    #expect(model.metadata.normalization?.mean == [0.5, 0.25])
  }

  /// Each bad file, and what its message must name.
  @Test(arguments: [
    ("[", "not valid JSON: line 1"),
    ("{\"input\": [28, 28, 1], \"layers\": []}", "at least one layer"),
    ("{\"input\": [28, 28], \"layers\": [{\"type\": \"flatten\"}]}", "'input'"),
    (
      "{\"input\": [28, 28, 1], \"layers\": [{\"type\": \"conv3d\"}]}",
      "layer 0 has unknown type 'conv3d'; known are add"
    ),
    ("{\"input\": [28, 28, 1], \"layers\": [{\"type\": \"dense\", \"unit\": 3}]}", "unknown key 'unit'"),
    (
      "{\"input\": [28, 28, 1], \"layers\": [{\"type\": \"dense\", \"units\": true}]}", "'units' must be a whole number"
    ),
    ("{\"input\": [28, 28, 1], \"layers\": [{\"type\": \"dense\", \"units\": 1.5}]}", "'units' must be a whole number"),
    ("{\"input\": [28, 28, 1], \"layers\": [{\"type\": \"dense\"}]}", "needs 'units'"),
    ("{\"input\": [2, 2, 1], \"layers\": [{\"type\": \"max_pool2d\", \"kernel\": 3}]}", "the kernel spans 3 cells"),
    ("{\"input\": [2, 2, 1], \"layers\": [{\"type\": \"add\", \"inputs\": [\"x\", \"input\"]}]}", "reads 'x'"),
    (
      "{\"input\": [2, 2, 1], \"layers\": [{\"type\": \"conv2d\", \"filters\": 1, \"kernel\": 1, \"padding\": \"full\"}]}",
      "'padding' must be"
    ),
    ("{\"input\": [2, 2, 1], \"depth\": 1, \"layers\": []}", "unknown key 'depth'"),
  ])
  func badFilesNameTheirFault(_ json: String, _ expected: String) {
    let error = #expect(throws: ArchitectureError.self) { try Architecture.parse(Data(json.utf8)) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }
}
