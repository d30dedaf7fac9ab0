import Foundation
import Testing

/// swiftlet shrink on tiny networks.
@Suite struct SwiftletShrinkTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  private var output: [String] { ["-o", tool.path("out.swl")] + Tool.data }

  @Test func aPrintedRecipeGivesTheSameFileAsItsOptions() throws {
    let float = try tool.floatModel()
    let options = [
      "--widths", "3", "--target-bytes", "500", "--epochs", "3", "--float-epochs", "1", "--batch", "32",
      "--undistorted-epochs", "1",
    ]
    let recipe = try tool.succeed(["shrink", float, "--print-recipe"] + options + Tool.data)
    #expect(recipe.contains("\"undistortedEpochs\" : 1"))
    let path = try tool.write(recipe, "recipe.json")
    let text = try tool.succeed(["shrink", float] + options + output)
    #expect(text.contains("out.swl: ") && text.contains("validation accuracy"))
    try tool.succeed(["shrink", float, "--recipe", path, "-o", tool.path("again.swl")] + Tool.data)
    #expect(try tool.bytes("out.swl") == tool.bytes("again.swl"))
    #expect(try tool.bytes("out.swl").count <= 500)
    try tool.succeed(["verify", tool.path("out.swl")])
    try tool.fail(["shrink", float] + options + output, "out.swl: exists; use --force")
  }

  @Test func optionsThatMakeNoSenseExitWithTwo() throws {
    let float = try tool.floatModel()
    for (options, text) in [
      (["--levels", "128"], "levels must be from 1 to 127"), (["--levels", "x"], "--levels must be whole numbers"),
      (["--widths", "3,-1"], "--widths must be whole numbers"), (["--epochs", "0"], "--epochs must be from 1"),
      (["--target-bytes", "0"], "--target-bytes must be at least 1"),
      (["--epochs", "4", "--pruning-epochs", "4"], "before the last epoch"),
      (["--distill", "1.5"], "--distill must be from 0 to 1"),
      (["--undistorted-epochs=-1"], "--undistorted-epochs must be from 0"),
      (["--temperature", "0", "--distill", "0.5"], "--temperature must be above 0"),
      (["--batch", "0"], "--batch must be from 1"), (["--learning-rate", "nan"], "--learning-rate must be above 0"),
      (["--augment", "wild"], "--augment"), (["--epochs", "100001"], "--epochs must be from 1 to 100000"),
      (["--widths", "3", "--float-epochs", "100001"], "--float-epochs must be from 0 to 100000"),
      (["--teachers", float], "--teachers needs --distill"),
    ] { try tool.fail(["shrink", float] + options + output, code: 2, text) }
    try tool.fail(["shrink", float] + Tool.data, code: 2, "--output")
  }

  @Test func widthsAndRecipesThatDoNotFitAreOneClearLine() throws {
    let float = try tool.floatModel()
    try tool.fail(["shrink", float, "--widths", "3,3,3"] + output, "give 1 widths")
    try tool.fail(["shrink", float, "--widths", "99"] + output, "width 99 is not from 1 to 4")
    try tool.fail(["shrink", float, "--recipe", tool.path("none.json")] + output, "none.json: no such file")
    try tool.fail(["shrink", float, "--recipe", try tool.write("[]", "list.json")] + output, "list.json: is no recipe")
    let plain = try tool.write(
      try tool.succeed(["shrink", float, "--print-recipe"] + Tool.data), "plain.json")
    try tool.fail(
      ["shrink", float, "--recipe", plain, "--teachers", float] + output, code: 2, "plain.json does not distil")
    let missing = try tool.write("{}", "empty.json")
    try tool.fail(["shrink", float, "--recipe", missing] + output, "empty.json: is no recipe", "is missing")
  }
}
