import Foundation
import Testing

/// Architecture files on their way through the commands.
@Suite struct SwiftletArchitectureTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  private func write(_ layers: String, input: String = "[28, 28, 1]", _ more: String = "") throws -> String {
    try tool.write(#"{"input": \#(input), \#(more)"layers": [\#(layers)]}"#, "net.json")
  }

  private func train(_ output: String, _ more: [String] = []) -> [String] {
    ["train", "--arch", tool.path("net.json"), "--epochs", "1", "-o", tool.path(output)] + Tool.data + more
  }

  private let end = #"{"type": "flatten"}, {"type": "dense", "units": 10}"#

  /// Said before data is read: the folder does not exist.
  @Test func whatCannotBecomeIntegersIsRefusedBeforeTraining() throws {
    _ = try write(end + #", {"type": "softmax", "name": "gate"}, {"type": "softmax"}"#)
    let early = ["train", "--arch", tool.path("net.json"), "-o", tool.path("out.swl"), "--data", tool.path("none")]
    try tool.fail(early, "net.json: this network can be trained but never quantized: node gate: ", "--float-only")
    _ = try write(#"{"type": "softmax"}, "# + end)
    try tool.fail(early, "node softmax_0: integers have no softmax inside a network")
    try tool.succeed(train("float.swl", ["--float-only"]))
    try tool.fail(
      ["quantize", tool.path("float.swl"), "-o", tool.path("out.swl")] + Tool.data, "float.swl: node softmax_0: ")
  }

  @Test func graphsThatNoCommandCanUseAreRefusedBeforeTraining() throws {
    let early = ["train", "--arch", tool.path("net.json"), "-o", tool.path("out.swl"), "--data", tool.path("none")]
    let conv = #"{"type": "conv2d", "filters": 3, "kernel": 3, "padding": "same", "name": "#
    _ = try write(#"\#(conv)"stem"}, \#(conv)"side"}, {"type": "flatten", "inputs": "stem"}, \#(end)"#)
    try tool.fail(early, "net.json: this model cannot be trained: nothing reads the output of layer 1 (side)")
    _ = try write(#"\#(conv)"stem"}"#)
    try tool.fail(early, "its output is 28 x 28 x 3; end it with flatten and a dense layer")
    _ = try write(#"{"type": "conv2d", "filters": 1000000, "kernel": 28}, "# + end)
    try tool.fail(early, "layer 0 (conv2d): the model would have 785000000 weights and biases", "67108864")
  }

  /// Normalizations before padded convolutions, behind activations and pools: every command takes such a network.
  @Test func normalizationsThatFitIntoNoWeightsGoAllTheWay() throws {
    _ = try write(
      #"""
      {"type": "conv2d", "filters": 4, "kernel": 3, "stride": 2, "padding": "same", "activation": "relu"},
      {"type": "batch_norm"}, {"type": "depthwise_conv2d", "kernel": 3, "padding": "same"},
      {"type": "max_pool2d", "kernel": 2}, {"type": "batch_norm", "name": "second"},
      {"type": "conv2d", "filters": 6, "kernel": 3, "padding": "same"}, \#(end), {"type": "softmax"}
      """#, #""normalize": {"mean": [0.1307], "std": [0.3081]}, "#)
    try tool.succeed(train("float.swl"))
    let float = tool.path("float.swl")
    try tool.succeed(["quantize", float, "-o", tool.path("int8.swl")] + Tool.data)
    try tool.succeed(["shrink", float, "--epochs", "1", "-o", tool.path("small.swl")] + Tool.data)
    try tool.succeed(["prune", float, "--sparsity", "0.5", "--epochs", "1", "-o", tool.path("pruned.swl")] + Tool.data)
    for name in ["int8.swl", "small.swl"] {
      let layers = try #require(try tool.json(["inspect", tool.path(name)])["layers"] as? [[String: Any]])
      let names = layers.compactMap { $0["name"] as? String }
      #expect(names.count == 9 && names[0] == "normalize" && names[2] == "batch_norm_1" && names[5] == "second")
      try tool.succeed(["verify", tool.path(name)])
    }
    try tool.succeed(
      ["eval", float, tool.path("int8.swl"), tool.path("pruned.swl"), tool.path("small.swl")] + Tool.data)
  }
}
