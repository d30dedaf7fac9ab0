import Foundation
import SwiftletImages
import TestSupport
import Testing

/// swiftlet-run on bad input: one line on standard error, exit code 2 for usage, 1 for failure.
@Suite struct SwiftletRunBadInputTests {
  private let folder: TemporaryFolder
  private let golden: GoldenModel

  init() throws {
    folder = try TemporaryFolder()
    golden = try GoldenModel("int8-dense")
  }

  private func expectFailure(
    _ arguments: [String], code: Int32, _ text: String, output: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try LeanBinary.run(arguments)
    #expect(result.code == code, sourceLocation: sourceLocation)
    #expect(result.output == output, sourceLocation: sourceLocation)
    #expect(result.error.hasPrefix("swiftlet-run: error: "), sourceLocation: sourceLocation)
    #expect(result.error.contains(text), "\(result.error)", sourceLocation: sourceLocation)
    // One line: its only newline ends it.
    #expect(result.error.firstIndex(of: "\n") == result.error.indices.last, sourceLocation: sourceLocation)
  }

  @Test func usageErrorsExitWithTwo() throws {
    try expectFailure([], code: 2, "no model given")
    try expectFailure([golden.path], code: 2, "no input given")
    try expectFailure([golden.path, "x", "--frobnicate"], code: 2, "unknown option --frobnicate")
    try expectFailure([golden.path, "x", "--toppings=3"], code: 2, "unknown option --toppings=3")
    for value in ["0", "-1", "1001", "many", "", "99999999999999999999999"] {
      try expectFailure([golden.path, "x", "--top", value], code: 2, "--top takes a whole number from 1 to 1000")
    }
    try expectFailure([golden.path, "x", "--threads=0"], code: 2, "--threads takes a whole number from 1 to 256")
    try expectFailure([golden.path, "x", "--threads"], code: 2, "no value after --threads")
    try expectFailure(["-", "-"], code: 2, "only once")
    try expectFailure([golden.path, "-", "-"], code: 2, "only once")
    // After -- a name may begin with a dash.
    try expectFailure(["--", golden.path, "--verify"], code: 1, "--verify: no such file")
  }

  @Test func badInputsExitWithOne() throws {
    func image(_ width: Int, _ channels: Int) throws -> [UInt8] {
      let pixels = [UInt8](repeating: 1, count: width * 8 * channels)
      return try PNGEncoder.encode(Image(width: width, height: 8, channels: channels, pixels: pixels))
    }
    let model = golden.path
    try expectFailure([model, folder.path("none")], code: 1, "no such file")
    try expectFailure([model, folder.path], code: 1, "is a directory")
    try expectFailure([model, try folder.write([], "empty")], code: 1, "the file is empty")
    try expectFailure(
      [model, try folder.write(try image(9, 1), "wide.png")], code: 1,
      "the image is 9 x 8 gray, the model takes 8 x 8 gray")
    try expectFailure([model, try folder.write(try image(8, 3), "rgb.png")], code: 1, "8 x 8 RGB")
    try expectFailure([model, try folder.write([UInt8](repeating: 0, count: 64), "x.PNG")], code: 1, "not a PNG file")
    try expectFailure([model, try folder.write([UInt8](repeating: 9, count: 63), "x")], code: 1, "63 bytes")
    let absurd: [UInt8] = [0, 0, 8, 3] + [UInt8](repeating: 0xFF, count: 12)
    try expectFailure([model, try folder.write(absurd, "x.idx")], code: 1, "absurd")
    try expectFailure([model, try folder.write(Array(try image(8, 1).dropLast(9)), "y.png")], code: 1, "y.png: ")
  }

  @Test func otherFilesAreNotReadAsPixels() throws {
    // As many bytes as the model's input has.
    let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0] + [UInt8](repeating: 7, count: 60)
    let text = "the file is a JPEG image; convert it to PNG first"
    for name in ["photo", "photo.jpg", "photo.png", "photo.raw.png"] {
      try expectFailure([golden.path, try folder.write(jpeg, name)], code: 1, text)
    }
    let result = try LeanBinary.run([golden.path, try folder.write(jpeg, "photo.raw")])
    #expect(result == .init(output: try golden.expected(jpeg) + "\n", error: "", code: 0))
    try expectFailure([golden.path, try folder.write(jpeg, "photo.bin")], code: 1, "let the file's name end in .raw")
    let piped = try LeanBinary.run([golden.path, "-"], input: Data(jpeg))
    #expect(piped.code == 1 && piped.error.hasSuffix("give them as a file whose name ends in .raw\n"), "\(piped.error)")
    try expectFailure(
      [golden.path, try folder.write(Array(jpeg.dropLast()), "short.raw")], code: 1, "63 bytes are no raw")
    try expectFailure([golden.path, golden.path], code: 1, "an SWL model; give an image instead")
  }

  /// As `swiftlet eval` reads them.
  @Test func filesOfEMNISTAreReadUpright() throws {
    let pixels = golden.images(1)[0]
    let stored = (0..<64).map { (index: Int) -> UInt8 in pixels[index % 8 * 8 + index / 8] }
    let file: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 8] + stored
    for (name, image) in [("EMNIST-letters-test-images-idx3-ubyte", pixels), ("t10k-images-idx3-ubyte.bin", stored)] {
      let result = try LeanBinary.run([golden.path, try folder.write(file, name)])
      #expect(result == .init(output: try golden.expected(image) + "\n", error: "", code: 0))
    }
  }

  @Test func badModelsExitWithOne() throws {
    let image = try folder.write(golden.images(1)[0], "raw")
    try expectFailure([folder.path("none"), image], code: 1, "no such file")
    try expectFailure([folder.path, image], code: 1, "is a directory")
    try expectFailure([image, image], code: 1, "not a .swl model")
    for arguments in [[], ["--verify"]] {
      try expectFailure([GoldenModel.path("float"), image] + arguments, code: 1, "run `swiftlet quantize`")
    }
    try expectFailure([golden.path, image, "--kernels", "abacus"], code: 1, "only ")
    let result = try LeanBinary.run([golden.path, image], environment: ["SWIFTLET_KERNELS": "abacus"])
    #expect(result.code == 1 && result.error.contains("SWIFTLET_KERNELS"))
  }

  @Test func invalidGoldensAreRefusedInOneLine() throws {
    let goldens = URL(fileURLWithPath: golden.path).deletingLastPathComponent()
    let names = try FileManager.default.contentsOfDirectory(atPath: goldens.path)
      .filter { $0.hasPrefix("invalid-") }
    #expect(names.count >= 10)
    for name in names {
      try expectFailure([goldens.appendingPathComponent(name).path, "x"], code: 1, name)
    }
    try expectFailure(
      [goldens.appendingPathComponent("invalid-newer-version.swl").path, "x"], code: 1, "update swiftlet")
  }

  @Test func whatWasComputedBeforeAFailureIsPrinted() throws {
    let pixels = golden.images(1)[0]
    let image = try folder.write(pixels, "raw")
    try expectFailure(
      [golden.path, image, folder.path("none")], code: 1, "no such file",
      output: "\(image): \(try golden.expected(pixels))\n")
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func aFullDiskIsAFailure() throws {
    let image = try folder.write(golden.images(1)[0], "raw")
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let result = try LeanBinary.run([golden.path, image], output: full)
    #expect(result.code == 1 && result.error.contains("standard output cannot be written"))
  }
}
