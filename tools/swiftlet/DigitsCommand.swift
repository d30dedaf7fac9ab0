import ArgumentParser
import SwiftletBytes
import SwiftletData
import SwiftletImages

struct Digits: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "digits", abstract: "Writes one image of a data set as a PNG file.")

  enum Subset: String, ExpressibleByArgument, CaseIterable { case train, test }

  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @Option(help: "Take it from the training or the test images.") var subset = Subset.test
  @Option(.from(0), help: "Which image, from 0.") var index = 0

  func run() throws {
    try output.check(reading: [])
    let loaded = try data.load()
    let sets = loaded.inTheirOwnOrder
    let images = subset == .train ? sets.train : try loaded.testImages(sets, other: "train")
    guard images.labels.indices.contains(index) else {
      throw Failure.usage(
        "--index \(index) is past the end: '\(subset.rawValue)' has \(images.count) images, from 0 to \(images.count - 1)"
      )
    }
    guard images.channels == 1 || images.channels == 3 else {
      throw Failure("images of \(images.channels) channels have no PNG form here")
    }
    let image = Image(
      width: images.width, height: images.height, channels: images.channels, pixels: Array(images.image(index)))
    try OutputFile.write(try PNGEncoder.encode(image), to: output.output, force: output.force)
    let label = images.isLabelled ? ", label \(images.classNames[Int(images.labels[index])])" : ""
    try Console.print("\(outputName(output.output)): image \(index)\(printable(label.utf8))")
  }
}
