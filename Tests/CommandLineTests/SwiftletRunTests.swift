import Foundation
import SwiftletBytes
import SwiftletFormat
import SwiftletImages
import SwiftletModel
import SwiftletRuntime
import TestSupport
import Testing

/// swiftlet-run on good input.
@Suite struct SwiftletRunTests {
  private let folder: TemporaryFolder
  private let golden: GoldenModel

  init() throws {
    folder = try TemporaryFolder()
    golden = try GoldenModel("int8-dense")
  }

  private func idx(_ images: [[UInt8]]) -> [UInt8] {
    let header: [UInt8] = [
      0, 0, 8, 3, 0, 0, UInt8(images.count >> 8), UInt8(images.count & 255), 0, 0, 0, 8, 0, 0, 0, 8,
    ]
    return header + images.flatMap { $0 }
  }

  @Test func everyInputFormatGivesTheSameLine() throws {
    let pixels = golden.images(1)[0]
    let opaque: [UInt8] = pixels.flatMap { [$0, 255] }
    let gray = try PNGEncoder.encode(Image(width: 8, height: 8, channels: 1, pixels: pixels))
    let files = [
      try folder.write(gray, "gray.png"),
      try folder.write(
        try PNGEncoder.encode(Image(width: 8, height: 8, channels: 2, pixels: opaque)), "gray-alpha.png"),
      try folder.write(Array("P5 8 8 255\n".utf8) + pixels, "image.pgm"),
      try folder.write(pixels, "image.raw"),
      try folder.write(idx([pixels]), "image.idx"),
      try folder.write(try Zlib.deflate(idx([pixels]), wrapper: .gzip, effort: .fast), "image.idx.gz"),
    ]
    let line = try golden.expected(pixels) + "\n"
    for file in files {
      #expect(try LeanBinary.run([golden.path, file]) == .init(output: line, error: "", code: 0), "\(file)")
    }
    #expect(try LeanBinary.run([golden.path, "-"], input: Data(gray)) == .init(output: line, error: "", code: 0))
    let both = try LeanBinary.run([golden.path, files[0], files[2]])
    #expect(both.output == "\(files[0]): \(line)\(files[2]): \(line)")
  }

  @Test func anIDXFileGivesALineForEachImageOnEveryKernelAndThreadCount() throws {
    let images = golden.images(150)
    let file = try folder.write(idx(images), "many.idx")
    let expected = try images.enumerated().map { "\($0) \(try golden.expected($1, top: 3))\n" }.joined()
    for kernels in KernelTable.supported {
      for threads in ["1", "3"] {
        let arguments = ["--kernels", "\(kernels.name)", "--threads", threads, "--top=3", golden.path, file]
        #expect(try LeanBinary.run(arguments).output == expected, "\(kernels.name) \(threads)")
      }
    }
    let forced = try LeanBinary.run(
      [golden.path, file, "--top", "3"], environment: ["SWIFTLET_KERNELS": "portable"])
    #expect(forced.output == expected)
  }

  @Test func jsonIsAnObjectPerImage() throws {
    let images = golden.images(2)
    let file = try folder.write(idx(images), "a \"quoted\"\n name")
    let result = try LeanBinary.run(["--json", "--top", "2", golden.path, file])
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2)
    for (index, line) in lines.enumerated() {
      let object = try #require(
        JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(object["input"] as? String == file)
      #expect(object["index"] as? Int == index)
      let top = try #require(object["top"] as? [[String: Any]])
      let text = top.map { "\($0["label"] as! String) \(String(format: "%.4f", $0["probability"] as! Double))" }
      #expect(text.joined(separator: ", ") == (try golden.expected(images[index], top: 2)))
      #expect(object["class"] as? Int == Int(object["label"] as! String))
    }
  }

  @Test func labelsOfTheModelArePrinted() throws {
    let example = try GoldenModel("example")
    let pixels: [UInt8] = [255, 0, 0, 0]
    let result = try LeanBinary.run([example.path, try folder.write(pixels, "raw"), "--top", "9"])
    #expect(result.output == (try example.expected(pixels, top: 2)) + "\n")
    #expect(result.output.hasPrefix("no ") && result.output.contains(", yes "))
  }

  @Test func equalLogitsKeepTheOrderOfTheClasses() throws {
    var model = golden.model
    let last = model.nodes.count - 1
    model.nodes[last].parameters[0].storage = .int8(Array(repeating: 0, count: model.nodes[last].parameters[0].count))
    // One scale for all channels, so that equal accumulators are equal logits.
    model.nodes[last].parameters[0].scales = Array(repeating: model.nodes[last].parameters[0].scales[0], count: 40)
    model.nodes[last].parameters[1].storage = .int32(Array(repeating: 7, count: 40))
    let path = try folder.write(try ModelWriter.write(model, effort: .fast).bytes, "equal.swl")
    let result = try LeanBinary.run([path, try folder.write(golden.images(1)[0], "raw"), "--top", "4"])
    #expect(result.output == "0 0.0250, 1 0.0250, 2 0.0250, 3 0.0250\n")
  }

  /// tools/build-embedded makes it; tools/test does so before the tests.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: LeanBinary.embedded.path)))
  func theEmbeddedBuildPrintsTheSameBytes() throws {
    let images = try folder.write(idx(golden.images(70)), "many.idx")
    for arguments in [
      [golden.path, images, "--top", "5"], [golden.path, images, "--json"], [golden.path, "--verify"],
      [golden.path, images, "--kernels", "portable", "--threads", "2"], [golden.path, "none"], ["--help"], ["--x"],
      [GoldenModel.path("float"), images], [GoldenModel.path("int8-residual"), "--verify"],
      [GoldenModel.path("invalid-checksum"), images],
    ] {
      let full = try LeanBinary.run(arguments)
      #expect(try LeanBinary.run(arguments, executable: LeanBinary.embedded) == full, "\(arguments)")
    }
  }

  @Test func controlCharactersNeverReachTheTerminal() throws {
    var model = golden.model
    model.metadata.labels = Array(repeating: Array("\u{1B}[31mred\u{9B}\n".utf8) + [0xFF], count: 40)
    let path = try folder.write(try ModelWriter.write(model, effort: .fast).bytes, "model.swl")
    let result = try LeanBinary.run([path, try folder.write(golden.images(1)[0], "raw")])
    #expect(result.output.hasPrefix("?[31mred??? "))
    let missing = try LeanBinary.run([path, "no\u{1B}such\n"])
    #expect(missing.error == "swiftlet-run: error: no?such?: no such file\n")
  }

  @Test func verifyRecomputesTheSelfTestOnEveryKernel() throws {
    let result = try LeanBinary.run([golden.path, "--verify"])
    let lines = result.output.split(separator: "\n")
    #expect(result.code == 0 && lines.count == KernelTable.supported.count)
    for (line, kernels) in zip(lines, KernelTable.supported) {
      #expect(line.hasPrefix("verified \(kernels.name): 16 samples, hash "))
    }
    let one = try LeanBinary.run(["--verify", golden.path, "--kernels=reference", "--json"])
    let object = try JSONSerialization.jsonObject(with: Data(one.output.utf8)) as? [String: Any]
    #expect(object?["verified"] as? Bool == true && object?["kernels"] as? String == "reference")
  }

  @Test func aWrongSelfTestIsReported() throws {
    var model = golden.model
    model.metadata.selfTest?.outputHash ^= 1
    let wrong = try folder.write(try ModelWriter.write(model, effort: .fast).bytes, "wrong.swl")
    let result = try LeanBinary.run([wrong, "--verify"])
    #expect(result.code == 1 && result.output.hasPrefix("MISMATCH "))
    #expect(result.error.contains("are not those the file was written with"))
    model.metadata.selfTest = nil
    let none = try folder.write(try ModelWriter.write(model, effort: .fast).bytes, "none.swl")
    let missing = try LeanBinary.run([none, "--verify"])
    #expect(missing.code == 1 && missing.error.contains("no self-test"))
  }

  @Test func helpAndVersionNeedNoModel() throws {
    #expect(try LeanBinary.run(["--version"]).output.hasPrefix("swiftlet-run "))
    let help = try LeanBinary.run(["--help"])
    for option in ["--top", "--json", "--threads", "--verify", "--kernels", "--version"] {
      #expect(help.output.contains(option))
    }
    #expect(help.code == 0 && help.error.isEmpty)
  }
}
