import Foundation
import SwiftletData
import SwiftletRuntime
import Testing

/// swiftlet from data to a compressed model, on tiny networks.
@Suite struct SwiftletPathTests {
  private let tool: Tool

  init() throws { tool = try Tool() }

  private func int(_ object: [String: Any], _ key: String) throws -> Int { try #require(object[key] as? Int, "\(key)") }

  @Test func theWholePathAgreesWithItself() throws {
    try tool.succeed(tool.train("float.swl"))
    let float = tool.path("float.swl")
    try tool.succeed(["prune", float, "-o", tool.path("pruned.swl"), "--sparsity", "0.5", "--epochs", "1"] + Tool.data)
    let twoOfFour = try tool.succeed(
      ["prune", float, "-o", tool.path("2-4.swl"), "--pattern", "2:4", "--epochs", "0"] + Tool.data)
    #expect(twoOfFour.contains("50.0% of"), "\(twoOfFour)")
    try tool.succeed(["quantize", tool.path("pruned.swl"), "-o", tool.path("int8.swl")] + Tool.data)
    let report = try tool.json(
      ["compress", float, "-o", tool.path("small.swl"), "--epochs", "12", "--max-drop", "50", "--report"]
        + [tool.path("report.json")] + Tool.data)
    #expect(
      try tool.contents() == [
        "tiny.json", "float.swl", "pruned.swl", "2-4.swl", "int8.swl", "small.swl", "report.json",
      ], "no checkpoint or temporary file is left")

    // The last layer's report: parameters, work and memory of the tiny network, by hand.
    for name in ["float.swl", "pruned.swl", "int8.swl", "small.swl"] {
      let facts = try tool.json(["inspect", tool.path(name)])
      #expect(try int(facts, "file_bytes") == tool.bytes(name).count)
      // Channels may be cut, and names are left out.
      if name == "small.swl" { continue }
      #expect(try int(facts, "float_bytes") == 4 * (4 * 9 + 4 + 144 * 10 + 10))
      #expect(try int(facts, "macs") == 13 * 13 * 4 * 9 + 144 * 10)
      let layers = try #require(facts["layers"] as? [[String: Any]])
      #expect(try layers.map { try int($0, "macs") }.reduce(0, +) == int(facts, "macs"))
      let zeros = try layers.map { try int($0, "zeros") }.reduce(0, +)
      switch name {
      case "float.swl": #expect(facts["arena_bytes"] == nil && zeros < 100)
      case "pruned.swl": #expect(facts["arena_bytes"] == nil && zeros >= (36 + 1440) / 2)
      default: #expect(try int(facts, "arena_bytes") > 28 * 28 && zeros >= (36 + 1440) / 2)
      }
      #expect(try tool.succeed(["inspect", tool.path(name)]).contains("1,490 parameters"))
    }
    let written = try JSONSerialization.jsonObject(with: Data(try tool.bytes("report.json"))) as? NSDictionary
    #expect(written == report as NSDictionary)
    #expect(try tool.bytes("small.swl").count < tool.bytes("int8.swl").count)
    try expectAgreement("small.swl")
    try expectAgreement("int8.swl")
  }

  /// eval, swiftlet-run, bench and verify tell one story about a quantized model.
  private func expectAgreement(_ name: String) throws {
    let model = tool.path(name)
    let score = try tool.json(["eval", model] + Tool.data)
    let correct = try int(score, "correct")
    #expect(try int(score, "images") == 100)
    #expect(score["accuracy"] as? Double == Double(correct) / 100)
    let confusion = try #require(score["confusion"] as? [[Int]])
    #expect(confusion.indices.map { confusion[$0][$0] }.reduce(0, +) == correct)
    #expect(confusion.joined().reduce(0, +) == 100)
    #expect(try tool.succeed(["eval", model] + Tool.data).contains("(\(correct) of 100 test images)"))

    // The held-out images give what the file's provenance says.
    let held = try tool.json(["eval", model, "--subset", "validation"] + Tool.data)
    let recorded = try #require(try tool.json(["inspect", model])["validation"] as? String)
    #expect(recorded.hasSuffix("(\(try int(held, "correct"))/100)"))

    let images = Tool.testImages()
    let idx = try tool.folder.write(
      [0, 0, 8, 3, 0, 0, 0, 100, 0, 0, 0, 28, 0, 0, 0, 28] + images.images, "test.idx")
    let run = try LeanBinary.run([model, idx])
    #expect(run.code == 0 && run.error.isEmpty)
    let labels = run.output.split(separator: "\n").map { $0.split(separator: " ")[1] }
    #expect(labels.count == 100)
    #expect(zip(labels, images.labels).count { $0 == "\($1)" } == correct)

    let digit = tool.path("digit.png")
    try tool.succeed(
      ["digits", "--data", "synthetic", "--synthetic-count", "600", "--index", "7", "--force", "-o", digit])
    #expect(try LeanBinary.run([model, digit]).output.hasPrefix("\(labels[7]) "))

    let proof = try tool.json(["verify", model])
    #expect(proof["verified"] as? Bool == true)
    let paths = try #require(proof["paths"] as? [String: Bool])
    #expect(Set(paths.keys) == Set(KernelTable.supported.map { "\($0.name)" }) && paths.values.allSatisfy { $0 })
    #expect(try tool.succeed(["verify", model]).contains("verified: 16 generated samples"))
  }

  @Test func benchGivesARowForEachBatchSizeAndThreadCount() throws {
    let (model, float) = (try tool.integerModel(), try tool.floatModel())
    let output = try tool.succeed(
      ["bench", model, "--json", "--batch", "1,6", "--threads", "1,2", "--compare-float", float])
    let rows = try output.split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(
      rows.map { [$0["batch"] as? Int, $0["threads"] as? Int] }
        == [[1, 1], [1, 1], [1, 2], [1, 2], [6, 1], [6, 1], [6, 2], [6, 2]])
    // First what stands behind a row, then the row, flat.
    for row in rows where row["layers"] == nil {
      let (least, median) = (try #require(row["min_us"] as? Double), try #require(row["median_us"] as? Double))
      #expect(try least > 0 && least <= median && median <= #require(row["p99_us"] as? Double))
      let floatMedian = try #require(row["float_median_us"] as? Double)
      #expect(try abs(floatMedian / median - #require(row["float_ratio"] as? Double)) < 1e-6)
    }
    for row in rows where row["layers"] != nil {
      let load = try #require(row["load"] as? [String: Any])
      #expect(try int(load, "file_bytes") == tool.bytes("int8.swl").count)
      #expect(try int(load, "peak_rss_bytes") >= int(load, "packed_bytes") && int(load, "packed_bytes") > 0)
      let layers = try #require(row["layers"] as? [[String: Any]])
      // 13 x 13 outputs of which floor pooling reads 12 x 12.
      #expect(
        layers.compactMap { $0["useful_macs"] as? Int }
          == [12 * 12 * 4 * 9, 144 * 10].map { n in
            n * (row["batch"] as? Int ?? 0)
          })
    }
  }

  @Test func benchTellsPeopleAndWritesAPage() throws {
    let model = try tool.integerModel()
    let page = tool.path("speed.html")
    let arguments = ["bench", model, "--kernels", "portable", "--batch", "2", "--html", page]
    let text = try tool.succeed(arguments)
    #expect(
      text.contains("portable peak ") && text.contains("load: ") && text.contains("layers at batch 2, one thread"))
    #expect(text.contains("conv2d_0+max_pool2d_1") && text.contains("dense_3"))
    #expect(String(decoding: try tool.bytes("speed.html"), as: UTF8.self).contains("<svg"))
    try tool.fail(arguments, code: 1, "speed.html: exists; use --force")
  }

  @Test func benchMeasuresTheMachineAlone() throws {
    let limits = try tool.json(["bench", "--limits", "--kernels", "portable"])
    #expect(try #require(limits["peak_gmac_s"] as? Double) > 0)
    let memory = try #require(limits["memory"] as? [[String: Any]])
    #expect(memory.last?["name"] as? String == "memory" && memory.count >= 2)
  }

  @Test func evalComparesModelsSideBySide() throws {
    let (float, int8) = (try tool.floatModel(), try tool.integerModel())
    let lines = try tool.succeed(["eval", float, int8, "--summary"] + Tool.data).split(separator: "\n")
    #expect(lines.count == 3 && lines[1].hasPrefix(float) && lines[2].hasPrefix(int8))
    #expect(lines[1].hasSuffix("-"), "float models are not timed")
  }

  @Test func theSameSeedGivesTheSameFileOnAnyNumberOfThreads() throws {
    let float = try [UInt8](Data(contentsOf: URL(fileURLWithPath: tool.floatModel())))
    for (name, options, isSame) in [
      ("a", ["--threads", "3"], true), ("b", ["--seed", "1"], false), ("c", ["--split-seed", "1"], false),
    ] {
      try tool.succeed(tool.train(name, options))
      #expect(try (tool.bytes(name) == float) == isSame, "\(options)")
    }
  }

  @Test func anExistingOutputIsReplacedWithForceAlone() throws {
    let float = try tool.floatModel()
    try tool.write("old", "out.swl")
    let quantize = ["quantize", float, "-o", tool.path("out.swl")] + Tool.data
    try tool.fail(quantize, "out.swl: exists; use --force")
    #expect(try tool.bytes("out.swl") == Array("old".utf8))
    try tool.succeed(quantize + ["--force"])
    #expect(try tool.succeed(["verify", tool.path("out.swl")]).contains("verified"))
  }

  @Test func classFoldersOfImagesGiveAModelThatNamesThem() throws {
    let data = ["--data", try tool.writeClassFolders("sides"), "--threads", "1"]
    let arch = try tool.write(
      #"{"input": [8, 8, 1], "layers": [{"type": "flatten"}, {"type": "dense", "units": 2}, {"type": "softmax"}]}"#,
      "sides.json")
    let (float, int8) = (tool.path("sides.swl"), tool.path("sides-int8.swl"))
    try tool.succeed(
      ["train", "--arch", arch, "-o", float, "--epochs", "20", "--batch", "8", "--learning-rate", "0.01"] + data)
    try tool.succeed(["quantize", float, "-o", int8] + data)
    let score = try tool.json(["eval", int8] + data)
    #expect(try int(score, "correct") == int(score, "images") && int(score, "images") == 80 / 7)
    #expect(try tool.json(["inspect", int8])["labels"] as? [String] == ["left", "right"])
    for side in ["left", "right"] {
      let run = try LeanBinary.run([int8, tool.path("sides/\(side)/3.png")])
      #expect(run.output.hasPrefix("\(side) "), "\(run)")
    }
  }

  @Test func idxFilesAreReadWithAndWithoutGzip() throws {
    let folder = try tool.writeMNIST("mnist")
    let data = ["--data", folder, "--threads", "1"]
    let plain = try tool.json(["eval", try tool.floatModel()] + data)
    #expect(try int(plain, "images") == 30)
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/bin/gzip")
    gzip.arguments = try FileManager.default.contentsOfDirectory(atPath: folder).map { "\(folder)/\($0)" }
    try gzip.run()
    gzip.waitUntilExit()
    #expect(try tool.json(["eval", try tool.floatModel()] + data) as NSDictionary == plain as NSDictionary)
  }
}
