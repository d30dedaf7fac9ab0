import SwiftletModel
import SwiftletRuntime

/// Builds quantized models with random parameters, node by node.
struct TestNetwork {
  var model = Model(values: [], nodes: [], inputs: [], outputs: [])
  var random: SplitMix64
  /// Draws weights from -127 and 127 alone rather than from the whole range.
  var hasExtremeWeights = false

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  static func scale(_ value: Double) -> Scale {
    guard let scale = Scale(value) else { preconditionFailure("\(value) is no scale") }
    return scale
  }

  mutating func input(_ shape: Shape, scale: Double = 1.0 / 255, zeroPoint: Int = 0) -> Int {
    let quantization = Quantization(scale: Self.scale(scale), zeroPoint: zeroPoint)
    model.values.append(Value(shape: shape, element: .uint8, quantization: quantization))
    model.inputs.append(model.values.count - 1)
    return model.values.count - 1
  }

  /// A node whose output keeps the first input's quantization unless one is given.
  mutating func add(
    _ op: Operator, _ inputs: [Int], element: ElementType = .uint8, quantization: Quantization? = nil
  ) throws -> Int {
    let shape = try op.outputShape(for: inputs.map { model.values[$0].shape })
    let result = quantization ?? model.values[inputs[0]].quantization
    model.values.append(Value(shape: shape, element: element, quantization: result))
    let parameters = op.parameterSpecs(for: model.values[inputs[0]].shape).map { parameter($0) }
    model.nodes.append(
      Node(op: op, inputs: inputs, output: model.values.count - 1, parameters: parameters))
    return model.values.count - 1
  }

  /// A convolution or dense layer whose outputs spread over the u8 range, or over many bits where they are s32.
  mutating func weighted(
    _ op: Operator, _ input: Int, element: ElementType = .uint8, spread: Double = 25
  ) throws -> Int {
    let output = try add(op, [input], element: element)
    guard let from = model.values[input].quantization else { preconditionFailure("inputs are quantized") }
    let weights = model.nodes[model.nodes.count - 1].parameters[0]
    let perFilter = Double(weights.count / weights.shape[0])
    let deviation = perFilter.squareRoot() * 73 * 150
    let scale = from.scale.doubleValue * weights.scales[0].doubleValue * deviation / spread
    model.values[output].quantization = Quantization(
      scale: Self.scale(scale), zeroPoint: element == .int32 ? 0 : 80 + Int(random.next() % 96))
    return output
  }

  private mutating func parameter(_ spec: ParameterSpec) -> Tensor {
    switch spec.role {
    case .weights:
      let values = (0..<spec.count).map { _ in
        hasExtremeWeights ? (random.next() & 1 == 0 ? Int8(127) : -127) : Int8(Int(random.next() % 255) - 127)
      }
      // Scales differ by up to a factor of four, as per-channel scales do.
      let scales = (0..<spec.shape[0]).map { _ in Self.scale(0.002 * (1 + 3 * Double(random.nextUnit()))) }
      return Tensor(shape: spec.shape, storage: .int8(values), scales: scales)
    case .bias, .gamma, .beta, .runningMean, .runningVariance:
      return Tensor(
        shape: spec.shape, storage: .int32((0..<spec.count).map { _ in Int32(random.next() % 40001) - 20000 }))
    }
  }

  func build(_ outputs: [Int]) throws -> Model {
    var result = model
    result.outputs = outputs
    try result.validate()
    return result
  }
}

extension Model {
  /// Random images; every 401st byte is 255.
  func randomInput(batch: Int, seed: UInt64, input: Int = 0) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return (0..<batch * values[inputs[input]].shape.count).map { i in
      i % 401 == 0 ? 255 : UInt8(truncatingIfNeeded: random.next())
    }
  }

  /// The outputs of every image, u8 widened, one array per output of the graph.
  func outputs(
    _ kernels: KernelTable, _ images: [[UInt8]], batch: Int, maxBatch: Int = 1, threads: Int = 1
  ) throws -> [[Int32]] {
    let prepared = try PreparedModel(self, maxBatch: maxBatch, kernels: kernels)
    let session = Session(prepared, threads: threads)
    var results: [UnsafeMutableRawPointer] = []
    for output in outputs {
      let count = values[output].shape.count * values[output].element.byteCount * batch
      results.append(.allocate(byteCount: count, alignment: 16))
      results.last?.initializeMemory(as: UInt8.self, repeating: 0xA5, count: count)
    }
    defer { for result in results { result.deallocate() } }
    let pointers = images.map { image in
      let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: image.count)
      copy.initialize(from: image, count: image.count)
      return UnsafePointer(copy)
    }
    defer { for pointer in pointers { pointer.deallocate() } }
    session.run(inputs: pointers.span, batch: batch, outputs: results.span)
    return zip(outputs, results).map { output, result in
      let count = values[output].shape.count * batch
      return values[output].element == .int32
        ? Array(UnsafeBufferPointer(start: result.assumingMemoryBound(to: Int32.self), count: count))
        : UnsafeBufferPointer(start: result.assumingMemoryBound(to: UInt8.self), count: count).map { Int32($0) }
    }
  }

  func output(_ kernels: KernelTable, _ image: [UInt8], batch: Int = 1, maxBatch: Int = 1) throws -> [Int32] {
    try outputs(kernels, [image], batch: batch, maxBatch: maxBatch)[0]
  }
}

/// The tables under test, by name; tests run each against the plain Swift kernels.
enum Tables {
  static var names: [String] {
    KernelTable.supported.filter { !$0.isReference }.map { "\($0.name)" }
  }

  static func table(_ name: String) -> KernelTable {
    guard let table = KernelTable.named(Array(name.utf8).span) else { preconditionFailure("no table \(name)") }
    return table
  }
}

extension SlidingWindow {
  init(_ kernel: Int, stride: Int = 1, dilation: Int = 1, padding: Padding = .valid, roundsUp: Bool = false) {
    self.init(
      kernel: Size2D(kernel), stride: Size2D(stride), dilation: Size2D(dilation), padding: padding, roundsUp: roundsUp)
  }
}
