import Foundation
import Testing

/// `-` for standard input and output: either it works or it is refused, and no file is called so.
@Suite struct SwiftletStandardStreamTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  private func run(_ script: String, _ arguments: [String] = []) throws -> LeanBinary.Result {
    try LeanBinary.run(
      ["-c", "cd \"$1\"; shift; \(script)", Tool.executable.path, tool.folder.path] + arguments,
      executable: URL(fileURLWithPath: "/bin/bash"))
  }

  @Test func modelsGoThroughPipes() throws {
    let float = try tool.floatModel()
    let data = Tool.data.joined(separator: " ")
    let result = try run(
      """
      "$0" prune - --sparsity 0.5 --epochs 0 \(data) -o - < \(float) 2> notes | "$0" quantize - \(data) -o - 2>> notes \\
      | "$0" pack - --drop names -o - 2>> notes | tee packed.swl | "$0" inspect - && cat notes
      """)
    #expect(result.code == 0 && result.output.hasPrefix("standard input: quantized, input 28x28x1"), "\(result)")
    #expect(result.output.components(separatedBy: "standard output: ").count == 4, "every note is on standard error")
    try tool.succeed(["verify", tool.path("packed.swl")])
    #expect(!(try tool.contents().contains("-")))
  }

  @Test func architecturesRecipesAndPagesGoThroughPipes() throws {
    let (float, int8) = (try tool.floatModel(), try tool.integerModel())
    let train = ["train", "--arch", "-", "--epochs", "2", "-o", "piped.swl"] + Tool.data
    #expect(try run(#""$0" "$@" < tiny.json"#, train).code == 0)
    #expect(try tool.bytes("piped.swl").count > 1000)
    let recipe = try run(#""$0" shrink - --print-recipe --recipe - --data synthetic < /dev/null"#)
    #expect(recipe.error.contains("standard input: is no recipe"), "\(recipe)")
    let page = try run(#""$0" "$@""#, ["diff", float, int8, "--html", "-"])
    #expect(page.code == 0 && page.output.hasPrefix("<!DOCTYPE html>") && page.output.hasSuffix("</html>\n"))
    #expect(page.error.contains("file bytes"), "the table is on standard error")
    let png = try run(#""$0" "$@" | head -c 4"#, ["digits", "-o", "-"] + Tool.data.dropLast(2))
    #expect(png.output.hasSuffix("PNG"), "\(png)")
    #expect(try !tool.contents().contains("-"))
  }

  @Test func whatNamesStandardOutputIsStandardOutput() throws {
    let float = try tool.floatModel()
    // A file, which has nothing but the model, and a pipe.
    #expect(try run(#""$0" pack "$1" -o /dev/stdout > packed.swl"#, [float]).code == 0)
    #expect(try tool.json(["inspect", tool.path("packed.swl")])["validation"] != nil)
    let png = try run(
      #""$0" "$@" | tail -c 12 | head -c 8 | tail -c 4"#, ["digits", "-o", "/dev/stdout"] + Tool.data.dropLast(2))
    #expect(png.output == "IEND" && png.error.contains("image 0"), "\(png)")
    #expect(try run(#""$0" pack "$1" -o /dev/null > /dev/null"#, [float]).error == "", "a device that keeps nothing")
    let train = try run(#""$0" "$@" > model.swl"#, ["train", "-o", "/dev/stdout"] + Tool.data)
    #expect(
      train.code == 2 && train.error.contains("--output /dev/stdout: this command keeps a checkpoint"), "\(train)")
  }

  @Test func benchReadsAPipeOnce() throws {
    let result = try run(#""$0" bench - --batch 1 --quiet --json < "$1""#, [try tool.integerModel()])
    #expect(result.code == 0 && result.output.contains("file_bytes"), "\(result)")
  }

  @Test func whatCannotBeAStreamSaysSo() throws {
    let (float, int8) = (try tool.floatModel(), try tool.integerModel())
    try tool.fail(
      ["train", "-o", "-"] + Tool.data, code: 2, "--output -: this command keeps a checkpoint", "needs a file")
    try tool.fail(["compress", float, "-o", "-"] + Tool.data, code: 2, "keeps its search", "needs a file")
    try tool.fail(
      ["shrink", float, "-o", "-"] + Tool.data, code: 2, "writes every better model at once", "needs a file")
    try tool.fail(["bench", "--shapes", "--write", "-"], code: 2, "--write -: ", "needs a file")
    try tool.fail(["eval", int8, "--data", "-"], code: 2, "--data -", "give a folder")
    try tool.fail(["diff", float, int8, "--data", "-"], code: 2, "--data -", "give a folder")
    try tool.fail(["eval", "-", "-"] + Tool.data, code: 2, "standard input (-) can be read only once")
    try tool.fail(["diff", "-", "-"], code: 2, "standard input (-) can be read only once")
    try tool.fail(["shrink", "-", "--recipe", "-", "-o", tool.path("x")] + Tool.data, code: 2, "can be read only once")
    try tool.fail(["diff", float, int8, "--html", "-", "--json"], code: 2, "both write to standard output")
    try tool.fail(
      ["compress", float, "-o", tool.path("x"), "--report", "-", "--save-recipe", "-"] + Tool.data, code: 2,
      "--report - and --save-recipe both write to standard output")
  }

  @Test func aTerminalGetsNoBytesOfAFile() throws {
    let result = try run(
      #"script -qec "\"$0\" quantize float.swl \#(Tool.data.joined(separator: " ")) -o -" /dev/null"#,
      [try tool.floatModel()])
    #expect(
      result.output.contains("--output -: a terminal cannot show this file; redirect standard output"), "\(result)")
  }
}
