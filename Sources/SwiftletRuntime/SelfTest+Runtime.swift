public import SwiftletModel

extension SelfTest {
  /// The hash a prepared model's outputs have on the golden inputs of `seed`; what a writer stores.
  ///
  /// Allocates room for one sample.
  public static func outputHash(of model: PreparedModel, seed: UInt64, sampleCount: Int) -> UInt64 {
    let session = Session(model)
    var golden = GoldenInput(seed: seed)
    var hash = OutputHash()
    let inputs = model.inputs.map { UnsafeMutablePointer<UInt8>.allocate(capacity: $0.byteCount) }
    let outputs = model.outputs.map {
      UnsafeMutableRawPointer.allocate(byteCount: $0.byteCount, alignment: 16)
    }
    let sources = inputs.map { UnsafePointer($0) }
    for _ in 0..<sampleCount {
      for (input, end) in zip(inputs, model.inputs) {
        for i in 0..<end.byteCount { (input + i).initialize(to: golden.nextByte()) }
      }
      session.run(inputs: sources.span, outputs: outputs.span)
      for (output, end) in zip(outputs, model.outputs) {
        if end.element == .int32 {
          let values = output.assumingMemoryBound(to: Int32.self)
          for i in 0..<end.byteCount / 4 { hash.add(values[i]) }
        } else {
          let values = output.assumingMemoryBound(to: UInt8.self)
          for i in 0..<end.byteCount { hash.add(values[i]) }
        }
      }
    }
    for input in inputs { input.deallocate() }
    for output in outputs { output.deallocate() }
    return hash.value
  }

  /// The self-test of a prepared model.
  public init(of model: PreparedModel, seed: UInt64 = 0, sampleCount: Int = 16) {
    self.init(
      seed: seed, sampleCount: sampleCount,
      outputHash: SelfTest.outputHash(of: model, seed: seed, sampleCount: sampleCount))
  }

  /// Whether this CPU, with the kernels `model` was prepared for, gives the outputs this self-test was written with.
  public func verify(_ model: PreparedModel) -> Bool {
    SelfTest.outputHash(of: model, seed: seed, sampleCount: sampleCount) == outputHash
  }
}
