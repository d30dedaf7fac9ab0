import CSwiftletPlatform
import SwiftletBytes
import SwiftletFormat
import SwiftletImages
import SwiftletModel
import SwiftletPredict
import SwiftletRuntime

/// The steps of one run.
enum Program {
  static let modelLimit = 1 << 28
  static let inputLimit = 1 << 30

  static func run(_ options: Options, to output: inout Output) throws(Failure) {
    guard let path = options.model else { return }
    let chosen = try kernels(options)
    let model = try readModel(path, options)
    if options.isVerifying { try verify(model, path: path, kernels: chosen, options: options, to: &output) }
    guard let first = options.inputs.first else { return }
    guard model.isQuantized else { throw Failure(path, PrepareError(.floatModel), model: model) }
    guard model.inputs.count == 1, model.outputs.count == 1 else {
      throw Failure(
        path, "the model has several inputs or outputs; swiftlet-run gives it one image and reads one output")
    }
    // Read before the model is prepared: scratch for a batch is made only where there are several images.
    let shape = model.values[model.inputs[0]].shape
    var decoded = try readInput(first, options, shape: shape)
    let prepared = try prepare(
      model, path: path, options, kernels: chosen, maxBatch: decoded.count == 1 ? 1 : Predictor.batch,
      runsOnce: decoded.count == 1 && options.inputs.count == 1)
    let predictor: Predictor
    do throws(PredictError) {
      predictor = try Predictor(prepared, top: options.top, threads: options.threads)
    } catch { throw Failure(path) { text in error.write(to: &text) } }
    for (index, input) in options.inputs.enumerated() {
      if index > 0 { decoded = try readInput(input, options, shape: shape) }
      try predict(decoded, predictor, name: input, options: options, to: &output)
    }
  }

  /// Runs every image of `decoded` and writes a line for each.
  private static func predict(
    _ decoded: DecodedInput, _ predictor: Predictor, name: UnsafePointer<CChar>, options: Options,
    to output: inout Output
  ) throws(Failure) {
    let name = cStringBytes(name)
    for first in stride(from: 0, to: decoded.count, by: Predictor.batch) {
      let count = min(Predictor.batch, decoded.count - first)
      let size = predictor.sampleSize
      let pixels = decoded.pixels.span.extracting(first * size..<(first + count) * size)
      let scores = predictor.scores(pixels, count: count)
      for image in 0..<count {
        let ranked = predictor.ranked(scores, sample: image)
        if options.isJSON {
          output.text.write(jsonOf: ranked, of: predictor.classes, name: name, index: first + image)
        } else {
          output.text.write(
            prediction: ranked, of: predictor.classes, name: options.inputs.count > 1 ? name : nil,
            index: decoded.count > 1 ? first + image : nil)
        }
        try output.endLine()
      }
    }
  }

  /// The compressed bytes are freed before the model is prepared.
  private static func readModel(_ path: UnsafePointer<CChar>, _ options: Options) throws(Failure) -> Model {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes =
        isStandardInput(path)
        ? try FileBytes.readStandardInput(limit: modelLimit) : try FileBytes.read(path, limit: modelLimit)
    } catch { throw Failure(path, error) }
    // About what decoded and packed weights take, and the coder's contexts.
    swl_expect_memory(min(max(8 * bytes.count, 256 << 10), 768 << 10))
    do throws(ModelFormatError) {
      return try ModelReader.read(bytes, limits: options.areLimitsLifted ? .lifted : nil)
    } catch { throw Failure(path, error) }
  }

  private static func readInput(
    _ path: UnsafePointer<CChar>, _ options: Options, shape: Shape
  ) throws(Failure) -> DecodedInput {
    let isStandard = isStandardInput(path)
    let bytes: [UInt8]
    do throws(FileError) {
      bytes =
        isStandard
        ? try FileBytes.readStandardInput(limit: inputLimit) : try FileBytes.read(path, limit: inputLimit)
    } catch { throw Failure(path, error) }
    do throws(ImageError) {
      return try InputDecoder.decode(
        bytes, height: shape.height, width: shape.width, channels: shape.channels,
        name: InputName(isStandard ? nil : path), decodeLimit: options.areLimitsLifted ? .lifted : nil)
    } catch { throw Failure(path, error) }
  }

  /// The table that --kernels or SWIFTLET_KERNELS asks for, or nil where neither does.
  private static func kernels(_ options: Options) throws(Failure) -> KernelTable? {
    guard let name = options.kernels else {
      guard let value = swl_getenv("SWIFTLET_KERNELS"), value[0] != 0 else { return nil }
      guard let table = KernelTable.selected else {
        throw Failure(nil) { text in
          text.write(text: "SWIFTLET_KERNELS is ")
          text.write(printable: value)
          text.write(text: ": this CPU and build have only ")
          text.writeKernelNames()
        }
      }
      return table
    }
    let bytes = cStringBytes(name)
    guard let table = KernelTable.named(bytes.span) else {
      throw Failure(nil) { text in
        text.write(text: "--kernels ")
        text.write(printable: name)
        text.write(text: ": this CPU and build have only ")
        text.writeKernelNames()
      }
    }
    return table
  }

  private static func prepare(
    _ model: Model, path: UnsafePointer<CChar>, _ options: Options, kernels: KernelTable?, maxBatch: Int = 1,
    runsOnce: Bool = false
  ) throws(Failure) -> PreparedModel {
    do throws(PrepareError) {
      return try PreparedModel(
        model, maxBatch: maxBatch, kernels: kernels, runsOnce: runsOnce,
        memoryLimit: options.areLimitsLifted ? PreparedModel.liftedMemoryLimit : nil)
    } catch { throw Failure(path, error, model: model) }
  }

  /// Runs the file's self-test with the kernels asked for, or with all that this CPU has.
  private static func verify(
    _ model: Model, path: UnsafePointer<CChar>, kernels: KernelTable?, options: Options, to output: inout Output
  ) throws(Failure) {
    // A float model carries no self-test; say what it is rather than what it lacks.
    guard model.isQuantized else { throw Failure(path, PrepareError(.floatModel), model: model) }
    guard let test = model.metadata.selfTest else {
      throw Failure(path, "the file has no self-test; `swiftlet quantize` and `swiftlet compress` write one")
    }
    let tables: [KernelTable]
    if let kernels { tables = [kernels] } else { tables = KernelTable.supported }
    for table in tables {
      let prepared = try prepare(model, path: path, options, kernels: table)
      let hash = SelfTest.outputHash(of: prepared, seed: test.seed, sampleCount: test.sampleCount)
      let isMatch = hash == test.outputHash
      writeVerdict(isMatch, hash: hash, test: test, table: table, isJSON: options.isJSON, to: &output.text)
      try output.endLine()
      if !isMatch {
        try output.flush()
        throw Failure(path) { text in
          text.write(text: "the outputs with the ")
          text.write(text: table.name)
          text.write(text: " kernels are not those the file was written with (expected hash ")
          text.writeHex(test.outputHash)
          text.write(text: "); do not use it on this machine, and report this")
        }
      }
    }
  }

  private static func writeVerdict(
    _ isMatch: Bool, hash: UInt64, test: SelfTest, table: KernelTable, isJSON: Bool, to text: inout ByteWriter
  ) {
    if isJSON {
      text.write(text: "{\"kernels\": \"")
      text.write(text: table.name)
      text.write(text: "\", \"samples\": ", test.sampleCount, ", \"hash\": \"")
      text.writeHex(hash)
      text.write(text: isMatch ? "\", \"verified\": true}" : "\", \"verified\": false}")
    } else {
      text.write(text: isMatch ? "verified " : "MISMATCH ")
      text.write(text: table.name)
      text.write(text: ": ", test.sampleCount, " samples, hash ")
      text.writeHex(hash)
    }
  }
}
