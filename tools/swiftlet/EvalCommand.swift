import ArgumentParser
import SwiftletBenchmark
import SwiftletCompression
import SwiftletData
import SwiftletEvaluation
import SwiftletModel
import SwiftletReport
import SwiftletRuntime

struct Eval: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measures accuracy on labelled images, of float and int8 models.",
    discussion: """
      Several models are compared side by side with --summary. Of a model that gives back its input (an autoencoder) the \
      mean squared error is measured, pixels from 0 to 1, and the explained variance, 100 (1 - error / variance of the \
      images); labels are not needed. 'float32 ratio' is how many times a model's own weights, four bytes each, are \
      larger than its file.
      """)

  enum Subset: String, ExpressibleByArgument, CaseIterable { case test, validation }

  @Argument(help: "The model files.") var models: [String]
  @OptionGroup var data: DataOptions
  @Option(help: "Score the test images, or the validation images that training held out.") var subset = Subset.test
  @Flag(help: "Print a table with accuracy, bytes and microseconds per image.") var summary = false
  @Flag(help: "Print JSON: accuracy, correct and images; or mean_squared_error, explained_variance and images.")
  var json = false
  @OptionGroup var threads: ThreadOptions

  private struct Report: Encodable {
    var model: String
    var accuracy: Double
    var correct, images: Int
    var confusion: [[Int]]
  }

  private struct ReconstructionReport: Encodable {
    var model: String
    var mean_squared_error, explained_variance: Double
    var images: Int
  }

  func run() throws {
    try CommandFiles(inputs: models, outputs: []).check()
    let loaded = try data.load()
    var rows: [[String]] = []
    var kinds: Set<String> = []
    for path in models {
      let file = try ModelFile(path)
      let sets = try loaded.fitted(to: file)
      let images =
        subset == .test ? try loaded.testImages(sets, other: "validation") : try file.heldOut(of: sets.train).validation
      let result: Evaluation
      do {
        result = try Evaluation.of(
          file.model, on: images, threads: threads.count, memoryLimit: LimitOptions.running)
      } catch {
        throw Failure("\(file.name): \(error)")
      }
      if json, let reconstruction = result.reconstruction {
        try Console.printJSON(
          ReconstructionReport(
            model: path, mean_squared_error: reconstruction.meanSquaredError,
            explained_variance: reconstruction.explainedVariance, images: result.imageCount))
      } else if json {
        try Console.printJSON(
          Report(
            model: path, accuracy: result.accuracy, correct: result.correctCount, images: result.imageCount,
            confusion: result.confusion))
      } else if summary {
        kinds.insert(result.qualityName)
        rows.append([
          file.name, result.quality.fixed(2) + "%", file.byteCount.grouped,
          float32Ratio(parameters: file.model.parameterCount, fileBytes: file.byteCount).fixed(1), try speed(file),
        ])
      } else if let reconstruction = result.reconstruction {
        try Console.print(
          "\(file.name): mean squared error \(reconstruction.meanSquaredError.fixed(5)), explained variance "
            + "\(result.quality.fixed(2))% (\(result.imageCount.grouped) \(subset.rawValue) images)")
      } else {
        try Console.print(
          "\(file.name): \(percent(result.correctCount, result.imageCount)) "
            + "(\(result.correctCount.grouped) of \(result.imageCount.grouped) \(subset.rawValue) images)")
        try Console.print(Self.table(result))
      }
    }
    if summary && !json {
      let quality = kinds.count == 1 ? kinds.first ?? "" : "quality"
      try Console.print(textTable([["model", quality, "file bytes", "float32 ratio", "us per image"]] + rows))
    }
  }

  private func speed(_ file: ModelFile) throws -> String {
    guard file.model.isQuantized else { return "-" }
    do {
      let prepared = try PreparedModel(file.model, memoryLimit: LimitOptions.running)
      return Measurement.calls(of: prepared, batch: 1, threads: 1).medianMicroseconds.fixed(1)
    } catch { throw Failure("\(file.name): \(Failure.describe(error))") }
  }

  private static func table(_ result: Evaluation) -> String {
    let header = ["actual \\ predicted"] + result.classNames
    let rows = zip(result.classNames, result.confusion).map { name, counts in
      [name] + counts.map { $0 == 0 ? "." : $0.grouped }
    }
    return textTable([header] + rows)
  }
}

extension Evaluation {
  /// "accuracy 99.10%" or "explained variance 91.20%".
  var qualityText: String { "\(qualityName) \(quality.fixed(2))%" }
  var qualityName: String { reconstruction == nil ? "accuracy" : "explained variance" }
}
