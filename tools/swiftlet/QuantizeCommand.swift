import ArgumentParser
import SwiftletCompression
import SwiftletEvaluation
import SwiftletModel
import SwiftletReport
import SwiftletRuntime

struct Quantize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize", abstract: "Converts a float model to int8 by observing activations on training images.")

  enum RoundingOption: String, ExpressibleByArgument, CaseIterable { case nearest, compensated }
  enum ScaleOption: String, ExpressibleByArgument, CaseIterable { case exact, halfPower = "half-power" }

  @Argument(help: "The float model.") var model: String
  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var packing: PackingOptions
  @Option(help: "How activation ranges are chosen: mse, min-max, kl, or a percentile such as 99.99.")
  var ranges = "mse"
  @Option(help: "Weight scales: exact, or half-power (2^(k/2), about four bytes per channel smaller).")
  var scales = ScaleOption.exact
  @Option(.from(1, to: 127), help: "Integer levels on each side of 0 for weights; 127 is all of int8, 7 fits 4 bits.")
  var levels = 127
  @Option(
    .from(2, to: 255),
    help: ArgumentHelp(
      "Different integers at most in a layer's weights, chosen by k-means: 16 are a codebook of 4 bits.",
      valueName: "count"))
  var codebook: Int?
  @Option(help: "How weights round: nearest, or compensated (later weights make up for the errors of earlier ones).")
  var rounding = RoundingOption.nearest
  @Flag(help: "Take the mean error of rounded weights out of the biases.") var biasCorrection = false
  @Flag(help: "Even out the ranges of weights between layers first (cross-layer equalization).") var equalize = false
  @Option(.from(1), help: "Training images observed.") var calibrationCount = 1024
  @OptionGroup var threads: ThreadOptions

  func validate() throws { _ = try method() }

  private func method() throws -> RangeMethod {
    switch ranges {
    case "mse": return .mse
    case "min-max": return .minMax
    case "kl": return .divergence
    default:
      guard let percent = Double(decimal: ranges), (50...100).contains(percent) else {
        throw ValidationError("--ranges must be mse, min-max, kl, or a percentile from 50 to 100; got '\(ranges)'.")
      }
      return .percentile(percent)
    }
  }

  func run() throws {
    try output.check(reading: [model])
    let source = try ModelFile.float(model, for: "quantize")
    let images = try data.load(for: source).train
    // Calibration keeps off the validation images where the model says which they are.
    let heldCount = source.model.metadata.provenance?.split?.validationCount ?? 0
    let held = heldCount > 0 ? try source.heldOut(of: images) : nil
    let form: ScaleForm = scales == .exact ? .exact : .halfPower
    let options = QuantizationOptions(
      ranges: try method(), weightScales: form, weightLevels: levels, codebookSize: codebook,
      searchesWeightScales: levels < 32, rounding: rounding == .compensated ? .compensated : .nearest,
      correctsBias: biasCorrection,
      equalizesLayers: equalize)
    var quantized = try Failure.naming(source.name) {
      var quantized = try source.model.quantized(
        calibratingOn: held?.training ?? images, count: calibrationCount, options: options, threads: threads.count)
      quantized.metadata.selfTest = SelfTest(of: try PreparedModel(quantized))
      return quantized
    }
    var accuracy = ""
    quantized.metadata.provenance?.accuracies = []
    if let held {
      let (score, before) = try Failure.naming(source.name) {
        (
          try Evaluation.of(quantized, on: held.validation, threads: threads.count),
          try Evaluation.of(source.model, on: held.validation, threads: threads.count)
        )
      }
      quantized.metadata.provenance?.accuracies = score.provenance(.validation)
      accuracy = ", validation \(score.qualityText) (float \(before.quality.fixed(2))%)"
    }
    let note = source.model.metadata.provenance.map { String(decoding: $0.note, as: UTF8.self) } ?? ""
    quantized.metadata.provenance?.note = Array(
      "\(note); quantize --ranges \(ranges) --scales \(scales.rawValue) --levels \(levels)"
        .appending(codebook.map { " --codebook \($0)" } ?? "")
        .appending(" --rounding \(rounding.rawValue)\(biasCorrection ? " --bias-correction" : "")")
        .appending("\(equalize ? " --equalize" : "") --calibration-count \(calibrationCount)").utf8)
    let written = try OutputFile.write(quantized, to: output.output, packing: packing.packing, force: output.force)
    try Console.print("\(outputName(output.output)): \(written.bytes.count.grouped) bytes\(accuracy)")
  }
}
