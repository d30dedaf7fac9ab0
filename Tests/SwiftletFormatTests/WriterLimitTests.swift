import SwiftletFormat
import SwiftletModel
import Testing

/// What is written can be read: the writer refuses whatever a reader's caps would.
@Suite struct WriterLimitTests {
  private func isWritten(_ model: Model, _ caps: ReadLimits, _ packing: Packing) -> Bool {
    (try? ModelWriter.write(model, packing: packing, caps: caps)) != nil
  }

  /// `caps` around what `model` has of each.
  private func caps(around model: Model) throws -> [ReadLimits] {
    let parameters = model.parameterCount
    let activations = model.values.reduce(0) { $0 + $1.shape.count }
    let content = try ModelReader.readDetailed(ModelWriter.write(model, packing: .plain).bytes).header.contentByteCount
    func lifted(_ change: (inout ReadLimits) -> Void) -> ReadLimits {
      var limits = ReadLimits.lifted
      change(&limits)
      return limits
    }
    return [-1, 0].flatMap { difference in
      [
        lifted { $0.parameters = parameters + difference }, lifted { $0.activations = activations + difference },
        lifted { $0.contentBytes = content + difference },
      ]
    }
  }

  @Test(arguments: RoundTripTests.models.indices) func theWriterRefusesWhatTheReaderWould(_ index: Int) throws {
    let model = RoundTripTests.models[index].model
    var refused = 0
    for packing in [Packing.plain, .smallest] {
      let bytes = try ModelWriter.write(model, packing: packing).bytes
      for caps in try caps(around: model) {
        let isWritten = isWritten(model, caps, packing)
        if isWritten {
          let written = try ModelWriter.write(model, packing: packing, caps: caps).bytes
          #expect(try ModelReader.read(written, limits: caps) == model)
        } else {
          #expect(throws: ModelFormatError.self) { try ModelReader.read(bytes, limits: caps) }
          refused += 1
        }
      }
    }
    #expect(refused >= 4)
  }

  @Test func theFormatsOwnCapsHold() throws {
    // 2^26 elements of input, and as many of output.
    var builder = ModelBuilder(input: Shape(height: 1 << 13, width: 1 << 13, channels: 1))
    try builder.add(.activation(.relu))
    let wide = try builder.build()
    let error = #expect(throws: ModelFormatError.self) { try ModelWriter.write(wide) }
    #expect(
      error?.reason == .notWritable(GraphError(.tooMany(.activations, count: 1 << 27, limit: 1 << 26))))
  }

  @Test func aGraphWithoutNodesIsNoModel() throws {
    let empty = Model(values: [Value(shape: Shape(vector: 3))], nodes: [], inputs: [0], outputs: [0])
    #expect(throws: GraphError(.noNodes)) { try empty.validate() }
    #expect(throws: ModelFormatError.self) { try ModelWriter.write(empty) }
  }

  @Test func aNodeReadsAsManyValuesAsAReaderTakes() throws {
    for count in [64, 65] {
      var builder = ModelBuilder(input: Shape(vector: 2))
      let inputs = [Int](repeating: 0, count: count)
      guard count == 64 else {
        #expect(throws: GraphError(.shape(.inputCount(expected: 64, actual: 65)), node: 0)) {
          try builder.add(.concat(Concat()), inputs: inputs)
        }
        continue
      }
      try builder.add(.concat(Concat()), inputs: inputs)
      let model = try builder.build()
      #expect(try ModelReader.read(ModelWriter.write(model).bytes) == model)
    }
  }

  @Test func aGraphHandsOutAsManyValuesAsAReaderTakes() throws {
    var builder = ModelBuilder(input: Shape(vector: 2))
    var outputs: [Int] = []
    for _ in 0..<65 { outputs.append(try builder.add(.activation(.relu))) }
    let most = try builder.build(outputs: Array(outputs.dropFirst()))
    #expect(try ModelReader.read(ModelWriter.write(most).bytes) == most)
    #expect(throws: GraphError(.overLimit)) { try builder.build(outputs: outputs) }
  }

  @Test func metadataThatNoReaderTakesIsNotWritten() throws {
    let bad = [
      Normalization(mean: [0, 0], standardDeviation: [1, 1]), Normalization(mean: [.nan], standardDeviation: [1]),
      Normalization(mean: [0], standardDeviation: [0]),
    ]
    for normalization in bad {
      var builder = ModelBuilder(input: Shape(vector: 1))
      try builder.add(.dense(Dense(units: 1)))
      var model = try builder.build()
      model.metadata.normalization = normalization
      #expect(throws: ModelFormatError.self) { try ModelWriter.write(model) }
    }
    var quantized = SampleModels.dense
    let channels = quantized.values[0].shape.channels
    quantized.metadata.normalization = Normalization(
      mean: [Float](repeating: 0, count: channels), standardDeviation: [Float](repeating: 1, count: channels))
    #expect(throws: ModelFormatError.self) { try ModelWriter.write(quantized) }
  }
}
